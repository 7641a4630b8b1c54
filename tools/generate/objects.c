/* The objects of the MIB as series: see objects.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

#define N(array) (sizeof(array) / sizeof(array)[0])

const struct recent host_recent[] = {
    { 101, "bounced" }, { 102, "deferred" }, { 103, "rejected" },
    { 104, "spam" },    { 105, "virus" },    { 106, "authFailed" },
};
const size_t host_recent_n = N(host_recent);

const char *const queue_names[] = { "maildrop", "hold", "incoming", "active", "deferred", "all" };
const size_t queue_names_n = N(queue_names);

const char *const delay_bounds[] = { "1", "5", "15", "60", "300", "900", "3600", "14400", "86400", "+Inf" };
const size_t delay_bounds_n = N(delay_bounds);

/* Of a table with columns of its own, and of the agent's scalars. */
struct column {
    int number;
    const char *name;
    bool counter;
    const char *unit, *help;
};

static const struct column agent[] = {
    { 4, "Status", false, "status", "1 ok, 2 catching up with lines that wait, 3 degraded" },
    { 6, "LinesRead", true, "lines", "Lines read from all sources" },
    { 7, "LinesRecognised", true, "lines", "Lines of known mail programs that were understood" },
    { 8, "LinesIgnored", true, "lines", "Lines of other programs and of hosts that are not to be counted" },
    { 9, "LinesUnrecognised", true, "lines", "Lines of known mail programs that no rule understands" },
    { 11, "LastEventAge", false, "seconds", "How long ago the newest event happened" },
    { 12, "BacklogOctets", false, "octets", "Octets of all sources that have not been read yet" },
    { 13, "StateSaveFailures", true, "attempts", "How often positions and counters could not be saved" },
    { 14, "LinesOverlong", true, "lines", "Lines that were skipped because they are longer than 64 KiB" },
    { 15, "HostsOverCap", true, "lookups", "How often a host got no row of its own because the table was full" },
    { 16, "ZonesOverCap", true, "lookups", "How often a zone got no row of its own because the table was full" },
    { 17, "MessagesFollowed", false, "messages", "Messages whose further lines are being waited for" },
    { 18, "MessagesForgotten", true, "messages", "Messages that were given up because too many were followed" },
};
static const struct column recent[] = {
    { 3, "Last1Minute", false, "events", "Events of the last minute, by the time in the log" },
    { 4, "Last5Minutes", false, "events", "Events of the last 5 minutes, by the time in the log" },
    { 5, "Last15Minutes", false, "events", "Events of the last 15 minutes, by the time in the log" },
    { 6, "Last60Minutes", false, "events", "Events of the last 60 minutes, by the time in the log" },
};
static const struct column reject[] = {
    { 2, "Permanent", true, "refusals", "Refusals for good, by reason" },
    { 3, "Temporary", true, "refusals", "Refusals for now, by reason" },
    { 4, "Warned", true, "refusals", "Refusals that were only warned about, by reason" },
};
static const struct column deferral[] = {
    { 2, "Attempts", true, "attempts", "Delivery attempts that failed for now, by reason" },
};
static const struct column zone[] = {
    { 2, "Permanent", true, "refusals", "Refusals for good, by the zone of the DNS blocklist" },
    { 3, "Temporary", true, "refusals", "Refusals for now, by the zone of the DNS blocklist" },
    { 4, "Warned", true, "refusals", "Refusals that were only warned about, by the zone of the DNS blocklist" },
};
static const struct column source[] = {
    { 3, "Type", false, "type", "1 file, 2 journal, 3 directory, 4 standard input, 5 FIFO" },
    { 4, "State", false, "state", "1 ok, 2 catching up, 3 missing, 4 unreadable, 5 failed" },
    { 5, "Lines", true, "lines", "Lines read since the daemon's start" },
    { 6, "Octets", true, "octets", "Octets read since the daemon's start" },
    { 7, "BehindOctets", false, "octets", "Octets that have not been read yet" },
    { 8, "Age", false, "seconds", "How long ago octets last came" },
    { 9, "Rotations", true, "rotations", "How often the file was renamed or truncated" },
    { 10, "Errors", true, "errors", "How often reading failed" },
};
static const struct column queue[] = {
    { 3, "Messages", false, "messages", "Messages in the queue" },
    { 4, "Octets", false, "octets", "Size of the messages in the queue" },
    { 5, "OldestAge", false, "seconds", "Age of the oldest message in the queue" },
};
static const struct column delay[] = {
    { 3, "Recipients", true, "recipients", "Recipients sent or delivered within so many seconds; cumulative" },
};

static const struct table {
    const char *prefix, *oid;
    enum row_key key;
    const struct column *columns;
    size_t n;
} before_totals = { "Agent", "1.1", KEY_NONE, agent, N(agent) }, after_hosts[] = {
    { "Recent", "1.4.1", KEY_COUNTER, recent, N(recent) },
    { "Reject", "1.5.1", KEY_REFUSAL, reject, N(reject) },
    { "Deferral", "1.6.1", KEY_DEFERRAL, deferral, N(deferral) },
    { "Zone", "1.7.1", KEY_ZONE, zone, N(zone) },
    { "Source", "1.8.1", KEY_SOURCE, source, N(source) },
    { "Queue", "1.9.1", KEY_QUEUE, queue, N(queue) },
    { "Delay", "1.10.1", KEY_DELAY, delay, N(delay) },
};

struct visitor {
    void (*visit)(const struct object *object, void *context);
    void *context;
};

static void visit_one(const struct visitor *visitor, const struct table *table, const struct column *column)
{
    struct object object = {
        .key = table->key, .counter = column->counter, .unit = column->unit, .help = column->help
    };

    object_name(object.name, sizeof object.name, table->prefix, column->name);
    snprintf(object.oid, sizeof object.oid, "%s.%d", table->oid, column->number);
    visitor->visit(&object, visitor->context);
}

static void visit_table(const struct visitor *visitor, const struct table *table)
{
    for (size_t i = 0; i < table->n; i++)
        visit_one(visitor, table, &table->columns[i]);
}

/* first: the number of counter 1, less one. */
static void visit_counters(const struct visitor *visitor, const struct table *table, int first)
{
    for (size_t i = 0; i < counters_n; i++)
        visit_one(visitor, table,
                  &(struct column){ first + counters[i].number, counters[i].name, true, counters[i].unit,
                                    counters[i].meaning });
}

void each_object(void (*visit)(const struct object *object, void *context), void *context)
{
    const struct visitor visitor = { visit, context };
    const struct table totals = { "", "1.2", KEY_NONE, NULL, 0 };
    const struct table hosts = { "Host", "1.3.1", KEY_HOST, NULL, 0 };
    const struct table hosts_recent = { "HostRecent", "1.3.1", KEY_HOST, NULL, 0 };

    visit_table(&visitor, &before_totals);
    visit_counters(&visitor, &totals, 0);
    visit_one(
        &visitor, &hosts,
        &(struct column){ 2, "LastEventAge", false, "seconds", "How long ago the newest event of this host happened" });
    visit_counters(&visitor, &hosts, 10);
    for (size_t i = 0; i < host_recent_n; i++)
        visit_one(&visitor, &hosts_recent,
                  &(struct column){ host_recent[i].column, host_recent[i].name, false, "events",
                                    "Events of this host in the last 15 minutes, by the time in the log" });
    for (size_t i = 0; i < N(after_hosts); i++)
        visit_table(&visitor, &after_hosts[i]);
}

void put_yaml_string(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (iscntrl((unsigned char)*text))
            fail("write a YAML string with", text, "it has a control character");
        if (*text == '\'')
            fputc('\'', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}
