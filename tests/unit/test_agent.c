/* The daemon's parts that need no SNMP: snapshots, the lock, the status sentence, and the words for a broken link.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <getopt.h>
#include <string.h>

#include "../../agent/link.h"
#include "../../config/lock.h"
#include "../../agent/options.h"
#include "../../agent/status.h"

/* ---- snapshots ---- */

static void count(struct tallies *tallies, const char *host, uint64_t n)
{
    struct line line = { .tally = tallies_host(tallies, span_of(host)), .reference = 1000 };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = 1000;
    e.counter = COUNTER_SENT;
    e.count = n;
    tallies_event(tallies, &e);
}

static void publish(struct snapshots *snapshots, const struct tallies *tallies)
{
    assert_true(snapshot_set_tallies(snapshots_begin(snapshots), tallies));
    snapshots_publish(snapshots);
}

static uint64_t sent(const struct snapshot *s)
{
    return tallies_total(s->tallies)->counters[COUNTER_SENT];
}

static void a_held_snapshot_does_not_change(void **state)
{
    struct snapshots *snapshots = snapshots_new(1);
    struct tallies *tallies = tallies_new(1);
    const struct snapshot *held;

    (void)state;
    held = snapshots_hold(snapshots);
    assert_int_equal(held->hosts_n, 0);
    assert_int_equal(held->status, AGENT_CATCHING_UP);
    for (int i = 0; i < 10; i++) {
        count(tallies, "mx1", 1);
        publish(snapshots, tallies);
        assert_int_equal(sent(held), 0);
        assert_int_equal(held->hosts_n, 0);
    }
    held = snapshots_hold(snapshots);
    assert_int_equal(sent(held), 10);
    assert_int_equal(held->hosts_n, 1);
    tallies_free(tallies);
    snapshots_free(snapshots);
}

static void what_is_not_published_is_not_seen(void **state)
{
    struct snapshots *snapshots = snapshots_new(1);
    struct tallies *tallies = tallies_new(1);

    (void)state;
    count(tallies, "mx1", 1);
    assert_true(snapshot_set_tallies(snapshots_begin(snapshots), tallies));
    assert_int_equal(sent(snapshots_hold(snapshots)), 0);
    tallies_free(tallies);
    snapshots_free(snapshots);
}

static void a_snapshot_that_is_filled_again_is_in_order(void **state)
{
    struct snapshot s = { 0 };
    struct tallies *tallies = tallies_new(1);

    (void)state;
    for (int i = 200; i > 0; i--) {
        char name[16];

        snprintf(name, sizeof name, "h%d", i);
        count(tallies, name, 1);
        assert_true(snapshot_set_tallies(&s, tallies));
    }
    assert_int_equal(s.hosts_n, 200);
    for (size_t i = 0; i < 200; i++) {
        char name[16];

        snprintf(name, sizeof name, "h%zu", i + 1); /* by length, then octets: h1 .. h9, h10 .. h99, h100 .. */
        assert_string_equal(tallies_host_at(s.tallies, s.hosts[i])->name, name);
    }
    tallies_free(tallies);
    snapshot_clear(&s);
}

struct race {
    struct snapshots *snapshots;
    struct tallies *tallies;
};

static void *publish_many(void *context)
{
    struct race *race = context;

    for (int i = 0; i < 20000; i++) {
        count(race->tallies, i % 100 ? "mx1" : "mx2", 1);
        publish(race->snapshots, race->tallies);
    }
    return NULL;
}

/* Total and rows of one snapshot are of one instant, whatever the other thread does. */
static void threads_exchange_whole_snapshots(void **state)
{
    struct race race = { snapshots_new(1), tallies_new(1) };
    pthread_t thread;
    uint64_t before = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, publish_many, &race), 0);
    while (before < 20000) {
        const struct snapshot *s = snapshots_hold(race.snapshots);
        uint64_t sum = 0;

        for (size_t i = 0; i < s->hosts_n; i++)
            sum += tallies_host_at(s->tallies, s->hosts[i])->counters[COUNTER_SENT];
        assert_int_equal(sum, sent(s));
        assert_true(sum >= before);
        before = sum;
    }
    pthread_join(thread, NULL);
    tallies_free(race.tallies);
    snapshots_free(race.snapshots);
}

/* ---- status ---- */

static void the_status_says_what_is_wrong(void **state)
{
    struct snapshot s = { 0 };

    (void)state;
    assert_true(snapshot_set_sources_n(&s, 2));
    s.sources[0] = (struct snapshot_source){ .name = "/a", .status = { .state = SOURCE_OK } };
    s.sources[1] = (struct snapshot_source){ .name = "/b", .status = { .state = SOURCE_CATCHING_UP } };
    s.behind_octets = 77;
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_CATCHING_UP);
    assert_string_equal(s.status_text,
                        "reading what the logs already hold: 77 octets are left; the counters appear then");
    s.backlog_read = true;
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_OK);
    s.behind_octets = 5000000;
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_CATCHING_UP);
    s.sources[1].status.state = SOURCE_UNREADABLE;
    strcpy(s.sources[1].status.last_error, "cannot read /b");
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_DEGRADED);
    assert_string_equal(s.status_text, "1 of 2 sources in trouble: cannot read /b");
    s.state_at_risk = true;
    strcpy(s.state_text, "user mail cannot save the state in /s");
    status_sentence(&s);
    assert_string_equal(s.status_text, "1 of 2 sources in trouble, and the state is at risk: cannot read /b");
    s.sources[1].status.state = SOURCE_OK;
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_DEGRADED);
    assert_string_equal(s.status_text, "user mail cannot save the state in /s");
    s.state_at_risk = false;
    s.state_text[0] = '\0';
    strcpy(s.twice_text, "twice");
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_DEGRADED);
    assert_string_equal(s.status_text, "twice");
    s.twice_text[0] = '\0';
    strcpy(s.queue_text, "the queue in /q cannot be read");
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_DEGRADED);
    assert_string_equal(s.status_text, "the queue in /q cannot be read");
    s.queue_text[0] = '\0';
    s.behind_octets = 0;
    strcpy(s.remark_text, "worth knowing");
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_OK);
    assert_string_equal(s.status_text, "worth knowing");
    s.sources[1].status.state = SOURCE_UNREADABLE;
    memset(s.sources[1].status.last_error, 'x', sizeof s.sources[1].status.last_error - 1);
    status_sentence(&s);
    assert_true(strlen(s.status_text) < sizeof s.status_text);
    assert_true(snapshot_set_sources_n(&s, 0));
    status_sentence(&s);
    assert_int_equal(s.status, AGENT_DEGRADED);
    snapshot_clear(&s);
}

static bool follow(struct status *status, struct source_set *set, const char *path, const char *host)
{
    if (!status_row(status) || !source_set_add_file(set, path, host))
        return false;
    status_add(status, set);
    return true;
}

static void sources_keep_their_number_in_a_snapshot(void **state)
{
    struct source_set *set = source_set_new();
    struct status status = { 0 };
    struct snapshot s = { 0 };
    char longer[400];

    (void)state;
    memset(longer, 'd', sizeof longer);
    memcpy(longer, "/", 1);
    strcpy(longer + 390, "/the.log");
    assert_true(follow(&status, set, "/nowhere/a", NULL));
    assert_true(follow(&status, set, longer, "mx9"));
    assert_ptr_equal(status_source(&status, SOURCE_FILE, longer), status.sources[1]);
    assert_null(status_source(&status, SOURCE_FILE, "/nowhere/b"));
    assert_null(status_source(&status, SOURCE_FIFO, longer));
    status_want(status.sources[1], "mx9");
    assert_true(status_fill(&status, &s));
    assert_int_equal(s.sources_n, 1); /* the first one is not wanted */
    assert_int_equal(s.sources[0].number, 2);
    assert_int_equal(strlen(s.sources[0].name), AGENT_TEXT_OCTETS - 1);
    assert_string_equal(s.sources[0].name + AGENT_TEXT_OCTETS - 9, "/the.log");
    status_clear(&status);
    snapshot_clear(&s);
    source_set_free(set);
}

/* ---- the lock ---- */

static void a_second_lock_names_the_first_owner(void **state)
{
    char *directory = *state, path[512], error[512];
    struct lock first, second;

    snprintf(path, sizeof path, "%s/made", directory);
    assert_int_equal(lock_take(path, getuid(), getgid(), &first, error, sizeof error), LOCK_TAKEN);
    lock_sign(&first);
    assert_int_equal(lock_take(path, getuid(), getgid(), &second, error, sizeof error), LOCK_BUSY);
    snprintf(path, sizeof path, "process %ld", (long)getpid());
    assert_non_null(strstr(error, path));
    lock_free(&first);
    snprintf(path, sizeof path, "%s/made", directory);
    assert_int_equal(lock_take(path, getuid(), getgid(), &second, error, sizeof error), LOCK_TAKEN);
    snprintf(path, sizeof path, "%s/made/" LOCK_FILE, directory);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/made", directory);
    assert_int_equal(lock_take(path, getuid(), getgid(), &first, error, sizeof error), LOCK_BUSY);
    lock_free(&second);
    snprintf(path, sizeof path, "%s/no/such/place", directory);
    assert_int_equal(lock_take(path, getuid(), getgid(), &second, error, sizeof error), LOCK_ERROR);
    assert_non_null(strstr(error, path));
}

/* A lock that is a link to another file would let root write there. */
static void a_lock_that_is_a_link_is_refused(void **state)
{
    char *directory = *state, path[512], error[512];
    struct lock lock;

    snprintf(path, sizeof path, "%s/" LOCK_FILE, directory);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(lock_take(directory, getuid(), getgid(), &lock, error, sizeof error), LOCK_ERROR);
    unlink(path);
}

/* ---- the link ---- */

static void a_missing_socket_is_explained(void **state)
{
    char *directory = *state, address[512], sentence[600];

    snprintf(address, sizeof address, "unix:%s/master", directory);
    link_diagnose(address, sentence, sizeof sentence);
    assert_non_null(strstr(sentence, "there is no AgentX socket"));
    assert_non_null(strstr(sentence, address + 5));
    link_diagnose("tcp:127.0.0.1:1", sentence, sizeof sentence);
    assert_non_null(strstr(sentence, "tcp:127.0.0.1:1"));
}

static void a_socket_without_a_listener_is_explained(void **state)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    char sentence[600];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(name.sun_path, sizeof name.sun_path, "%s/dead", (char *)*state);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    link_diagnose(name.sun_path, sentence, sizeof sentence);
    assert_non_null(strstr(sentence, "nobody listens"));
    assert_int_equal(listen(fd, 1), 0);
    link_diagnose(name.sun_path, sentence, sizeof sentence);
    assert_non_null(strstr(sentence, "does not answer"));
    close(fd);
}

/* ---- options ---- */

static void options_are_told_apart(void **state)
{
    struct options o;
    char *embedded[] = { "mailtallyd", "-fE", "-C", "-x", "/s", "udp:127.0.0.1:1", "tcp:127.0.0.1:2", NULL };
    char *stray[] = { "mailtallyd", "-f", "udp:127.0.0.1:1", NULL };
    char *missing[] = { "mailtallyd", "-c", "/nowhere/x.conf", NULL };
    char *relative[] = { "mailtallyd", "-p", "x.pid", NULL };

    (void)state;
    optind = 1;
    assert_true(options_parse(&o, 7, embedded));
    assert_true(o.foreground && o.embedded && o.no_usual_files && !o.logs);
    assert_string_equal(o.agentx_socket, "/s");
    assert_string_equal(o.addresses, "udp:127.0.0.1:1,tcp:127.0.0.1:2");
    assert_int_equal(o.task, TASK_RUN);
    optind = 1;
    assert_false(options_parse(&o, 3, stray));
    optind = 1;
    assert_false(options_parse(&o, 3, missing));
    free(o.config_file);
    optind = 1;
    assert_true(options_parse(&o, 3, relative));
    assert_int_equal(o.pid_file[0], '/');
    free(o.pid_file);
}

static void the_state_is_dumped_and_imported_by_words(void **state)
{
    struct options o;
    char *dump[] = { "mailtallyd", "--dump-state", NULL }, *import[] = { "mailtallyd", "--import-state", "-", NULL };

    (void)state;
    optind = 1;
    assert_true(options_parse(&o, 2, dump));
    assert_int_equal(o.task, TASK_DUMP);
    optind = 1;
    assert_true(options_parse(&o, 3, import));
    assert_int_equal(o.task, TASK_IMPORT);
    assert_string_equal(o.import_file, "-");
    optind = 1;
    assert_false(options_parse(&o, 2, import));
}

static int make_directory(void **state)
{
    static char directory[64];

    strcpy(directory, "/tmp/mailtally-test.XXXXXX");
    *state = mkdtemp(directory);
    return *state ? 0 : -1;
}

static int remove_directory(void **state)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf -- %s", (char *)*state);
    return system(command);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_snapshot_does_not_change),
        cmocka_unit_test(what_is_not_published_is_not_seen),
        cmocka_unit_test(a_snapshot_that_is_filled_again_is_in_order),
        cmocka_unit_test(threads_exchange_whole_snapshots),
        cmocka_unit_test(the_status_says_what_is_wrong),
        cmocka_unit_test(sources_keep_their_number_in_a_snapshot),
        cmocka_unit_test(a_second_lock_names_the_first_owner),
        cmocka_unit_test(a_lock_that_is_a_link_is_refused),
        cmocka_unit_test(a_missing_socket_is_explained),
        cmocka_unit_test(a_socket_without_a_listener_is_explained),
        cmocka_unit_test(options_are_told_apart),
        cmocka_unit_test(the_state_is_dumped_and_imported_by_words),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("agent", tests, make_directory, remove_directory);
}
