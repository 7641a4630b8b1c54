/* mailtally dnsbl test: which clients of accepted messages are on blocklists now.
 *
 * The messages are read first, then each address is asked for once, then those that are listed are printed in the order
 * in which they came.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "dnsbl.h"
#include "dnsbl_messages.h"
#include "input.h"
#include "output.h"
#include "progress.h"

struct listing {
    struct listing *next; /* of the same address */
    const struct lookup_zone *zone;
    char answer[LOOKUP_ANSWER_OCTETS];
    char text[LOOKUP_TEXT_OCTETS];
};

struct test {
    const struct options *options;
    struct accepted accepted;
    struct lookup *lookup;
    struct listing **listings; /* by address */
    uint64_t listed_addresses, listed_messages;
    struct progress progress;
    struct output *output;
};

static void take_message(void *context, const struct message *m)
{
    struct test *test = context;
    const struct options *options = test->options;

    if ((options->since || options->until) && (m->first < options->since || m->first >= options->until))
        return;
    accepted_add(&test->accepted, m);
}

static void take_listing(void *context, size_t i, const struct lookup_zone *zone, const char *answer, const char *text)
{
    struct test *test = context;
    struct listing **last = &test->listings[i], *listing = calloc(1, sizeof *listing);

    if (!listing) {
        complain("no memory");
        exit(STATUS_ERROR);
    }
    listing->zone = zone;
    snprintf(listing->answer, sizeof listing->answer, "%s", answer);
    snprintf(listing->text, sizeof listing->text, "%s", text);
    while (*last && (*last)->zone < zone) /* answers come in any order; zones are in that of the command line */
        last = &(*last)->next;
    listing->next = *last;
    *last = listing;
}

static void show_progress(void *context, uint64_t asked, uint64_t all)
{
    struct test *test = context;

    if (progress_is_due(&test->progress))
        progress_show(&test->progress, (double)asked / (double)all, "%" PRIu64 " of %" PRIu64 " look-ups", asked, all);
}

/* ---- output ---- */

struct row {
    const struct accepted_message *message;
    const char *client;
    const char *fate, *verdict;
    const char *host, *id, *from, *to, *score;
};

static struct row row_of(const struct test *test, const struct accepted_message *m, const char *client)
{
    const char *texts = test->accepted.texts;

    return (struct row){ .message = m,
                         .client = client,
                         .fate = counter_name(m->fate == COUNTER_NONE ? COUNTER_RECEIVED : m->fate),
                         .verdict = m->verdict == COUNTER_NONE ? "" : counter_name(m->verdict),
                         .host = texts + m->host,
                         .id = texts + m->id,
                         .from = texts + m->from,
                         .to = texts + m->to,
                         .score = texts + m->score };
}

static void put_text_message(const struct test *test, const struct row *row)
{
    struct output *output = test->output;

    output_literal(output, "  ");
    output_time_local(output, row->message->time);
    output_literal(output, "  ");
    output_string(output, row->host);
    output_literal(output, "  ");
    output_string(output, *row->id ? row->id : "-");
    output_print(output, "  %s", row->fate);
    if (*row->verdict)
        output_print(output, " %s", row->verdict);
    if (*row->score) {
        output_char(output, ' ');
        output_string(output, row->score);
    }
    output_literal(output, "  from ");
    output_string(output, !row->message->has_from ? "(unknown)" : *row->from ? row->from : "<>");
    output_literal(output, " to ");
    output_string(output, row->message->has_to ? row->to : "(unknown)");
    if (row->message->recipients_n > 1)
        output_print(output, " and %" PRIu32 " more", row->message->recipients_n - 1);
    output_char(output, '\n');
}

static void put_text_address(const struct test *test, const char *client, const struct listing *listings)
{
    struct output *output = test->output;

    output_string(output, client);
    output_char(output, '\n');
    for (const struct listing *l = listings; l; l = l->next) {
        output_literal(output, "  ");
        output_colour(output, COLOUR_BAD);
        output_print(output, "listed by %s: %s", l->zone->name, l->answer);
        output_colour(output, COLOUR_NONE);
        if (l->text[0]) {
            output_literal(output, "  ");
            output_string(output, l->text);
        }
        output_char(output, '\n');
    }
}

static const char tsv_header[] =
    "time\thost\tqueue_id\tclient\tzone\tanswer\ttext\tdisposition\tverdict\tscore\tfrom\tto\trecipients\n";

static void put_cell(struct output *output, const char *text, const char *if_empty)
{
    output_char(output, '\t');
    output_string(output, *text ? text : if_empty);
}

static void put_tsv(const struct test *test, const struct row *row, const struct listing *listings)
{
    for (const struct listing *l = listings; l; l = l->next) {
        output_time_utc(test->output, row->message->time);
        put_cell(test->output, row->host, "-");
        put_cell(test->output, row->id, "-");
        put_cell(test->output, row->client, "-");
        put_cell(test->output, l->zone->name, "-");
        put_cell(test->output, l->answer, "-");
        put_cell(test->output, l->text, "-");
        put_cell(test->output, row->fate, "-");
        put_cell(test->output, row->verdict, "-");
        put_cell(test->output, row->score, "-");
        put_cell(test->output, row->from, row->message->has_from ? "<>" : "-");
        put_cell(test->output, row->to, "-");
        output_print(test->output, "\t%" PRIu32 "\n", row->message->recipients_n);
    }
}

static void put_pair(struct output *output, const char *key, const char *value)
{
    output_print(output, "%s:", key);
    output_string(output, value);
}

static void put_json_listings(struct output *output, const struct listing *listings)
{
    output_literal(output, ",\"lists\":[");
    for (const struct listing *l = listings; l; l = l->next) {
        put_pair(output, l == listings ? "{\"zone\"" : ",{\"zone\"", l->zone->name);
        put_pair(output, ",\"answer\"", l->answer);
        put_pair(output, ",\"text\"", l->text);
        output_char(output, '}');
    }
    output_literal(output, "],\"messages\":[");
}

static void put_json_message(struct output *output, const struct row *row, bool is_first)
{
    output_literal(output, is_first ? "\n{\"time\":" : ",\n{\"time\":");
    output_time_utc(output, row->message->time);
    put_pair(output, ",\"host\"", row->host);
    put_pair(output, ",\"queue_id\"", row->id);
    put_pair(output, ",\"disposition\"", row->fate);
    if (*row->verdict)
        put_pair(output, ",\"verdict\"", row->verdict);
    if (*row->score)
        put_pair(output, ",\"score\"", row->score);
    if (row->message->has_from)
        put_pair(output, ",\"from\"", row->from);
    if (row->message->has_to)
        put_pair(output, ",\"to\"", row->to);
    output_print(output, ",\"recipients\":%" PRIu32 "}", row->message->recipients_n);
}

static void put_address(struct test *test, size_t i)
{
    const struct accepted_address *address = &test->accepted.addresses[i];
    enum output_format format = test->options->format;
    struct listing *listings = test->listings[i];
    char client[INET6_ADDRSTRLEN];

    if (!listings)
        return;
    inet_ntop(address->address.is_v6 ? AF_INET6 : AF_INET, address->address.octets, client, sizeof client);
    if (format == FORMAT_JSON) {
        put_pair(test->output, test->listed_addresses ? ",\n{\"client\"" : "\n{\"client\"", client);
        put_json_listings(test->output, listings);
    } else if (format == FORMAT_TEXT) {
        put_text_address(test, client, listings);
    }
    for (uint32_t n = address->first; n; n = test->accepted.messages[n - 1].next) {
        struct row row = row_of(test, &test->accepted.messages[n - 1], client);

        if (format == FORMAT_JSON)
            put_json_message(test->output, &row, n == address->first);
        else if (format == FORMAT_TSV)
            put_tsv(test, &row, listings);
        else
            put_text_message(test, &row);
        test->listed_messages++;
    }
    if (format == FORMAT_JSON)
        output_literal(test->output, "]}");
    test->listed_addresses++;
}

static void put_text_end(const struct test *test)
{
    const struct accepted *a = &test->accepted;
    struct output *output = test->output;

    output_print(output,
                 "%s%zu messages of %zu clients were looked at: %" PRIu64 " clients with %" PRIu64
                 " messages are listed.\n",
                 test->listed_addresses ? "\n" : "", a->messages_n, a->addresses_n, test->listed_addresses,
                 test->listed_messages);
    output_print(output,
                 "Not looked at: %" PRIu64 " of private addresses, %" PRIu64 " submitted here or of unknown clients.\n",
                 a->private_n, a->nameless_n);
    output_literal(output, "  listed  not listed  no answer  errors  not asked  list\n");
    for (size_t i = 0; i < lookup_zones(test->lookup); i++) {
        const struct lookup_zone *zone = lookup_zone_at(test->lookup, i);

        output_print(output, "%8" PRIu64 "  %10" PRIu64 "  %9" PRIu64 "  %6" PRIu64 "  %9" PRIu64 "  %s\n",
                     zone->listed, zone->unlisted, zone->silent, zone->failed, zone->unasked, zone->name);
    }
}

static void put_json_end(const struct test *test)
{
    const struct accepted *a = &test->accepted;

    output_literal(test->output, "],\n\"zones\":[");
    for (size_t i = 0; i < lookup_zones(test->lookup); i++) {
        const struct lookup_zone *zone = lookup_zone_at(test->lookup, i);

        put_pair(test->output, i ? ",\n{\"zone\"" : "\n{\"zone\"", zone->name);
        output_print(test->output,
                     ",\"listed\":%" PRIu64 ",\"notListed\":%" PRIu64 ",\"noAnswer\":%" PRIu64 ",\"errors\":%" PRIu64
                     ",\"notAsked\":%" PRIu64,
                     zone->listed, zone->unlisted, zone->silent, zone->failed, zone->unasked);
        if (zone->trouble[0])
            put_pair(test->output, ",\"trouble\"", zone->trouble);
        output_char(test->output, '}');
    }
    output_print(test->output,
                 "],\n\"messages\":%zu,\"addresses\":%zu,\"private\":%" PRIu64 ",\"withoutClient\":%" PRIu64
                 ",\"left\":%" PRIu64 "}\n",
                 a->messages_n, a->addresses_n, a->private_n, a->nameless_n, a->over_n);
}

static void put_all(struct test *test)
{
    enum output_format format = test->options->format;

    if (format == FORMAT_JSON)
        output_literal(test->output, "{\"listed\":[");
    else if (format == FORMAT_TSV)
        output_literal(test->output, tsv_header);
    for (size_t i = 0; i < test->accepted.addresses_n; i++)
        put_address(test, i);
    if (format == FORMAT_JSON)
        put_json_end(test);
    else if (format == FORMAT_TEXT)
        put_text_end(test);
}

/* Zones that could not be asked are no "not listed". True when there were any. */
static bool tell_troubles(const struct test *test)
{
    bool has_trouble = false;

    for (size_t i = 0; i < lookup_zones(test->lookup); i++) {
        const struct lookup_zone *zone = lookup_zone_at(test->lookup, i);

        if (!zone->is_given_up && zone->silent + zone->failed == 0)
            continue;
        has_trouble = true;
        complain("%s: %s (%" PRIu64 " without an answer, %" PRIu64 " errors, %" PRIu64 " not asked)", zone->name,
                 zone->trouble, zone->silent, zone->failed, zone->unasked);
    }
    if (test->accepted.over_n)
        complain("%" PRIu64 " messages more were accepted than are looked at in one run: name a shorter span of time",
                 test->accepted.over_n);
    return has_trouble || test->accepted.over_n;
}

/* ---- the run ---- */

/* A FILE, or else a ZONE. */
static bool is_file(const char *operand)
{
    return strcmp(operand, "-") == 0 || strchr(operand, '/') || access(operand, F_OK) == 0;
}

/* The zones to the look-up; the files to the front of `files`. */
static bool take_operands(struct test *test, struct options *reading)
{
    size_t n = 0;

    for (size_t i = 0; i < reading->files_n; i++) {
        char *operand = reading->files[i];

        if (is_file(operand)) {
            reading->files[n++] = operand;
        } else if (!lookup_add_zone(test->lookup, operand)) {
            complain("%s is neither a file nor the name of a blocklist", operand);
            return false;
        }
    }
    reading->files_n = n;
    if (lookup_zones(test->lookup))
        return true;
    complain("dnsbl test wants the names of blocklists: mailtally dnsbl test zen.example.org /var/log/mail.log");
    return false;
}

static enum status read_messages(struct test *test, const struct options *reading)
{
    struct options all = *reading;
    const struct messages_options how = { .cap = 0 };
    struct messages *messages = messages_new(&how, take_message, test);
    struct input *input;
    enum status status = STATUS_ERROR;

    all.since = all.until = 0; /* a message's lines may lie on both sides of the span's bounds */
    input = messages ? input_open(&all) : NULL;
    if (input) {
        test->accepted.seed = tallies_seed(input_tallies(input));
        messages_watch(messages, input_parser(input));
        input_limit(input, reading->since, reading->until);
        input_show_progress(input);
        status = input_read(input);
        messages_settle(messages, INT64_MAX);
    } else if (!messages) {
        complain("no memory");
    }
    messages_free(messages);
    input_close(input);
    return status;
}

static enum status ask_and_put(struct test *test)
{
    size_t n = test->accepted.addresses_n;
    struct lookup_address *addresses = calloc(n ? n : 1, sizeof *addresses);

    test->listings = calloc(n ? n : 1, sizeof(struct listing *));
    if (!addresses || !test->listings) {
        complain("no memory");
        free(addresses);
        return STATUS_ERROR;
    }
    for (size_t i = 0; i < n; i++)
        addresses[i] = test->accepted.addresses[i].address;
    progress_begin(&test->progress);
    lookup_run(test->lookup, addresses, n, take_listing, show_progress, test);
    progress_end(&test->progress);
    free(addresses);
    put_all(test);
    if (tell_troubles(test))
        return STATUS_ERROR;
    return test->listed_addresses ? STATUS_DONE : STATUS_NOTHING_FOUND;
}

static void free_listings(struct test *test)
{
    for (size_t i = 0; test->listings && i < test->accepted.addresses_n; i++)
        for (struct listing *l = test->listings[i], *next; l; l = next) {
            next = l->next;
            free(l);
        }
    free(test->listings);
}

enum status dnsbl_test(const struct options *options)
{
    struct options reading = *options;
    struct test test = { .options = options };
    const struct lookup_options *how = &options->lookup;
    const char *why;
    enum status status = STATUS_ERROR, asked;

    test.lookup = lookup_new(how->resolver, how->rate ? how->rate : LOOKUP_RATE,
                             how->timeout_ms ? how->timeout_ms : LOOKUP_TIMEOUT_MS, &why);
    if (!test.lookup) {
        complain("DNS look-ups are not possible: %s", why);
        return STATUS_ERROR;
    }
    if (take_operands(&test, &reading) && (test.output = output_new(options->format)) != NULL) {
        status = read_messages(&test, &reading);
        asked = status == STATUS_DONE || test.accepted.messages_n ? ask_and_put(&test) : STATUS_ERROR;
        if (status == STATUS_DONE)
            status = asked;
        output_finish(test.output);
    }
    free_listings(&test);
    accepted_free(&test.accepted);
    lookup_free(test.lookup);
    return status;
}
