/* The MIB's handlers, called in-process as Net-SNMP's agent calls them, against literal trees; and their order.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../agent/clock.h"
#include "../../agent/mib.h"
#include "../../agent/oids.h"
#include "../../agent/state.h"

#define NOW        1795232821 /* 2026-11-21T03:47:01Z */
#define START_TIME (NOW - 100)
#define TEXT       20000

/* ---- a made-up server ---- */

struct world {
    struct tallies *tallies;
    struct snapshot snapshot;
    struct mib_view view;
};

/* n events of a counter on a host, seconds_ago. */
static void event(struct world *w, const char *host, enum counter counter, uint64_t n, int seconds_ago)
{
    struct line line = { .tally = tallies_host(w->tallies, span_of(host)), .reference = NOW };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = NOW - seconds_ago;
    e.counter = counter;
    e.count = n;
    tallies_event(w->tallies, &e);
}

static void refusal(struct world *w, const char *host, enum counter counter, enum refusal_reason reason,
                    const char *zone)
{
    struct line line = { .tally = tallies_host(w->tallies, span_of(host)), .reference = NOW };
    struct event e = event_of(EVENT_REFUSAL, &line);

    line.header.time = NOW - 5000;
    e.counter = counter;
    e.reason = (uint8_t)reason;
    e.zone = span_of(zone);
    tallies_event(w->tallies, &e);
}

static void publish(struct world *w)
{
    assert_true(snapshot_set_tallies(&w->snapshot, w->tallies));
    w->view = (struct mib_view){ .snapshot = &w->snapshot, .now = NOW };
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->tallies = tallies_new(1);
    w->snapshot.start_time = START_TIME;
    w->snapshot.counts.last_event = TIME_UNKNOWN;
    w->snapshot.status = AGENT_OK;
    strcpy(w->snapshot.status_text, "all is well");
    publish(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    tallies_free(w->tallies);
    snapshot_clear(&w->snapshot);
    free(w);
    return 0;
}

/* ---- asking as the agent does ---- */

struct question {
    struct mib_registration registration;
    netsnmp_mib_handler handler;
    netsnmp_handler_registration reginfo;
    netsnmp_agent_request_info reqinfo;
    netsnmp_request_info request;
    oid root[OID_ROOT_LENGTH + 3];
    netsnmp_variable_list varbind;
};

static void ask(struct question *q, struct world *w, const struct mib_group *group, int mode, const oid *name,
                size_t name_n)
{
    static const oid base[] = { OID_ROOT };

    memset(q, 0, sizeof *q);
    q->registration = (struct mib_registration){ .group = group, .view = &w->view };
    q->handler.myvoid = &q->registration;
    memcpy(q->root, base, sizeof base);
    memcpy(q->root + OID_ROOT_LENGTH, group->arcs, group->arcs_n * sizeof(oid));
    q->reginfo.rootoid = q->root;
    q->reginfo.rootoid_len = OID_ROOT_LENGTH + group->arcs_n;
    q->reqinfo.mode = mode;
    q->request.requestvb = &q->varbind;
    snmp_set_var_objid(&q->varbind, name, name_n);
    q->varbind.type = ASN_NULL;
}

static void answer(struct question *q)
{
    assert_int_equal(mib_handle(&q->handler, &q->reginfo, &q->reqinfo, &q->request), SNMP_ERR_NOERROR);
}

static void put_value(FILE *out, const netsnmp_variable_list *v)
{
    switch (v->type) {
    case ASN_COUNTER64:
        fprintf(out, "C%" PRIu64, (uint64_t)v->val.counter64->high << 32 | v->val.counter64->low);
        break;
    case ASN_GAUGE:
        fprintf(out, "G%lu", (unsigned long)*v->val.integer & UINT32_MAX);
        break;
    case ASN_INTEGER:
        fprintf(out, "I%ld", *v->val.integer);
        break;
    case ASN_TIMETICKS:
        fprintf(out, "T%ld", *v->val.integer);
        break;
    case ASN_OCTET_STR:
        fprintf(out, "\"%.*s\"", (int)v->val_len, v->val.string);
        break;
    case SNMP_NOSUCHOBJECT:
        fputs("no object", out);
        break;
    case SNMP_NOSUCHINSTANCE:
        fputs("no instance", out);
        break;
    default:
        fputs("nothing", out);
        break;
    }
}

/* What is asked for below the root of the group: "11.3.109.120.49 = C7". */
static void put_answer(FILE *out, const struct question *q)
{
    for (size_t i = q->reginfo.rootoid_len; i < q->varbind.name_length; i++)
        fprintf(out, "%s%lu", i > q->reginfo.rootoid_len ? "." : "", (unsigned long)q->varbind.name[i]);
    fputs(" = ", out);
    put_value(out, &q->varbind);
    fputc('\n', out);
}

static size_t parse_oid(const char *text, oid *name)
{
    size_t n = 0;

    while (*text) {
        char *end;

        name[n++] = strtoul(text, &end, 10);
        text = *end ? end + 1 : end;
    }
    return n;
}

/* One GET or GETNEXT; `below` stands below the root of the group, or is a whole name when `whole` is set. */
static const char *one(struct world *w, const struct mib_group *group, int mode, const char *below, bool whole)
{
    static char text[1024];
    struct question q;
    oid name[MAX_OID_LEN];
    size_t n = 0;
    FILE *out = fmemopen(text, sizeof text, "w");

    ask(&q, w, group, mode, NULL, 0);
    if (!whole) {
        n = q.reginfo.rootoid_len;
        memcpy(name, q.root, n * sizeof(oid));
    }
    n += parse_oid(below, name + n);
    snmp_reset_var_buffers(&q.varbind);
    ask(&q, w, group, mode, name, n);
    answer(&q);
    put_answer(out, &q);
    fclose(out);
    text[strcspn(text, "\n")] = '\0';
    snmp_reset_var_buffers(&q.varbind);
    return text;
}

static const char *get(struct world *w, const struct mib_group *group, const char *below)
{
    return one(w, group, MODE_GET, below, false);
}

static const char *next(struct world *w, const struct mib_group *group, const char *below)
{
    return one(w, group, MODE_GETNEXT, below, false);
}

/* A walk of the group by GETNEXT from its root to its end, which also asserts that every OID is above the one before
 * it, and that a GET of it answers the same. Returns how many objects there are. */
static size_t walk(struct world *w, const struct mib_group *group, char *text)
{
    FILE *out = text ? fmemopen(text, TEXT, "w") : NULL;
    oid name[MAX_OID_LEN];
    size_t name_n, objects = 0;
    struct question q;

    ask(&q, w, group, MODE_GETNEXT, NULL, 0);
    name_n = q.reginfo.rootoid_len;
    memcpy(name, q.root, sizeof q.root);
    for (;; objects++) {
        struct question again;
        char a[512], b[512];
        FILE *value;

        ask(&q, w, group, MODE_GETNEXT, name, name_n);
        answer(&q);
        if (q.varbind.type == ASN_NULL)
            break;
        assert_true(snmp_oid_compare(name, name_n, q.varbind.name, q.varbind.name_length) < 0);
        name_n = q.varbind.name_length;
        memcpy(name, q.varbind.name, name_n * sizeof(oid));
        ask(&again, w, group, MODE_GET, name, name_n);
        answer(&again);
        value = fmemopen(a, sizeof a, "w");
        put_answer(value, &q);
        fclose(value);
        value = fmemopen(b, sizeof b, "w");
        put_answer(value, &again);
        fclose(value);
        assert_string_equal(a, b);
        if (out)
            fputs(a, out);
        snmp_reset_var_buffers(&q.varbind);
        snmp_reset_var_buffers(&again.varbind);
    }
    snmp_reset_var_buffers(&q.varbind);
    if (out)
        fclose(out);
    return objects;
}

/* ---- trees ---- */

static void assert_begins(const char *tree, const char *beginning)
{
    char begun[TEXT];

    snprintf(begun, sizeof begun, "%.*s", (int)strlen(beginning), tree);
    assert_string_equal(begun, beginning);
}

static void agent_group_is_as_written(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    w->snapshot.status = AGENT_DEGRADED;
    w->snapshot.counts = (struct parser_counts){ .lines = 5000000000,
                                                 .recognised = 4000000000,
                                                 .ignored = 999999993,
                                                 .unrecognised = 7,
                                                 .overlong = 3,
                                                 .last_event = NOW - 61 };
    w->snapshot.behind_octets = 1234;
    w->snapshot.flows = 12;
    w->snapshot.flows_evicted = 13;
    w->snapshot.state_save_failures = 5;
    w->view.since_cs = -(int64_t)1000000000000; /* long before sysUpTime began */
    walk(w, &mib_agent, tree);
    assert_string_equal(tree, "1.0 = \"" MAILTALLY_VERSION "\"\n"
                              "2.0 = \"2026-11-21T03:45:21Z\"\n"
                              "3.0 = T0\n"
                              "4.0 = I3\n"
                              "5.0 = \"all is well\"\n"
                              "6.0 = C5000000000\n"
                              "7.0 = C4000000000\n"
                              "8.0 = C999999993\n"
                              "9.0 = C7\n"
                              "10.0 = \"2026-11-21T03:46:00Z\"\n"
                              "11.0 = G61\n"
                              "12.0 = G1234\n"
                              "13.0 = C5\n"
                              "14.0 = C3\n"
                              "15.0 = C0\n"
                              "16.0 = C0\n"
                              "17.0 = G12\n"
                              "18.0 = C13\n");
}

/* The agent is up for `uptime_cs` now, and its counters began `age_cs` ago; both of one instant, however busy the
 * machine is. */
static void set_clocks(struct world *w, uint32_t uptime_cs, int64_t age_cs)
{
    int64_t before;

    do {
        before = monotonic_ms() / 10;
        netsnmp_set_agent_uptime(uptime_cs);
    } while (monotonic_ms() / 10 - before > 1);
    w->view.since_cs = before - age_cs;
}

static unsigned long discontinuity(struct world *w)
{
    unsigned long ticks;

    assert_int_equal(sscanf(get(w, &mib_agent, "3.0"), "3.0 = T%lu", &ticks), 1);
    return ticks;
}

/* Whoever sees it change throws an interval's counts away. sysUpTime goes round after 497 days. */
static void the_discontinuity_stays_when_the_uptime_goes_round(void **state)
{
    struct world *w = *state;
    unsigned long began;

    w->view.discontinuity = STATE_TICKS_UNKNOWN;
    set_clocks(w, 4294960000, 4294900000);
    began = discontinuity(w);
    assert_in_range(began, 59990, 60010);
    set_clocks(w, 12704, 4294900000 + 20000); /* 200 s later */
    assert_int_equal(discontinuity(w), began);
    set_clocks(w, 12704 + 130, 4294900000 + 20000 + 30); /* and when its clock is read a little apart */
    assert_int_equal(discontinuity(w), began);
}

static void the_discontinuity_trembles_not_and_moves_with_the_master(void **state)
{
    struct world *w = *state;
    unsigned long began;

    w->view.discontinuity = STATE_TICKS_UNKNOWN;
    set_clocks(w, 100, 30); /* the first value is none that is nearly "unknown", which is the last before zero */
    began = discontinuity(w);
    assert_in_range(began, 68, 72);
    set_clocks(w, 10150, 10030);
    assert_int_equal(discontinuity(w), began);
    set_clocks(w, 500, 20000); /* snmpd began anew: the counters are older */
    assert_int_equal(discontinuity(w), 0);
    set_clocks(w, 90000, 50000); /* the counters did */
    assert_in_range(discontinuity(w), 39998, 40002);
}

static void agent_without_events_tells_the_age_since_its_start(void **state)
{
    struct world *w = *state;

    assert_string_equal(get(w, &mib_agent, "10.0"), "10.0 = \"\"");
    assert_string_equal(get(w, &mib_agent, "11.0"), "11.0 = G100");
    w->snapshot.counts.last_event = NOW + 50;
    assert_string_equal(get(w, &mib_agent, "11.0"), "11.0 = G0");
}

static void gauges_stay_at_their_greatest_value(void **state)
{
    struct world *w = *state;

    w->snapshot.behind_octets = 10000000000;
    assert_string_equal(get(w, &mib_agent, "12.0"), "12.0 = G4294967295");
}

static void totals_are_as_written(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    event(w, "mx1", COUNTER_RECEIVED, 1, 10);
    event(w, "mx2", COUNTER_RECEIVED, 2, 10);
    event(w, "mx2", COUNTER_RECEIVED_OCTETS, 20000000000, 10);
    event(w, "mx2", COUNTER_TLS_OUTBOUND, 31, 10);
    publish(w);
    walk(w, &mib_totals, tree);
    assert_string_equal(tree, "1.0 = C3\n2.0 = C0\n3.0 = C0\n4.0 = C0\n5.0 = C0\n6.0 = C0\n7.0 = C0\n8.0 = C0\n"
                              "9.0 = C0\n10.0 = C0\n11.0 = C0\n12.0 = C0\n13.0 = C0\n14.0 = C0\n15.0 = C0\n16.0 = C0\n"
                              "17.0 = C0\n18.0 = C0\n19.0 = C0\n20.0 = C0\n21.0 = C0\n22.0 = C0\n23.0 = C0\n"
                              "24.0 = C20000000000\n25.0 = C0\n26.0 = C0\n27.0 = C0\n28.0 = C0\n29.0 = C0\n30.0 = C0\n"
                              "31.0 = C31\n");
}

static void host_table_without_hosts_is_empty(void **state)
{
    struct world *w = *state;

    assert_int_equal(walk(w, &mib_hosts, NULL), 0);
    assert_string_equal(get(w, &mib_hosts, "11.3.109.120.49"), "11.3.109.120.49 = no instance");
}

static void host_table_with_one_host_has_all_its_columns(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    event(w, "mx1", COUNTER_RECEIVED, 7, 42);
    publish(w);
    assert_int_equal(walk(w, &mib_hosts, tree), 38);
    assert_begins(tree, "2.3.109.120.49 = G42\n11.3.109.120.49 = C7\n12.3.109.120.49 = C0\n");
    assert_non_null(strstr(tree, "\n41.3.109.120.49 = C0\n101.3.109.120.49 = G0\n"));
    assert_non_null(strstr(tree, "\n106.3.109.120.49 = G0\n"));
}

static void hosts_stand_in_order_of_length_then_octets(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    event(w, "mail.b", COUNTER_SENT, 1, 10);
    event(w, "zz", COUNTER_SENT, 2, 20);
    event(w, "mail.a", COUNTER_SENT, 3, 30);
    publish(w);
    assert_int_equal(walk(w, &mib_hosts, tree), 114);
    assert_begins(tree, "2.2.122.122 = G20\n"
                        "2.6.109.97.105.108.46.97 = G30\n"
                        "2.6.109.97.105.108.46.98 = G10\n"
                        "11.2.122.122 = C0\n"
                        "11.6.109.97.105.108.46.97 = C0\n"
                        "11.6.109.97.105.108.46.98 = C0\n"
                        "12.2.122.122 = C2\n"
                        "12.6.109.97.105.108.46.97 = C3\n"
                        "12.6.109.97.105.108.46.98 = C1\n");
}

static void hostile_host_names_stay_within_their_index(void **state)
{
    struct world *w = *state;
    char longest[400], tree[TEXT];

    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    event(w, longest, COUNTER_SENT, 1, 0);
    event(w, "\xff\x01\x1b[31m", COUNTER_SENT, 2, 0); /* ?? and ?[ : five question marks and 31m */
    event(w, "%s%n", COUNTER_SENT, 3, 0);
    publish(w);
    assert_int_equal(walk(w, &mib_hosts, tree), 114);
    assert_non_null(strstr(tree, "\n12.4.63.115.63.110 = C3\n"));
    assert_non_null(strstr(tree, "\n12.7.63.63.63.63.51.49.109 = C2\n"));
    assert_non_null(strstr(tree, "\n12.64.97.97."));
}

static void recent_events_are_of_the_time_of_the_request(void **state)
{
    struct world *w = *state;

    event(w, "mx1", COUNTER_REJECTED, 1, 5);
    event(w, "mx1", COUNTER_REJECTED, 10, 200);
    event(w, "mx1", COUNTER_REJECTED, 100, 800);
    event(w, "mx1", COUNTER_REJECTED, 1000, 3000);
    event(w, "mx1", COUNTER_REJECTED, 10000, 4000);
    publish(w);
    assert_string_equal(get(w, &mib_recent, "2.8"), "2.8 = \"rejected\"");
    assert_string_equal(get(w, &mib_recent, "3.8"), "3.8 = G1");
    assert_string_equal(get(w, &mib_recent, "4.8"), "4.8 = G11");
    assert_string_equal(get(w, &mib_recent, "5.8"), "5.8 = G111");
    assert_string_equal(get(w, &mib_recent, "6.8"), "6.8 = G1111");
    w->view.now = NOW + 1000; /* the same snapshot, asked later */
    assert_string_equal(get(w, &mib_recent, "3.8"), "3.8 = G0");
    assert_string_equal(get(w, &mib_recent, "5.8"), "5.8 = G0");
    assert_string_equal(get(w, &mib_recent, "6.8"), "6.8 = G111");
    assert_int_equal(walk(w, &mib_recent, NULL), 5 * 31);
}

static void recent_events_of_a_host_are_of_the_time_of_the_request(void **state)
{
    struct world *w = *state;
    static const enum counter counters[] = { COUNTER_BOUNCED, COUNTER_DEFERRED, COUNTER_REJECTED,
                                             COUNTER_SPAM,    COUNTER_VIRUS,    COUNTER_AUTH_FAILED };
    char tree[TEXT];

    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        event(w, "mx1", counters[i], i + 1, 100);
        event(w, "mx2", counters[i], 20, 700);
        event(w, "mx2", counters[i], 7, 1000);
    }
    publish(w);
    walk(w, &mib_hosts, tree);
    assert_string_equal(strstr(tree, "101.3"), "101.3.109.120.49 = G1\n101.3.109.120.50 = G20\n"
                                               "102.3.109.120.49 = G2\n102.3.109.120.50 = G20\n"
                                               "103.3.109.120.49 = G3\n103.3.109.120.50 = G20\n"
                                               "104.3.109.120.49 = G4\n104.3.109.120.50 = G20\n"
                                               "105.3.109.120.49 = G5\n105.3.109.120.50 = G20\n"
                                               "106.3.109.120.49 = G6\n106.3.109.120.50 = G20\n");
    w->view.now = NOW + 400; /* the same snapshot, asked later */
    assert_string_equal(get(w, &mib_hosts, "103.3.109.120.49"), "103.3.109.120.49 = G3");
    assert_string_equal(get(w, &mib_hosts, "103.3.109.120.50"), "103.3.109.120.50 = G0");
    event(w, "mx1", COUNTER_VIRUS, 10000000000, 100);
    publish(w);
    assert_string_equal(get(w, &mib_hosts, "105.3.109.120.49"), "105.3.109.120.49 = G4294967295");
}

static void reasons_have_rows_from_the_start(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    refusal(w, "mx1", COUNTER_REJECTED, REFUSAL_DNSBL, "zen.example");
    refusal(w, "mx1", COUNTER_GREYLISTED, REFUSAL_GREYLIST, "");
    refusal(w, "mx1", COUNTER_REJECT_WARNINGS, REFUSAL_BODY, "");
    publish(w);
    assert_int_equal(walk(w, &mib_rejects, tree), 3 * 34);
    assert_string_equal(get(w, &mib_rejects, "2.4"), "2.4 = C1");
    assert_string_equal(get(w, &mib_rejects, "3.6"), "3.6 = C1");
    assert_string_equal(get(w, &mib_rejects, "4.34"), "4.34 = C1");
    assert_string_equal(get(w, &mib_rejects, "2.6"), "2.6 = C0");
    assert_int_equal(walk(w, &mib_deferrals, NULL), 17);
}

static void zones_are_as_written(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    refusal(w, "mx1", COUNTER_REJECTED, REFUSAL_DNSBL, "b.ex");
    refusal(w, "mx1", COUNTER_REJECTED, REFUSAL_DNSBL, "b.ex");
    refusal(w, "mx1", COUNTER_REJECTED_TEMPORARILY, REFUSAL_DNSBL, "b.ex");
    refusal(w, "mx1", COUNTER_REJECT_WARNINGS, REFUSAL_RHSBL, "ex");
    publish(w);
    walk(w, &mib_zones, tree);
    assert_string_equal(tree, "2.2.101.120 = C0\n2.4.98.46.101.120 = C2\n"
                              "3.2.101.120 = C0\n3.4.98.46.101.120 = C1\n"
                              "4.2.101.120 = C1\n4.4.98.46.101.120 = C0\n");
}

static void sources_are_as_written(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    assert_true(snapshot_set_sources_n(&w->snapshot, 2));
    w->snapshot.sources[0] = (struct snapshot_source){ .number = 1,
                                                       .name = "/var/log/mail.log",
                                                       .status = { .type = SOURCE_FILE,
                                                                   .state = SOURCE_OK,
                                                                   .lines = 10,
                                                                   .octets = 5000000000,
                                                                   .last_read = NOW - 3,
                                                                   .rotations = 2 } };
    w->snapshot.sources[1] = (struct snapshot_source){ .number = 3,
                                                       .name = "/nowhere",
                                                       .status = { .type = SOURCE_FILE,
                                                                   .state = SOURCE_MISSING,
                                                                   .behind_octets = 9,
                                                                   .last_read = TIME_UNKNOWN,
                                                                   .errors = 1,
                                                                   .last_error = "it is not there" } };
    walk(w, &mib_sources, tree);
    assert_string_equal(tree, "2.1 = \"/var/log/mail.log\"\n2.3 = \"/nowhere\"\n"
                              "3.1 = I1\n3.3 = I1\n"
                              "4.1 = I1\n4.3 = I3\n"
                              "5.1 = C10\n5.3 = C0\n"
                              "6.1 = C5000000000\n6.3 = C0\n"
                              "7.1 = G0\n7.3 = G9\n"
                              "8.1 = G3\n8.3 = G100\n"
                              "9.1 = C2\n9.3 = C0\n"
                              "10.1 = C0\n10.3 = C1\n"
                              "11.1 = \"\"\n11.3 = \"it is not there\"\n");
}

static struct snapshot_queue *add_queue(struct world *w, const char *instance)
{
    struct snapshot_queue *queue = &w->snapshot.queues[w->snapshot.queues_n++];

    queue->instance_octets = (uint8_t)strlen(instance);
    memcpy(queue->instance, instance, queue->instance_octets);
    for (int i = 0; i < QUEUES; i++)
        queue->counts[i] = (struct queue_counts){ .oldest = INT64_MAX };
    return queue;
}

static void queues_are_as_written(void **state)
{
    struct world *w = *state;
    struct snapshot_queue *queue;
    char tree[TEXT];

    assert_int_equal(walk(w, &mib_queues, NULL), 0);
    queue = add_queue(w, "q");
    queue->counts[QUEUE_MAILDROP] = (struct queue_counts){ 1, 20, NOW - 3 };
    queue->counts[QUEUE_HOLD] = (struct queue_counts){ 100, 2000, NOW - 9000 };
    queue->counts[QUEUE_INCOMING] = (struct queue_counts){ 2, 300, NOW };      /* it has just come */
    queue->counts[QUEUE_ACTIVE] = (struct queue_counts){ 4, 5000, NOW + 100 }; /* a clock was set */
    queue->counts[QUEUE_DEFERRED] = (struct queue_counts){ 8, 70000, NOW - 600 };
    assert_int_equal(walk(w, &mib_queues, tree), 18);
    assert_string_equal(tree, "3.1.113.1 = G1\n3.1.113.2 = G100\n3.1.113.3 = G2\n3.1.113.4 = G4\n3.1.113.5 = G8\n"
                              "3.1.113.6 = G15\n"
                              "4.1.113.1 = G20\n4.1.113.2 = G2000\n4.1.113.3 = G300\n4.1.113.4 = G5000\n"
                              "4.1.113.5 = G70000\n4.1.113.6 = G75320\n"
                              "5.1.113.1 = G3\n5.1.113.2 = G9000\n5.1.113.3 = G1\n5.1.113.4 = G1\n5.1.113.5 = G600\n"
                              "5.1.113.6 = G600\n");
    w->view.now = NOW + 60; /* the same snapshot, asked later */
    assert_string_equal(get(w, &mib_queues, "5.1.113.5"), "5.1.113.5 = G660");
}

static void queues_of_instances_stand_in_order_and_empty_ones_are_zero(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    add_queue(w, "zz");
    add_queue(w, "postfix")->counts[QUEUE_ACTIVE] = (struct queue_counts){ 5000000000, 6000000000, 0 };
    assert_int_equal(walk(w, &mib_queues, tree), 36);
    assert_begins(tree, "3.2.122.122.1 = G0\n3.2.122.122.2 = G0\n");
    assert_string_equal(get(w, &mib_queues, "5.2.122.122.6"), "5.2.122.122.6 = G0");
    assert_string_equal(get(w, &mib_queues, "3.7.112.111.115.116.102.105.120.6"),
                        "3.7.112.111.115.116.102.105.120.6 = G4294967295");
    assert_string_equal(get(w, &mib_queues, "4.7.112.111.115.116.102.105.120.4"),
                        "4.7.112.111.115.116.102.105.120.4 = G4294967295");
    assert_string_equal(get(w, &mib_queues, "3.2.122.122.7"), "3.2.122.122.7 = no instance");
    assert_string_equal(get(w, &mib_queues, "1.2.122.122.1"), "1.2.122.122.1 = no object");
    assert_string_equal(next(w, &mib_queues, "3.2.122.122.6"), "3.7.112.111.115.116.102.105.120.1 = G0");
}

static void delivery(struct world *w, enum counter counter, int64_t delay_ms, uint64_t n)
{
    struct line line = { .tally = tallies_host(w->tallies, SPAN("mx1")), .reference = NOW };
    struct event e = event_of(EVENT_DELIVERY, &line);

    line.header.time = NOW;
    e.counter = counter;
    e.count = n;
    e.delay_ms = delay_ms;
    tallies_event(w->tallies, &e);
}

/* Sent and delivered, and nothing else; at the bound is within it. */
static void delays_are_cumulative(void **state)
{
    struct world *w = *state;
    char tree[TEXT];

    delivery(w, COUNTER_SENT, 0, 1);
    delivery(w, COUNTER_DELIVERED, 1000, 2);
    delivery(w, COUNTER_SENT, 1001, 4);
    delivery(w, COUNTER_DELIVERED, 60000, 8);
    delivery(w, COUNTER_SENT, 86400000, 16);
    delivery(w, COUNTER_DELIVERED, 86400001, 5000000000);
    delivery(w, COUNTER_DELIVERED, -1, 100); /* the line did not say it */
    delivery(w, COUNTER_DEFERRED, 5, 1000);
    delivery(w, COUNTER_BOUNCED, 5, 1000);
    delivery(w, COUNTER_FORWARDED, 5, 1000);
    publish(w);
    assert_int_equal(walk(w, &mib_delays, tree), 20);
    assert_string_equal(tree, "2.1 = G1\n2.2 = G5\n2.3 = G15\n2.4 = G60\n2.5 = G300\n2.6 = G900\n2.7 = G3600\n"
                              "2.8 = G14400\n2.9 = G86400\n2.10 = G4294967295\n"
                              "3.1 = C3\n3.2 = C7\n3.3 = C7\n3.4 = C15\n3.5 = C15\n3.6 = C15\n3.7 = C15\n"
                              "3.8 = C15\n3.9 = C31\n3.10 = C5000000031\n");
    assert_string_equal(get(w, &mib_delays, "3.11"), "3.11 = no instance");
    assert_string_equal(get(w, &mib_delays, "1.1"), "1.1 = no object");
}

/* ---- GET and GETNEXT ---- */

static void get_of_what_is_missing_says_so(void **state)
{
    struct world *w = *state;

    event(w, "mx1", COUNTER_SENT, 1, 0);
    publish(w);
    assert_string_equal(get(w, &mib_totals, "32.0"), "32.0 = no object");
    assert_string_equal(get(w, &mib_totals, "0.0"), "0.0 = no object");
    assert_string_equal(get(w, &mib_totals, "1"), "1 = no instance");
    assert_string_equal(get(w, &mib_totals, "1.1"), "1.1 = no instance");
    assert_string_equal(get(w, &mib_totals, "1.0.0"), "1.0.0 = no instance");
    assert_string_equal(get(w, &mib_totals, ""), " = no object");
    assert_string_equal(get(w, &mib_hosts, "1.3.109.120.49"), "1.3.109.120.49 = no object"); /* the index itself */
    assert_string_equal(get(w, &mib_hosts, "42.3.109.120.49"), "42.3.109.120.49 = no object");
    assert_string_equal(get(w, &mib_hosts, "12.3.109.120"), "12.3.109.120 = no instance");
    assert_string_equal(get(w, &mib_hosts, "12.3.109.120.49.0"), "12.3.109.120.49.0 = no instance");
    assert_string_equal(get(w, &mib_hosts, "12.2.109.120.49"), "12.2.109.120.49 = no instance");
    assert_string_equal(get(w, &mib_hosts, "12.3.109.120.305"), "12.3.109.120.305 = no instance"); /* 49 + 256 */
    assert_string_equal(get(w, &mib_hosts, "12.3.109.120.4294967295"), "12.3.109.120.4294967295 = no instance");
    assert_string_equal(get(w, &mib_agent, "19.0"), "19.0 = no object");
    assert_string_equal(get(w, &mib_recent, "5.32"), "5.32 = no instance");
}

static void next_finds_what_follows_from_anywhere(void **state)
{
    struct world *w = *state;

    event(w, "mx1", COUNTER_SENT, 1, 0);
    event(w, "mx3", COUNTER_SENT, 3, 0);
    publish(w);
    assert_string_equal(next(w, &mib_hosts, ""), "2.3.109.120.49 = G0");
    assert_string_equal(next(w, &mib_hosts, "1.200"), "2.3.109.120.49 = G0");
    assert_string_equal(next(w, &mib_hosts, "12"), "12.3.109.120.49 = C1");
    assert_string_equal(next(w, &mib_hosts, "12.2.255.255"), "12.3.109.120.49 = C1");
    assert_string_equal(next(w, &mib_hosts, "12.3.109.120.49"), "12.3.109.120.51 = C3");
    assert_string_equal(next(w, &mib_hosts, "12.3.109.120.49.0.0"), "12.3.109.120.51 = C3");
    assert_string_equal(next(w, &mib_hosts, "12.3.109.120.50"), "12.3.109.120.51 = C3");
    assert_string_equal(next(w, &mib_hosts, "12.3.109.120.51"), "13.3.109.120.49 = C0");
    assert_string_equal(next(w, &mib_hosts, "12.4294967295"), "13.3.109.120.49 = C0");
    assert_string_equal(next(w, &mib_hosts, "5"), "11.3.109.120.49 = C0"); /* between two columns */
    assert_string_equal(one(w, &mib_hosts, MODE_GETNEXT, "1.3.6.1", true), "2.3.109.120.49 = G0");
    assert_string_equal(next(w, &mib_agent, "12.0"), "13.0 = C0");
}

static void next_behind_the_end_leaves_the_question(void **state)
{
    struct world *w = *state;

    event(w, "mx1", COUNTER_SENT, 1, 0);
    publish(w);
    assert_string_equal(next(w, &mib_hosts, "41.3.109.120.49"), "101.3.109.120.49 = G0");
    assert_string_equal(next(w, &mib_hosts, "106.3.109.120.49"), "106.3.109.120.49 = nothing");
    assert_string_equal(next(w, &mib_hosts, "107"), "107 = nothing");
    assert_string_equal(next(w, &mib_totals, "31.0"), "31.0 = nothing");
    assert_string_equal(next(w, &mib_totals, "4294967295"), "4294967295 = nothing");
    assert_string_equal(next(w, &mib_zones, ""), " = nothing");
}

/* AgentX asks "from here on, this one included" where it goes from one subagent to the next. */
static void inclusive_next_answers_the_object_itself(void **state)
{
    struct world *w = *state;
    struct question q;
    oid name[OID_ROOT_LENGTH + 4];

    event(w, "mx1", COUNTER_SENT, 4, 0);
    publish(w);
    ask(&q, w, &mib_totals, MODE_GETNEXT, NULL, 0);
    memcpy(name, q.root, sizeof(oid) * (OID_ROOT_LENGTH + 2));
    name[OID_ROOT_LENGTH + 2] = 2;
    name[OID_ROOT_LENGTH + 3] = 0;
    ask(&q, w, &mib_totals, MODE_GETNEXT, name, OID_ROOT_LENGTH + 4);
    q.request.inclusive = 1;
    answer(&q);
    assert_int_equal(snmp_oid_compare(name, OID_ROOT_LENGTH + 4, q.varbind.name, q.varbind.name_length), 0);
    assert_int_equal(q.varbind.val.counter64->low, 4);
    snmp_reset_var_buffers(&q.varbind);
}

static void requests_that_others_answered_are_left_alone(void **state)
{
    struct world *w = *state;
    struct question q;
    oid name[OID_ROOT_LENGTH + 4];

    ask(&q, w, &mib_totals, MODE_GET, NULL, 0);
    memcpy(name, q.root, sizeof(oid) * (OID_ROOT_LENGTH + 2));
    name[OID_ROOT_LENGTH + 2] = 1;
    name[OID_ROOT_LENGTH + 3] = 0;
    ask(&q, w, &mib_totals, MODE_GET, name, OID_ROOT_LENGTH + 4);
    q.request.processed = 1;
    answer(&q);
    assert_int_equal(q.varbind.type, ASN_NULL);
    snmp_reset_var_buffers(&q.varbind);
}

/* Names of all lengths and many octets: walk() asserts the order and that GET agrees. */
static void five_hundred_hosts_are_walked_once_each_in_order(void **state)
{
    struct world *w = *state;
    unsigned random = 12345;

    for (int i = 0; i < 500; i++) {
        char name[HOST_NAME_OCTETS + 1];
        int n = snprintf(name, sizeof name, "%d", i);
        int octets = n + (int)(random % 50);

        for (; n < octets; n++) {
            random = random * 1103515245u + 12345u;
            name[n] = "abcxyz019._:-"[random >> 16 & 7];
        }
        name[n] = '\0';
        event(w, name, COUNTER_SENT, 1, 0);
        random = random * 1103515245u + 12345u;
    }
    publish(w);
    assert_int_equal(tallies_hosts(w->tallies), 500);
    assert_int_equal(walk(w, &mib_hosts, NULL), 500 * 38);
}

static void hosts_beyond_the_cap_share_a_row(void **state)
{
    struct world *w = *state;
    char name[32];

    for (int i = 0; i < HOSTS_CAP + 5; i++) {
        snprintf(name, sizeof name, "h%d", i);
        event(w, name, COUNTER_SENT, 1, 0);
    }
    publish(w);
    assert_string_equal(get(w, &mib_hosts, "12.7.40.111.116.104.101.114.41"), "12.7.40.111.116.104.101.114.41 = C5");
    assert_string_equal(get(w, &mib_agent, "15.0"), "15.0 = C5");
    assert_string_equal(get(w, &mib_totals, "2.0"), "2.0 = C16389");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(agent_group_is_as_written),
        TEST(the_discontinuity_stays_when_the_uptime_goes_round),
        TEST(the_discontinuity_trembles_not_and_moves_with_the_master),
        TEST(agent_without_events_tells_the_age_since_its_start),
        TEST(gauges_stay_at_their_greatest_value),
        TEST(totals_are_as_written),
        TEST(host_table_without_hosts_is_empty),
        TEST(host_table_with_one_host_has_all_its_columns),
        TEST(hosts_stand_in_order_of_length_then_octets),
        TEST(hostile_host_names_stay_within_their_index),
        TEST(recent_events_are_of_the_time_of_the_request),
        TEST(recent_events_of_a_host_are_of_the_time_of_the_request),
        TEST(reasons_have_rows_from_the_start),
        TEST(zones_are_as_written),
        TEST(sources_are_as_written),
        TEST(queues_are_as_written),
        TEST(queues_of_instances_stand_in_order_and_empty_ones_are_zero),
        TEST(delays_are_cumulative),
        TEST(get_of_what_is_missing_says_so),
        TEST(next_finds_what_follows_from_anywhere),
        TEST(next_behind_the_end_leaves_the_question),
        TEST(inclusive_next_answers_the_object_itself),
        TEST(requests_that_others_answered_are_left_alone),
        TEST(five_hundred_hosts_are_walked_once_each_in_order),
        TEST(hosts_beyond_the_cap_share_a_row),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("mib", tests, NULL, NULL);
}
