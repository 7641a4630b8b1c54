/* Postfix's queues: what showq writes, whole, in pieces, cut, of other releases and of others altogether; a server that
 * hangs or is not there; what is said then; and the threads that read every so often.
 *
 * The replies are written by a thread of the test on a socket of its own; the real Postfix is tests/live/queue's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "../../agent/queues.h"
#include "../../source/queue.h"

/* A NUL is written as `|`. */
#define PROTOCOL "protocol|mail_queue_list_protocol||"
#define HEAD(queue, time, size) \
    "queue_name|" queue "|queue_id|4D1F2A3B|time|" time "|size|" size "|forced_expire|0|sender|ann@example.org|"
#define MESSAGE(queue, time, size) HEAD(queue, time, size) "recipient|bob@example.com|reason|connect: refused||"

static char *with_nuls(const char *text, size_t *n)
{
    char *octets = strdup(text);

    *n = strlen(text);
    for (size_t i = 0; i < *n; i++)
        if (octets[i] == '|')
            octets[i] = '\0';
    return octets;
}

#define TEN(text) text text text text text text text text text text

/* ---- the reply alone ---- */

/* In pieces of so many octets. */
static bool take(struct showq *showq, const char *text, size_t piece)
{
    size_t n;
    char *octets = with_nuls(text, &n);
    bool good = true;

    showq_begin(showq);
    for (size_t i = 0; i < n && good; i += piece) {
        size_t more = n - i < piece ? n - i : piece;
        char *exact = malloc(more); /* so that the sanitiser sees a look behind it */

        memcpy(exact, octets + i, more);
        good = showq_take(showq, exact, more);
        free(exact);
    }
    free(octets);
    return good;
}

static void assert_counts(const struct showq *showq, enum queue_name queue, uint64_t messages, uint64_t octets,
                          int64_t oldest)
{
    assert_int_equal(showq->counts[queue].messages, messages);
    assert_int_equal(showq->counts[queue].octets, octets);
    assert_int_equal(showq->counts[queue].oldest, oldest);
}

static void messages_are_summed_up_by_queue(void **state)
{
    static const char reply[] = PROTOCOL MESSAGE("maildrop", "1795907000", "7") MESSAGE("hold", "1795900000", "1000")
        MESSAGE("incoming", "1795907220", "20") MESSAGE("active", "1795907221", "300")
            MESSAGE("deferred", "1795907003", "4000") MESSAGE("deferred", "1795907002", "5000")
                MESSAGE("deferred", "1795907004", "6000") "|";

    (void)state;
    for (size_t piece = 1; piece <= sizeof reply; piece = piece < 70 ? piece + 1 : piece * 2) {
        struct showq showq;

        assert_true(take(&showq, reply, piece));
        assert_true(showq.ended);
        assert_counts(&showq, QUEUE_MAILDROP, 1, 7, 1795907000);
        assert_counts(&showq, QUEUE_HOLD, 1, 1000, 1795900000);
        assert_counts(&showq, QUEUE_INCOMING, 1, 20, 1795907220);
        assert_counts(&showq, QUEUE_ACTIVE, 1, 300, 1795907221);
        assert_counts(&showq, QUEUE_DEFERRED, 3, 15000, 1795907002);
    }
}

static void an_empty_queue_is_no_error(void **state)
{
    struct showq showq;

    (void)state;
    assert_true(take(&showq, PROTOCOL "|", 1000));
    assert_true(showq.ended);
    assert_counts(&showq, QUEUE_DEFERRED, 0, 0, INT64_MAX);
    assert_true(take(&showq, "|", 1000)); /* of a release that does not name its protocol */
    assert_true(showq.ended);
}

/* The first releases with this form have no protocol and fewer attributes; later ones will have more. */
static void releases_before_and_after_are_understood(void **state)
{
    struct showq showq;

    (void)state;
    assert_true(
        take(&showq,
             "queue_name|deferred|queue_id|A|time|5|size|6|sender||recipient|a@b|reason|x||"
             "new_thing|1|queue_name|new_queue|queue_id|B|time|5|size|7||"
             "size|8|time|4|queue_name|active|queue_id|C|sender|x|recipient|a@b|reason||recipient|c@d|reason||||",
             1000));
    assert_true(showq.ended);
    assert_counts(&showq, QUEUE_DEFERRED, 1, 6, 5);
    assert_counts(&showq, QUEUE_ACTIVE, 1, 8, 4);
}

/* Whoever sends mail chooses addresses, and the remote server the reason. */
static void what_others_wrote_moves_no_number(void **state)
{
    struct showq showq;
    char reply[70000], filler[60001];

    (void)state;
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    snprintf(reply, sizeof reply,
             HEAD("deferred", "5", "6") "recipient|queue_name|reason|queue_name hold||" HEAD(
                 "deferred", "7", "8") "recipient|%s|reason|%s\nsize||"
                                       "|",
             filler, "time\t1\n\x1b[2J\xff");
    for (size_t piece = 1; piece < 100000; piece *= 7) {
        assert_true(take(&showq, reply, piece));
        assert_true(showq.ended);
        assert_counts(&showq, QUEUE_DEFERRED, 2, 14, 5);
        assert_counts(&showq, QUEUE_HOLD, 0, 0, INT64_MAX);
    }
}

static void what_is_no_list_is_refused_and_says_why(void **state)
{
    static const struct {
        const char *reply, *why;
    } wrong[] = {
        { "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n", "older than 3.1" },
        { "Mail queue is empty\n", "older than 3.1" },
        { "220 mx1.example.org ESMTP Postfix|", "not Postfix's list" },
        { "\x16\x03\x01|", "not Postfix's list" },
        { "queue name|deferred|", "not Postfix's list" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "not Postfix's list" },
        { "protocol|mail_delivery_agent_protocol||", "protocol" },
        { PROTOCOL PROTOCOL "|", "without queue, time or size" },
        { HEAD("deferred", "x", "6"), "time is no number" },
        { HEAD("deferred", "-5", "6"), "time is no number" },
        { HEAD("deferred", "", "6"), "time is no number" },
        { HEAD("deferred", "5", "6 octets"), "size is no number" },
        { HEAD("deferred", "5", "9999999999999999999"), "size is no number" },
        { "queue_name|deferred|time|5||", "without queue, time or size" },
        { "queue_name|deferred|size|5||", "without queue, time or size" },
        { "time|5|size|5||", "without queue, time or size" },
        { "queue_id|A||", "without queue, time or size" },
        { HEAD("deferred", "5", "6") HEAD("deferred", "5", "6"), "two queues" },
        { MESSAGE("deferred", "5", "6") "|queue_name|", "behind its end" },
        { "||", "behind its end" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct showq showq;

        assert_false(take(&showq, wrong[i].reply, 1000));
        if (!showq.wrong || !strstr(showq.wrong, wrong[i].why))
            fail_msg("%s: \"%s\" does not say \"%s\"", wrong[i].reply, showq.wrong, wrong[i].why);
        assert_false(showq_take(&showq, "", 1)); /* it stays so */
    }
}

static void sums_stay_at_their_greatest_value(void **state)
{
    struct showq showq;
    size_t n;
    char *message = with_nuls(MESSAGE("active", "5", "999999999999999999"), &n);

    (void)state;
    showq_begin(&showq);
    for (int i = 0; i < 20; i++)
        assert_true(showq_take(&showq, message, n));
    free(message);
    assert_counts(&showq, QUEUE_ACTIVE, 20, UINT64_MAX, 5);
}

/* Octets at random, and good replies with octets changed: nothing is read that is not there, and nothing is counted
 * that was not written. */
static void random_octets_do_no_harm(void **state)
{
    static const char reply[] =
        PROTOCOL MESSAGE("deferred", "1795907003", "4000") MESSAGE("active", "1795907003", "30") "|";
    unsigned random = (unsigned)time(NULL);

    (void)state;
    print_message("# seed %u\n", random);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof reply];
        struct showq showq;

        memcpy(text, reply, sizeof reply);
        for (unsigned changes = (unsigned)rand_r(&random) % 4 + 1; changes; changes--) {
            unsigned octet = (unsigned)rand_r(&random) % 255 + 1;

            text[(unsigned)rand_r(&random) % (sizeof reply - 1)] = (char)octet;
        }
        if (take(&showq, text, 1 + (unsigned)rand_r(&random) % 40) && showq.ended)
            assert_true(showq.counts[QUEUE_DEFERRED].messages <= 2);
    }
}

/* ---- the socket ---- */

/* Answers each connection with the text, in pieces; then waits until the other side goes, or closes. */
struct server {
    char directory[80]; /* the queue directory */
    int fd;
    pthread_t thread;
    const char *reply;
    size_t piece;
    unsigned long repeats; /* of the reply */
    bool hangs;            /* does not close */
    atomic_bool ending;
    atomic_int connections;
};

static bool send_all(int fd, const char *octets, size_t n)
{
    while (n) {
        ssize_t done = send(fd, octets, n, MSG_NOSIGNAL);

        if (done <= 0)
            return false;
        octets += done;
        n -= (size_t)done;
    }
    return true;
}

static void *serve(void *context)
{
    struct server *s = context;
    size_t n, end_n;
    char *octets = with_nuls(s->reply, &n), *end = with_nuls(s->hangs ? "" : "|", &end_n);
    char octet;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        bool good = !atomic_load(&s->ending);

        if (!good) {
            close(fd);
            break;
        }
        atomic_fetch_add(&s->connections, 1);
        for (unsigned long i = 0; i < (s->repeats ? s->repeats : 1) && good; i++)
            for (size_t at = 0; at < n && good; at += s->piece)
                good = send_all(fd, octets + at, n - at < s->piece ? n - at : s->piece);
        if (s->repeats)
            send_all(fd, end, end_n);
        while (s->hangs && good && recv(fd, &octet, 1, 0) > 0)
            ;
        close(fd);
    }
    free(octets);
    free(end);
    return NULL;
}

static struct sockaddr_un address_of(const char *directory)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof address.sun_path, "%.80s" QUEUE_SOCKET, directory);
    return address;
}

/* Binds the socket, so that it is there; serve_on() answers. */
static void bind_showq(struct server *s, struct scratch *scratch, const char *name)
{
    struct sockaddr_un address;
    char public[96];

    *s = (struct server){ .piece = 1 << 16 };
    snprintf(s->directory, sizeof s->directory, "%s/%s", scratch->directory, name);
    snprintf(public, sizeof public, "%s/public", s->directory);
    mkdir(s->directory, 0755);
    mkdir(public, 0755);
    address = address_of(s->directory);
    unlink(address.sun_path);
    s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
}

static void serve_on(struct server *s, const char *reply)
{
    s->reply = reply;
    assert_int_equal(listen(s->fd, 5), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop_serving(struct server *s)
{
    struct sockaddr_un address = address_of(s->directory);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    atomic_store(&s->ending, true);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    pthread_join(s->thread, NULL);
    close(fd);
    close(s->fd);
}

static const struct queue_limits limits = { .silence_ms = 20000, .whole_ms = 60000 };
static const struct queue_limits short_limits = { .silence_ms = 100, .whole_ms = 60000 };

static void assert_says(const char *error, const char *words)
{
    if (!strstr(error, words))
        fail_msg("\"%s\" does not say \"%s\"", error, words);
}

static void a_reply_is_read_from_the_socket(void **state)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];

    for (size_t piece = 1; piece < 100000; piece *= 300) {
        struct server server;

        bind_showq(&server, *state, "postfix");
        server.piece = piece;
        serve_on(&server, PROTOCOL MESSAGE("deferred", "5", "6") MESSAGE("hold", "7", "8") "|");
        if (!queue_read(server.directory, &limits, -1, counts, error))
            fail_msg("%s", error);
        assert_int_equal(counts[QUEUE_DEFERRED].messages, 1);
        assert_int_equal(counts[QUEUE_HOLD].octets, 8);
        assert_int_equal(counts[QUEUE_ACTIVE].messages, 0);
        stop_serving(&server);
    }
}

static long resident_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void a_million_messages_need_no_memory(void **state)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];
    struct server server;
    long before_kib;

    bind_showq(&server, *state, "postfix");
#ifdef __SANITIZE_THREAD__ /* which remembers every access, and is slow */
    server.repeats = 1000;
#else
    server.repeats = 100000;
#endif
    serve_on(&server, TEN(MESSAGE("deferred", "1795907003", "4000")));
    before_kib = resident_kib();
    if (!queue_read(server.directory, &limits, -1, counts, error))
        fail_msg("%s", error);
    assert_int_equal(counts[QUEUE_DEFERRED].messages, 10ull * (unsigned)server.repeats);
    assert_int_equal(counts[QUEUE_DEFERRED].octets, 40000ull * (unsigned)server.repeats);
#ifdef __SANITIZE_THREAD__
    (void)before_kib;
#else
    assert_in_range(resident_kib() - before_kib, 0, 2048);
#endif
    stop_serving(&server);
}

static void what_is_cut_off_or_not_understood_is_refused(void **state)
{
    static const struct {
        const char *reply, *words;
    } wrong[] = {
        { "", "breaks off" },
        { PROTOCOL, "breaks off" },
        { PROTOCOL MESSAGE("deferred", "5", "6"), "breaks off" },
        { PROTOCOL MESSAGE("deferred", "5", "6") HEAD("active", "5", "6"), "breaks off" },
        { "Mail queue is empty\n", "older than 3.1" },
        { "HTTP/1.1 400 Bad Request\r\n", "not understood" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct queue_counts counts[QUEUES] = { { .messages = 77 } };
        char error[QUEUE_ERROR_OCTETS];
        struct server server;

        bind_showq(&server, *state, "postfix");
        serve_on(&server, wrong[i].reply);
        assert_false(queue_read(server.directory, &limits, -1, counts, error));
        assert_says(error, server.directory);
        assert_says(error, wrong[i].words);
        assert_int_equal(counts[0].messages, 77); /* nothing of it is taken */
        stop_serving(&server);
    }
}

static void a_server_that_says_nothing_is_not_waited_for(void **state)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];
    struct server server;

    bind_showq(&server, *state, "postfix");
    server.hangs = true;
    serve_on(&server, PROTOCOL MESSAGE("deferred", "5", "6"));
    assert_false(queue_read(server.directory, &short_limits, -1, counts, error));
    assert_says(error, "said nothing");
    stop_serving(&server);
}

static void a_list_without_an_end_is_not_read_for_ever(void **state)
{
    const struct queue_limits whole = { .silence_ms = 20000, .whole_ms = 300 };
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];
    struct server server;

    bind_showq(&server, *state, "postfix");
    server.repeats = ULONG_MAX;
    serve_on(&server, MESSAGE("deferred", "5", "6"));
    assert_false(queue_read(server.directory, &whole, -1, counts, error));
    assert_says(error, "did not end within");
    stop_serving(&server);
}

/* The kernel takes connections for a server that never asks for them, until their number is that of listen(). */
static void a_full_backlog_is_not_waited_for(void **state)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];
    struct server server;
    struct sockaddr_un address;
    int fds[16];

    bind_showq(&server, *state, "postfix");
    assert_int_equal(listen(server.fd, 0), 0);
    address = address_of(server.directory);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fds[i], (struct sockaddr *)&address, sizeof address) != 0)
            assert_int_equal(errno, EAGAIN);
    }
    assert_false(queue_read(server.directory, &short_limits, -1, counts, error));
    assert_says(error, "takes no connection");
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        close(fds[i]);
    close(server.fd);
}

static void reading_ends_when_it_is_told_to(void **state)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS] = "x";
    struct server server;
    int stop_fd = eventfd(1, EFD_CLOEXEC);

    bind_showq(&server, *state, "postfix");
    server.hangs = true;
    serve_on(&server, PROTOCOL);
    assert_false(queue_read(server.directory, &limits, stop_fd, counts, error));
    assert_string_equal(error, "");
    stop_serving(&server);
    close(stop_fd);
}

static void what_is_missing_is_told(void **state)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS], nowhere[100], longest[200];
    struct server server;

    bind_showq(&server, *state, "postfix"); /* nobody listens */
    assert_false(queue_read(server.directory, &limits, -1, counts, error));
    assert_says(error, "Postfix does not run");
    close(server.fd);
    unlink(address_of(server.directory).sun_path);
    assert_false(queue_read(server.directory, &limits, -1, counts, error));
    assert_says(error, "never been started");
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", server.directory);
    assert_false(queue_read(nowhere, &limits, -1, counts, error));
    assert_says(error, "no such directory");
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    assert_false(queue_read(longest, &limits, -1, counts, error));
    assert_true(strlen(error) < sizeof error);
}

/* As an ordinary user, with and without the group; the names are this machine's. In a process of its own. */
static void in_a_child_as(uid_t uid, gid_t group, void (*check)(const char *directory), const char *directory)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (setgroups(group ? 1 : 0, &group) != 0 || setgid(65534) != 0 || setuid(uid) != 0)
            _exit(99);
        check(directory);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void says_which_group_helps(const char *directory)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS], words[200];

    if (queue_read(directory, &limits, -1, counts, error))
        _exit(1);
    snprintf(words, sizeof words, "user nobody may not use %s/public: usermod -aG mail nobody, then restart mailtallyd",
             directory);
    if (!strstr(error, words)) {
        fprintf(stderr, "# %s\n", error);
        _exit(2);
    }
}

static void says_that_no_group_helps(const char *directory)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS], words[200];

    snprintf(words, sizeof words, "nor may its group mail: setfacl -m u:nobody:x %s/public", directory);
    if (queue_read(directory, &limits, -1, counts, error) || !strstr(error, words))
        _exit(1);
}

static void says_that_the_socket_is_closed(const char *directory)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];

    if (queue_read(directory, &limits, -1, counts, error) || !strstr(error, "/public/showq: usermod -aG mail nobody"))
        _exit(1);
}

static void reads_one(const char *directory)
{
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];

    if (!queue_read(directory, &limits, -1, counts, error) || counts[QUEUE_ACTIVE].messages != 1)
        _exit(1);
}

#define NOBODY 65534
#define MAIL   8 /* Debian's group */

static void the_group_that_helps_is_named(void **state)
{
    struct scratch *scratch = *state;
    const struct group *group = getgrgid(MAIL);
    struct server server;
    char public[96];

    if (geteuid() != 0 || !group || strcmp(group->gr_name, "mail") != 0)
        skip();
    chmod(scratch->directory, 0755);
    bind_showq(&server, scratch, "postfix");
    serve_on(&server, PROTOCOL MESSAGE("active", "5", "6") "|");
    snprintf(public, sizeof public, "%s/public", server.directory);
    assert_int_equal(chown(public, 0, MAIL), 0);
    chmod(public, 02710); /* as Postfix has it */
    chmod(address_of(server.directory).sun_path, 0666);
    in_a_child_as(NOBODY, 0, says_which_group_helps, server.directory);
    in_a_child_as(NOBODY, MAIL, reads_one, server.directory);
    chmod(public, 0700);
    in_a_child_as(NOBODY, MAIL, says_that_no_group_helps, server.directory);
    chmod(public, 0711);
    assert_int_equal(chown(address_of(server.directory).sun_path, 0, MAIL), 0);
    chmod(address_of(server.directory).sun_path, 0660);
    in_a_child_as(NOBODY, 0, says_that_the_socket_is_closed, server.directory);
    stop_serving(&server);
}

/* ---- the threads ---- */

static const struct queues_times times = { .limits = { 300, 60000 }, .every_ms = 20, .again_ms = 20 };

static struct config *config_with(const char *one, const char *other)
{
    struct config *config = config_new();
    char error[CONFIG_ERROR_OCTETS];

    assert_true(config_add_queue(config, one, error));
    if (other)
        assert_true(config_add_queue(config, other, error));
    return config;
}

static void configure(struct queues *queues, const char *one, const char *other)
{
    struct config *config = config_with(one, other);

    assert_true(queues_configure(queues, config));
    config_free(config);
}

/* Looks until there are so many readable queues, and a text with these words, or none. */
static struct snapshot *wait_until(struct queues *queues, size_t n, const char *words)
{
    static struct snapshot s;

    for (int i = 0; i < 3000; i++) {
        queues_look(queues);
        queues_fill(queues, &s);
        if (s.queues_n == n && (words ? strstr(s.queue_text, words) != NULL : !s.queue_text[0]))
            return &s;
        poll(NULL, 0, 10);
    }
    fail_msg("%zu queues, \"%s\": not %zu, \"%s\"", s.queues_n, s.queue_text, n, words ? words : "");
    return NULL;
}

static void queues_are_read_again_and_again(void **state)
{
    struct queues *queues = queues_new(&times);
    struct server server;

    bind_showq(&server, *state, "postfix");
    configure(queues, server.directory, NULL);
    wait_until(queues, 0, "Postfix does not run");
    serve_on(&server, PROTOCOL MESSAGE("active", "5", "6") "|");
    assert_int_equal(wait_until(queues, 1, NULL)->queues[0].counts[QUEUE_ACTIVE].messages, 1);
    while (atomic_load(&server.connections) < 5)
        poll(NULL, 0, 10);
    stop_serving(&server);
    wait_until(queues, 0, "Postfix does not run");
    bind_showq(&server, *state, "postfix");
    serve_on(&server, PROTOCOL MESSAGE("hold", "5", "6") MESSAGE("hold", "5", "6") "|");
    assert_int_equal(wait_until(queues, 1, NULL)->queues[0].counts[QUEUE_HOLD].messages, 2);
    queues_free(queues);
    stop_serving(&server);
}

/* One hangs, the other is read; in the order of OIDs. */
static void one_that_hangs_holds_nobody_up(void **state)
{
    struct queues *queues = queues_new(&times);
    struct server hanging, good;
    struct snapshot *s;

    bind_showq(&hanging, *state, "a");
    bind_showq(&good, *state, "postfix");
    hanging.hangs = true;
    serve_on(&hanging, PROTOCOL);
    serve_on(&good, PROTOCOL MESSAGE("active", "5", "6") "|");
    configure(queues, hanging.directory, good.directory);
    s = wait_until(queues, 1, "said nothing");
    assert_string_equal(s->queues[0].instance, "postfix");
    stop_serving(&hanging);
    bind_showq(&hanging, *state, "a");
    serve_on(&hanging, PROTOCOL "|");
    s = wait_until(queues, 2, NULL);
    assert_memory_equal(s->queues[0].instance, "a", s->queues[0].instance_octets);
    assert_memory_equal(s->queues[1].instance, "postfix", s->queues[1].instance_octets);
    queues_free(queues);
    stop_serving(&hanging);
    stop_serving(&good);
}

/* What a new configuration names no more is gone at once; what it names still is read again at once, and shown
 * meanwhile. */
static void a_new_configuration_counts_at_once(void **state)
{
    const struct queues_times rare = { .limits = { 300, 60000 }, .every_ms = 3600000, .again_ms = 3600000 };
    struct queues *queues = queues_new(&rare);
    struct server one, other;
    struct snapshot s;
    struct config *none = config_new();

    bind_showq(&one, *state, "one");
    bind_showq(&other, *state, "other");
    serve_on(&one, PROTOCOL "|");
    configure(queues, one.directory, other.directory);
    wait_until(queues, 1, "Postfix does not run");
    serve_on(&other, PROTOCOL "|");
    configure(queues, one.directory, other.directory);
    wait_until(queues, 2, NULL);
    while (queues_look(queues)) /* then there is no news, for the next reading is in an hour */
        poll(NULL, 0, 100);
    configure(queues, other.directory, NULL);
    queues_fill(queues, &s);
    assert_int_equal(s.queues_n, 1);
    assert_string_equal(s.queue_text, "");
    assert_int_equal(queues_look(queues), true);
    while (atomic_load(&other.connections) < 2)
        poll(NULL, 0, 10);
    queues_configure(queues, none);
    queues_fill(queues, &s);
    assert_int_equal(s.queues_n, 0);
    config_free(none);
    queues_free(queues);
    stop_serving(&one);
    stop_serving(&other);
}

static void ending_waits_for_no_server(void **state)
{
    const struct queues_times patient = { .limits = { 3600000, 3600000 }, .every_ms = 20, .again_ms = 20 };
    struct queues *queues = queues_new(&patient);
    struct server server;

    bind_showq(&server, *state, "postfix");
    server.hangs = true;
    serve_on(&server, PROTOCOL);
    configure(queues, server.directory, NULL);
    while (atomic_load(&server.connections) < 1)
        poll(NULL, 0, 10);
    queues_free(queues); /* the sanitiser complains of what is left */
    stop_serving(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_summed_up_by_queue),
        cmocka_unit_test(an_empty_queue_is_no_error),
        cmocka_unit_test(releases_before_and_after_are_understood),
        cmocka_unit_test(what_others_wrote_moves_no_number),
        cmocka_unit_test(what_is_no_list_is_refused_and_says_why),
        cmocka_unit_test(sums_stay_at_their_greatest_value),
        cmocka_unit_test(random_octets_do_no_harm),
        TEST(a_reply_is_read_from_the_socket),
        TEST(a_million_messages_need_no_memory),
        TEST(what_is_cut_off_or_not_understood_is_refused),
        TEST(a_server_that_says_nothing_is_not_waited_for),
        TEST(a_list_without_an_end_is_not_read_for_ever),
        TEST(a_full_backlog_is_not_waited_for),
        TEST(reading_ends_when_it_is_told_to),
        TEST(what_is_missing_is_told),
        TEST(the_group_that_helps_is_named),
        TEST(queues_are_read_again_and_again),
        TEST(one_that_hangs_holds_nobody_up),
        TEST(a_new_configuration_counts_at_once),
        TEST(ending_waits_for_no_server),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
