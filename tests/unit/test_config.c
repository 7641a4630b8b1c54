/* The configuration: what its tokens mean, and that a wrong one is told with its file and line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "../../config/config.h"
#include "../../config/hosts.h"

#define TYPE "mailtallytest"

static char logged[4096]; /* what Net-SNMP's log callback got; it has no context */

static int take_log(int major, int minor, void *message, void *context)
{
    const struct snmp_log_message *log = message;

    (void)major;
    (void)minor;
    (void)context;
    strncat(logged, log->msg, sizeof logged - strlen(logged) - 1);
    return 0;
}

static int register_once(void **state)
{
    (void)state;
    setenv("MIBS", "", 1);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, take_log, NULL);
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
    config_register(TYPE);
    return 0;
}

/* The log goes to `logged`, the number of errors to *errors. */
static struct config *read_text(struct scratch *scratch, const char *text, unsigned *errors)
{
    struct config *config;

    logged[0] = '\0';
    read_config_with_type(scratch_write(scratch, "test.conf", text), TYPE);
    config = config_take(errors);
    assert_non_null(config);
    return config;
}

static struct config *read_good(struct scratch *scratch, const char *text)
{
    unsigned errors;
    struct config *config = read_text(scratch, text, &errors);

    assert_string_equal(logged, "");
    assert_int_equal(errors, 0);
    return config;
}

static void assert_wrong(struct scratch *scratch, const char *line, const char *words)
{
    unsigned errors;
    char text[2200], place[64] = "test.conf: line 2: Error: ";

    snprintf(text, sizeof text, "# a comment\n%s\n", line);
    config_free(read_text(scratch, text, &errors));
    assert_int_equal(errors, 1);
    if (!strstr(logged, place) || !strstr(logged, words))
        fail_msg("\"%s\": \"%s\" does not say \"%s\" and \"%s\"", line, logged, place, words);
}

static void rrd_files_and_pages_are_configured(void **state)
{
    unsigned errors;
    struct config *config = read_good(*state, "");

    assert_null(config->rrd_directory);
    assert_null(config->rrdcached);
    assert_null(config->pages_directory);
    config_free(config);
    config =
        read_good(*state, "rrdDirectory /var/lib/mailtally/rrd\nrrdcached /run/rrdcached.sock\npages /srv/mail 10\n");
    assert_string_equal(config->rrd_directory, "/var/lib/mailtally/rrd");
    assert_string_equal(config->rrdcached, "unix:/run/rrdcached.sock");
    assert_string_equal(config->pages_directory, "/srv/mail");
    assert_int_equal(config->pages_s, 600);
    config_free(config);
    config = read_good(*state, "rrdDirectory /a\npages /srv/mail\n");
    assert_int_equal(config->pages_s, 300);
    config_free(config);
    assert_wrong(*state, "rrdDirectory rrd", "must be a full path");
    assert_wrong(*state, "rrdcached 192.0.2.1:42217", "must be a socket of this machine");
    assert_wrong(*state, "pages srv", "must be a full path");
    assert_wrong(*state, "pages /srv 0", "is not a number of minutes from 1 to 1440");
    assert_wrong(*state, "pages /srv 5m", "is not a number of minutes from 1 to 1440");
    config_free(read_text(*state, "stateDirectory /a\nrrdDirectory /a\n", &errors));
    assert_int_equal(errors, 1);
    assert_non_null(strstr(logged, "must not be the stateDirectory"));
    config_free(read_text(*state, "pages /srv\n", &errors));
    assert_int_equal(errors, 1);
    assert_non_null(strstr(logged, "set rrdDirectory, too"));
}

static void has_defaults_when_nothing_is_configured(void **state)
{
    struct config *config = read_good(*state, "");

    assert_int_equal(config->sources_n, 1);
    if (config->sources[0].type == CONFIG_SOURCE_JOURNAL) {
        assert_null(config->sources[0].path);
        assert_int_not_equal(access(CONFIG_DEFAULT_SOURCE, F_OK), 0);
    } else {
        assert_int_equal(config->sources[0].type, CONFIG_SOURCE_FILE);
        assert_string_equal(config->sources[0].path, CONFIG_DEFAULT_SOURCE);
    }
    assert_null(config->sources[0].host);
    assert_null(config->host_regex);
    assert_int_equal(config->content_filter, CONTENT_FILTER_AUTO);
    assert_string_equal(config->state_directory, CONFIG_DEFAULT_STATE_DIRECTORY);
    config_free(config);
}

static void reads_sources(void **state)
{
    struct config *config = read_good(*state, "source file /var/log/mail.log\n"
                                              "source file \"/srv/my logs/mail\" host=mx1.example.org\n"
                                              "Source File /var/log/exim4/mainlog host=mx2 # with a comment\n"
                                              "source stdin host=mx3\n");

    assert_int_equal(config->sources_n, 4);
    assert_string_equal(config->sources[0].path, "/var/log/mail.log");
    assert_string_equal(config->sources[1].path, "/srv/my logs/mail");
    assert_string_equal(config->sources[1].host, "mx1.example.org");
    assert_string_equal(config->sources[2].host, "mx2");
    assert_int_equal(config->sources[3].type, CONFIG_SOURCE_STDIN);
    assert_null(config->sources[3].path);
    assert_string_equal(config->sources[3].host, "mx3");
    config_free(config);
}

static void reads_sources_that_are_no_files(void **state)
{
    struct config *config = read_good(*state, "source directory /var/log/qmail/smtpd host=mx1\n"
                                              "source fifo /run/log host=mx2\n"
                                              "source FIFO \"/run/my log\"\n"
                                              "source stdin confirmmessages host=mx3\n"
                                              "source stdin exitAtEnd\n");

    assert_int_equal(config->sources_n, 5);
    assert_int_equal(config->sources[0].type, CONFIG_SOURCE_DIRECTORY);
    assert_string_equal(config->sources[0].path, "/var/log/qmail/smtpd");
    assert_string_equal(config->sources[0].host, "mx1");
    assert_int_equal(config->sources[1].type, CONFIG_SOURCE_FIFO);
    assert_string_equal(config->sources[1].path, "/run/log");
    assert_string_equal(config->sources[1].host, "mx2");
    assert_string_equal(config->sources[2].path, "/run/my log");
    assert_null(config->sources[2].host);
    assert_true(config->sources[3].confirms);
    assert_string_equal(config->sources[3].host, "mx3");
    assert_false(config->sources[3].exits);
    assert_false(config->sources[4].confirms);
    assert_true(config->sources[4].exits);
    config_free(config);
}

#ifdef MAILTALLY_JOURNAL
static void reads_journals(void **state)
{
    struct config *config = read_good(*state, "source journal\n"
                                              "source journal postfix@-.service dovecot.service\n"
                                              "source journal directory=/srv/logs facility=Mail identifier=exim\n");

    assert_int_equal(config->sources_n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(config->sources[i].type, CONFIG_SOURCE_JOURNAL);
    assert_null(config->sources[0].path);
    assert_string_equal(config->sources[1].path, "postfix@-.service dovecot.service");
    assert_string_equal(config->sources[2].path, "directory=/srv/logs facility=Mail identifier=exim");
    config_free(config);
}
#else
static void reads_journals(void **state)
{
    unsigned errors;
    struct config *config = read_text(*state, "source journal\n", &errors);

    assert_int_equal(errors, 1);
    assert_non_null(strstr(logged, "line 1: Error: source journal: this was built without the systemd journal"));
    config_free(config);
}
#endif

static void keeps_the_backslashes_of_a_host_expression(void **state)
{
    struct config *config = read_good(*state, "host ^mx[0-9]\\.example\\.org$\n");

    assert_string_equal(config->host_regex, "^mx[0-9]\\.example\\.org$");
    config_free(config);
    config = read_good(*state, "host \"^mx[0-9]\\\\.example\"\n");
    assert_string_equal(config->host_regex, "^mx[0-9]\\.example");
    config_free(config);
}

static void reads_content_filters(void **state)
{
    static const struct {
        const char *line;
        enum content_filter filter;
    } ways[] = {
        { "contentFilter auto\n", CONTENT_FILTER_AUTO },
        { "contentFilter NONE\n", CONTENT_FILTER_NONE },
        { "contentFilter loopback\n", CONTENT_FILTER_LOOPBACK },
    };
    struct config *config;

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        config = read_good(*state, ways[i].line);
        assert_int_equal(config->content_filter, ways[i].filter);
        config_free(config);
    }
    config = read_good(*state, "contentFilter 192.0.2.1 2001:db8::1\ncontentFilter filter.example.org\n");
    assert_int_equal(config->content_filter, CONTENT_FILTER_HOSTS);
    assert_string_equal(config->filter_hosts[0], "192.0.2.1");
    assert_string_equal(config->filter_hosts[1], "2001:db8::1");
    assert_string_equal(config->filter_hosts[2], "filter.example.org");
    assert_null(config->filter_hosts[3]);
    config_free(config);
}

static void switches_programs_and_lets_the_last_word_count(void **state)
{
    struct config *config = read_good(*state, "enableProgram postfix\n"
                                              "disableProgram amavis postfix\n"
                                              "disableProgram amavis\n");

    assert_null(config->switched_on[0]);
    assert_string_equal(config->switched_off[0], "amavis");
    assert_string_equal(config->switched_off[1], "postfix");
    assert_null(config->switched_off[2]);
    config_free(config);
}

static void reads_the_state_directory(void **state)
{
    struct config *config = read_good(*state, "stateDirectory /srv/mailtally\n");

    assert_string_equal(config->state_directory, "/srv/mailtally");
    assert_int_equal(config->save_interval_ms, 5000);
    config_free(config);
    config = read_good(*state, "saveInterval 0.25\n");
    assert_int_equal(config->save_interval_ms, 250);
    config_free(config);
}

static void tells_wrong_values_with_file_and_line(void **state)
{
    static const struct {
        const char *line, *words;
    } wrong[] = {
        { "source file", "a path is missing" },
        { "source fil /x", "a source is file, journal, directory, fifo or stdin" },
        { "source file mail.log", "must be a full path" },
        { "source file /x hots=a", "\"hots=a\" is not understood" },
        { "source file /x host=", "\"host=\" is not understood" },
        { "source file /x host=a b", "\"b\" is not understood: after the source stands host=NAME or nothing" },
        { "source file /x host=a host=b", "\"host=b\" is not understood" },
        { "source directory", "a path is missing: source directory" },
        { "source directory logs", "must be a full path" },
        { "source fifo", "a path is missing: source fifo" },
        { "source fifo /run/log confirmMessages", "\"confirmMessages\" is not understood" },
        { "source stdin confirm", "\"confirm\" is not understood: after the source stands host=NAME, exitAtEnd" },
        { "source journal unit=", "\"unit=\" says nothing" },
        { "source journal host=a", "\"host=a\" is not understood: behind source journal stand units" },
        { "source journal facility=mails", "\"mails\" is no facility" },
        { "source journal directory=logs", "\"logs\" must be a full path" },
        { "source journal \"a b\"", "\"a b\" has a blank in it" },
        { "host (", "the host expression \"(\" is wrong" },
        { "host a b", "\"b\" is one word too many" },
        { "contentFilter 10.0.0.1/8", "\"10.0.0.1/8\" is no address" },
        { "contentFilter 10.0.0.1 none", "not both" },
        { "contentFilter auto none", "\"none\" is one word too many" },
        { "enableProgram nosuch", "no mail program \"nosuch\" is known; there are postfix" },
        { "disableProgram nosuch", "no mail program \"nosuch\" is known" },
        { "stateDirectory state", "must be a full path" },
        { "saveInterval soon", "\"soon\" is not a number of seconds from 0 to 3600" },
        { "saveInterval 3601", "is not a number of seconds" },
        { "saveInterval -1", "is not a number of seconds" },
        { "queue exim", "only Postfix's queues can be read" },
        { "queue postfix spool", "must be a full path" },
        { "queue postfix /var/spool/postfix twice", "\"twice\" is one word too many" },
        { "queue postfix /", "must be a name of 1 to 32 octets" },
        { "queue postfix /var/..", "must be a name of 1 to 32 octets" },
        { "queue postfix /a/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "must be a name of 1 to 32 octets" },
        { "queue postfix "
          "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbb",
          "at most 94 octets" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_wrong(*state, wrong[i].line, wrong[i].words);
}

static void reads_queues(void **state)
{
    struct config *config = read_good(*state, "queue postfix\n"
                                              "Queue Postfix /var/spool/postfix-out///\n"
                                              "queue postfix \"/srv/my queues/in\"\n");

    assert_string_equal(config->queues[0], "/var/spool/postfix");
    assert_string_equal(config_queue_instance(config->queues[0]), "postfix");
    assert_string_equal(config->queues[1], "/var/spool/postfix-out");
    assert_string_equal(config_queue_instance(config->queues[1]), "postfix-out");
    assert_string_equal(config->queues[2], "/srv/my queues/in");
    assert_null(config->queues[3]);
    config_free(config);
    config = read_good(*state, "source file /a\n");
    assert_null(config->queues[0]); /* none is read by itself */
    config_free(config);
}

static void refuses_two_queues_of_one_name_and_too_many(void **state)
{
    struct config *config = config_new();
    char error[CONFIG_ERROR_OCTETS], path[32];

    (void)state;
    assert_true(config_add_queue(config, "/a/postfix", error));
    assert_false(config_add_queue(config, "/a/postfix/", error));
    assert_string_equal(error, "two queues are called \"postfix\"");
    assert_false(config_add_queue(config, "/b/postfix", error));
    for (int i = 1; i < CONFIG_QUEUES_MAX; i++) {
        snprintf(path, sizeof path, "/a/q%d", i);
        assert_true(config_add_queue(config, path, error));
    }
    assert_false(config_add_queue(config, "/a/last", error));
    assert_string_equal(error, "the queue \"/a/last\" is one too many");
    config_free(config);
}

static void refuses_a_word_that_is_too_long(void **state)
{
    char line[2100] = "source file /";

    memset(line + strlen(line), 'x', 2000 - strlen(line));
    assert_wrong(*state, line, "the line is too long");
}

static void refuses_more_filters_than_it_has_room_for(void **state)
{
    char line[512] = "contentFilter";

    for (int i = 0; i <= CONTENT_FILTER_HOSTS_MAX; i++)
        snprintf(line + strlen(line), 24, " 10.0.0.%d", i);
    assert_wrong(*state, line, "\"10.0.0.16\" is one too many");
}

static void leaves_a_good_value_as_it_was_when_the_next_is_wrong(void **state)
{
    unsigned errors;
    struct config *config = read_text(*state, "stateDirectory /good\nstateDirectory bad\n", &errors);

    assert_int_equal(errors, 1);
    assert_string_equal(config->state_directory, "/good");
    config_free(config);
}

static void forgets_everything_when_it_is_read_again(void **state)
{
    unsigned errors;

    read_config_with_type(scratch_write(*state, "a.conf", "source file /a\nhost a\nsource nonsense\n"), TYPE);
    free_config();
    read_config_with_type(scratch_write(*state, "b.conf", "source file /b\n"), TYPE);
    struct config *config = config_take(&errors);

    assert_int_equal(errors, 0);
    assert_int_equal(config->sources_n, 1);
    assert_string_equal(config->sources[0].path, "/b");
    assert_null(config->host_regex);
    config_free(config);
}

struct found {
    char names[1024];
};

/* name(host) in the order of calls; of the directory only what follows its last slash. */
static void take_file(void *context, const char *path, const char *host)
{
    struct found *found = context;

    snprintf(found->names + strlen(found->names), sizeof found->names - strlen(found->names), "%s%s%s%s ",
             strrchr(path, '/') + 1, host ? "(" : "", host ? host : "", host ? ")" : "");
}

static void assert_files(struct scratch *scratch, const char *lines, const char *names)
{
    char text[1024];
    struct found found = { "" };
    struct config *config;

    /* Each D is the directory. */
    text[0] = '\0';
    for (; *lines; lines++)
        snprintf(text + strlen(text), sizeof text - strlen(text), *lines == 'D' ? "%s" : "%.1s",
                 *lines == 'D' ? scratch->directory : lines);
    config = read_good(scratch, text);
    config_each_file(config, take_file, &found);
    assert_string_equal(found.names, names);
    config_free(config);
}

static void expands_globs_without_rotated_and_compressed_names(void **state)
{
    assert_int_equal(scratch_shell(*state, "touch mail.log mail.log.1 mail.log.2.gz mail.log-20261121 "
                                           "mail.log-20261121-0347 mail.log-20261121.xz mail.log.old mail.log~ "
                                           "mail.info mail-01 mail.10.bz2 mail.zst"),
                     0);
    assert_files(*state, "source file D/mail* host=mx1\n", "mail-01(mx1) mail.info(mx1) mail.log(mx1) ");
    assert_files(*state, "source file D/mail.log.1\n", "mail.log.1 ");
    assert_int_equal(scratch_shell(*state, "touch 192.0.2.1 192.0.2.7 192.0.2.1.1"), 0);
    assert_files(*state, "source file D/192*\n", "192.0.2.1 192.0.2.7 ");
}

static void leaves_out_dated_names_only_beside_the_name_without_date(void **state)
{
    assert_int_equal(scratch_shell(*state, "touch mx1.log mx1-20261120.log mx1-20261121-1795132800.log mx1-2.log "
                                           "mx2-20261120.log mx2-2026-11-21.log"),
                     0);
    assert_files(*state, "source file D/*.log\n", "mx1-2.log mx1.log mx2-2026-11-21.log mx2-20261120.log ");
}

static void gives_the_files_of_a_directory_in_their_order(void **state)
{
    struct scratch *scratch = *state;
    struct found found = { "" };
    struct config *config;
    char text[256];

    assert_int_equal(scratch_shell(scratch, "touch current lock state @40000000650000020000000a.u "
                                            "@40000000650000010000000a.s @note"),
                     0);
    snprintf(text, sizeof text, "source directory %s host=mx1\nsource directory /nonexistent\n", scratch->directory);
    config = read_good(scratch, text);
    config_each_file(config, take_file, &found);
    assert_string_equal(found.names, "");
    config_each_file_in_directories(config, take_file, &found);
    assert_string_equal(found.names, "@40000000650000010000000a.s(mx1) @40000000650000020000000a.u(mx1) current(mx1) ");
    config_free(config);
}

static void gives_a_name_that_does_not_exist_but_no_empty_glob(void **state)
{
    assert_files(*state, "source file D/nothing\nsource file D/none*\n", "nothing ");
}

static void gives_a_file_once_that_is_named_twice(void **state)
{
    assert_int_equal(scratch_shell(*state, "touch mail.log mail.err"), 0);
    assert_files(*state, "source file D/mail.log host=a\nsource file D/mail.*\nsource file D/mail.log\n",
                 "mail.log(a) mail.err ");
}

static void searches_hosts_without_regard_to_case(void **state)
{
    char error[CONFIG_ERROR_OCTETS];
    struct host_filter *filter = host_filter_new("^mx[12]\\.", error, sizeof error);

    (void)state;
    assert_non_null(filter);
    assert_true(host_filter_wants(filter, SPAN("MX1.example.org")));
    assert_false(host_filter_wants(filter, SPAN("mx3.example.org")));
    /* It is not NUL-terminated: the dot behind it must not be seen. */
    assert_false(host_filter_wants(filter, span_first(SPAN("mx1.example.org"), 3)));
    assert_false(host_filter_wants(filter, (struct span){ NULL, 0 }));
    host_filter_free(filter);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rrd_files_and_pages_are_configured),
        TEST(has_defaults_when_nothing_is_configured),
        TEST(reads_sources),
        TEST(reads_sources_that_are_no_files),
        TEST(reads_journals),
        TEST(keeps_the_backslashes_of_a_host_expression),
        TEST(reads_content_filters),
        TEST(switches_programs_and_lets_the_last_word_count),
        TEST(reads_the_state_directory),
        TEST(reads_queues),
        TEST(refuses_two_queues_of_one_name_and_too_many),
        TEST(tells_wrong_values_with_file_and_line),
        TEST(refuses_a_word_that_is_too_long),
        TEST(refuses_more_filters_than_it_has_room_for),
        TEST(leaves_a_good_value_as_it_was_when_the_next_is_wrong),
        TEST(forgets_everything_when_it_is_read_again),
        TEST(expands_globs_without_rotated_and_compressed_names),
        TEST(leaves_out_dated_names_only_beside_the_name_without_date),
        TEST(gives_the_files_of_a_directory_in_their_order),
        TEST(gives_a_name_that_does_not_exist_but_no_empty_glob),
        TEST(gives_a_file_once_that_is_named_twice),
        TEST(searches_hosts_without_regard_to_case),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("config", tests, register_once, NULL);
}
