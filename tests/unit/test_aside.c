/* Sources on a file system that stops answering: it hangs alone, is told, and goes on by itself; every line once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "following.h"
#include "fuse_server.h"

#include "../../source/lane.h"
#include "../../source/mounts.h"

#define HANG_MS 400

static const char *cannot; /* why there is no such file system here */

struct remote {
    struct following *following;
    struct fuse_server *server;
};

static int begin_remote(void **state)
{
    struct remote *remote = calloc(1, sizeof *remote);
    void *following = NULL;

    if (!remote || begin(&following) != 0)
        return -1;
    remote->following = following;
    remote->following->set->hang_ms = HANG_MS;
    if (!cannot)
        remote->server = fuse_mount(remote->following->scratch, "m");
    *state = remote;
    return 0;
}

static int end_remote(void **state)
{
    struct remote *remote = *state;
    void *following = remote->following;
    int result;

    if (remote->server)
        fuse_unmount(remote->server);
    result = end(&following);
    free(remote);
    return result;
}

#define NEEDS_FUSE(remote)            \
    do {                              \
        if (!(remote)->server) {      \
            printf("# %s\n", cannot); \
            skip();                   \
        }                             \
    } while (0)

static void restart(struct following *f)
{
    struct store store = { 0 };
    struct load load;

    source_set_save(f->set, &store);
    source_set_free(f->set);
    f->set = source_set_new();
    f->set->quiet_ms = QUIET_MS;
    f->set->hang_ms = HANG_MS;
    load = load_of((struct span){ (const char *)store.octets, store.n });
    assert_true(source_set_load(f->set, &load));
    store_free(&store);
}

static void wait_for_state(struct following *f, size_t source, enum source_state state)
{
    int64_t deadline = source_clock_ms() + PATIENCE_MS;

    while (status_of(f, source).state != state && source_clock_ms() < deadline) {
        read_all(f);
        source_set_wait(f->set, 20, -1);
    }
    assert_int_equal(status_of(f, source).state, state);
}

/* ---- the table of mounts ---- */

static void knows_what_lies_on_remote_file_systems(void **state)
{
    struct scratch *scratch = ((struct remote *)*state)->following->scratch;
    struct mounts *mounts;
    char text[2048], path[256];

    snprintf(text, sizeof text,
             "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
             "23 22 0:40 / /net/logs rw,relatime shared:7 - nfs4 server:/logs rw\n"
             "24 23 8:2 / /net/logs/local rw - xfs /dev/sdb rw\n"
             "25 22 0:41 / /with\\040blank rw master:1 propagate_from:2 - fuse.sshfs host: rw\n"
             "26 22 8:3 / /windows rw - fuseblk /dev/sdc rw\n"
             "27 22 0:42 / %s/mount rw - cifs //server/share rw\n"
             "28 22 0:43 / /twice rw - nfs a:/b rw\n"
             "29 22 8:4 / /twice rw - ext4 /dev/sdd rw\n"
             "a line that is no mount\n",
             scratch->directory);
    mounts = mounts_new(strdupa(scratch_write(scratch, "table", text)));
    assert_non_null(mounts);
    assert_null(mounts_remote(mounts, "/var/log/mail.log"));
    assert_string_equal(mounts_remote(mounts, "/net/logs/mail.log"), "/net/logs");
    assert_string_equal(mounts_remote(mounts, "/net/./logs//mx/../mail.log"), "/net/logs");
    assert_null(mounts_remote(mounts, "/net/logsmail.log"));
    assert_null(mounts_remote(mounts, "/net/mail.log"));
    assert_string_equal(mounts_remote(mounts, "/with blank/x"), "/with blank");
    assert_null(mounts_remote(mounts, "/windows/x"));
    assert_null(mounts_remote(mounts, "/twice/x"));
    /* What a link leads to counts; a link on the remote side is never looked at. */
    assert_int_equal(scratch_shell(scratch, "ln -s mount/logs dir; ln -s loop loop; ln -s dir/a.log a.log"), 0);
    snprintf(path, sizeof path, "%s/mount", scratch->directory);
    assert_string_equal(mounts_remote(mounts, scratch_path(scratch, "dir/b.log")), path);
    assert_string_equal(mounts_remote(mounts, scratch_path(scratch, "a.log")), path);
    assert_null(mounts_remote(mounts, scratch_path(scratch, "loop")));
    assert_non_null(mounts_remote_pattern(mounts, "/net/logs/*.log"));
    assert_non_null(mounts_remote_pattern(mounts, "/net/*/mail.log"));
    assert_non_null(mounts_remote_pattern(mounts, "/n*/logs/mail.log"));
    assert_null(mounts_remote_pattern(mounts, "/var/log/*.log"));
    mounts_free(mounts);
    mounts = mounts_new("/nonexistent");
    assert_null(mounts_remote(mounts, "/net/logs/mail.log"));
    mounts_free(mounts);
}

/* ---- reading ---- */

static void reads_follows_and_goes_on_after_a_stop(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;

    NEEDS_FUSE(remote);
    fuse_append(remote->server, "log", "one\ntw");
    add(f, "m/log");
    expect(f, "one\n");
    fuse_append(remote->server, "log", "o\n");
    expect(f, "two\n");
    assert_int_equal(status_of(f, 0).lines, 2);
    assert_int_equal(status_of(f, 0).octets, 8);
    assert_int_equal(status_of(f, 0).type, SOURCE_FILE);
    restart(f);
    fuse_append(remote->server, "log", "three\n");
    fuse_rename(remote->server, "log", "log.1");
    fuse_append(remote->server, "log", "four\n");
    add(f, "m/log");
    expect(f, "three\nfour\n");
    assert_int_equal(status_of(f, 0).lines, 4);
    assert_int_equal(status_of(f, 0).rotations, 1);
    restart(f);
    add(f, "m/log");
    expect_nothing_for(f, 300);
}

static void gives_overlong_lines_in_their_place(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    static char overlong[100002];

    NEEDS_FUSE(remote);
    memset(overlong, 'x', sizeof overlong - 2);
    overlong[sizeof overlong - 2] = '\n';
    fuse_append(remote->server, "log", "one\n");
    fuse_append(remote->server, "log", overlong);
    fuse_append(remote->server, "log", "\n\ntwo\n");
    fuse_append(remote->server, "log", overlong);
    add(f, "m/log");
    expect(f, "one\n\n\ntwo\n");
    expect_nothing_for(f, 100);
    assert_int_equal(f->given.overlong, 2);
    assert_int_equal(status_of(f, 0).lines, 6);
}

static void saves_the_position_of_what_was_handed_over(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    struct source_lines lines = { take_line, take_overlong, &f->given };
    char text[12000];
    size_t wanted = 0;

    NEEDS_FUSE(remote);
    for (int i = 0; i < 400; i++) {
        size_t n = 0;

        for (int line = 0; line < 400; line++, wanted++)
            n += (size_t)sprintf(text + n, "line %06zu of a busy log\n", wanted);
        fuse_append(remote->server, "log", text);
    }
    add(f, "m/log");
    for (int stops = 0; f->given.lines < wanted && stops < 100; stops++) {
        int64_t deadline = source_clock_ms() + 60;

        /* Nothing more than a block at a time; the thread reads ahead meanwhile. */
        f->given.n = 0;
        while (source_clock_ms() < deadline && source_set_read(f->set, 1, &lines) == 0)
            source_set_wait(f->set, 10, -1);
        if (f->given.n) {
            unsigned last = 0;

            f->given.text[f->given.n] = '\0';
            assert_int_equal(sscanf(f->given.text + f->given.n - 26, "line %u", &last), 1);
            assert_int_equal(last, f->given.lines - 1);
        }
        restart(f);
        add(f, "m/log");
    }
    assert_int_equal(f->given.lines, wanted);
}

static void reads_ahead_no_more_than_the_queue_holds(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    static char text[1 << 20];

    NEEDS_FUSE(remote);
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 99; i < sizeof text; i += 100)
        text[i] = '\n';
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 8; i++)
        fuse_append(remote->server, "log", text);
    add(f, "m/log");
    while (*(volatile uint64_t *)&remote->server->octets_read < LANE_BLOCKS * READER_BUFFER_OCTETS)
        usleep(10 * 1000);
    usleep(300 * 1000);
    assert_in_range(remote->server->octets_read, READER_BUFFER_OCTETS, (LANE_BLOCKS + 1) * READER_BUFFER_OCTETS);
    assert_true(source_set_settles(f->set));
    while (status_of(f, 0).octets < 8 * (sizeof text - 1) - 200) {
        read_all(f);
        source_set_wait(f->set, 20, -1);
    }
    f->given.n = 0;
    expect_nothing_for(f, 200);
    assert_false(source_set_settles(f->set));
}

static void follows_many_files_with_few_threads(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    char name[32];

    NEEDS_FUSE(remote);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "log%d", i);
        fuse_append(remote->server, name, "first\n");
        snprintf(name, sizeof name, "m/log%d", i);
        add(f, name);
    }
    while (f->given.lines < 40)
        source_set_wait(f->set, 50, -1), read_all(f);
    f->given.n = 0;
    f->given.tagged = true;
    fuse_append(remote->server, "log17", "second\n");
    expect(f, "17:second\n");
    assert_int_equal(scratch_shell(f->scratch, "test $(ls /proc/$PPID/task | wc -l) -le 8"), 0);
}

/* ---- hanging ---- */

static void hangs_alone_is_told_and_goes_on(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    int64_t begun;

    NEEDS_FUSE(remote);
    fuse_append(remote->server, "log", "one\n");
    scratch_write(f->scratch, "local", "1\n");
    add(f, "m/log");
    add(f, "local");
    f->given.tagged = true;
    while (f->given.lines < 2)
        source_set_wait(f->set, 50, -1), read_all(f);
    f->given.n = 0;
    fuse_stop(remote->server, true);
    wait_for_state(f, 0, SOURCE_FAILED);
    assert_non_null(strstr(status_of(f, 0).last_error, "m/log: does not answer since 20"));
    assert_non_null(strstr(status_of(f, 0).last_error, "; see whether the mount is alive"));
    assert_int_equal(status_of(f, 0).errors, 1);
    assert_false(source_set_settles(f->set));
    begun = source_clock_ms();
    for (int i = 0; i < 5; i++) {
        scratch_append(f->scratch, "local", "2\n");
        expect(f, "1:2\n");
    }
    assert_in_range(source_clock_ms() - begun, 0, 1000);
    expect_nothing_for(f, 300);
    assert_int_equal(status_of(f, 0).errors, 1);
    assert_int_equal(status_of(f, 1).state, SOURCE_OK);
    fuse_append(remote->server, "log", "two\n");
    fuse_stop(remote->server, false);
    expect(f, "0:two\n");
    wait_for_state(f, 0, SOURCE_OK);
    assert_string_equal(status_of(f, 0).last_error, "");
}

static void keeps_its_position_while_it_hangs(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    int64_t begun;

    NEEDS_FUSE(remote);
    fuse_append(remote->server, "log", "one\n");
    add(f, "m/log");
    expect(f, "one\n");
    fuse_append(remote->server, "log", "two\n");
    fuse_stop(remote->server, true);
    wait_for_state(f, 0, SOURCE_FAILED);
    f->given.n = 0;
    for (int i = 0; i < 3; i++) {
        begun = source_clock_ms();
        restart(f); /* nobody waits for the threads that hang */
        add(f, "m/log");
        assert_in_range(source_clock_ms() - begun, 0, 2000);
        wait_for_state(f, 0, SOURCE_FAILED);
    }
    fuse_stop(remote->server, false);
    expect(f, "two\n");
    expect_nothing_for(f, 200);
}

static void note_path(void *context, const char *path)
{
    struct given *given = context;

    given->n += (size_t)snprintf(given->text + given->n, GIVEN_OCTETS - given->n, "%s\n", path);
}

static void expands_patterns_without_hanging(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    struct given *given = &f->given;
    char pattern[256];
    int64_t begun;

    NEEDS_FUSE(remote);
    fuse_append(remote->server, "a.log", "one\n");
    fuse_append(remote->server, "b.log", "two\n");
    strcpy(pattern, scratch_path(f->scratch, "m/*.log"));
    fuse_stop(remote->server, true);
    begun = source_clock_ms();
    assert_false(source_set_glob(f->set, pattern, note_path, given));
    assert_true(source_set_settles(f->set));
    assert_in_range(source_clock_ms() - begun, 0, PATIENCE_MS); /* the server answers nothing until it is told to */
    usleep((HANG_MS + 100) * 1000);
    assert_false(source_set_glob(f->set, pattern, note_path, given));
    assert_false(source_set_settles(f->set));
    fuse_stop(remote->server, false);
    begun = source_clock_ms();
    while (!source_set_glob(f->set, pattern, note_path, given) && source_clock_ms() - begun < PATIENCE_MS)
        usleep(10000);
    given->text[given->n] = '\0';
    snprintf(pattern, sizeof pattern, "%s/m/a.log\n%s/m/b.log\n", f->scratch->directory, f->scratch->directory);
    assert_string_equal(given->text, pattern);
    assert_false(source_set_settles(f->set));
}

static void puts_a_source_aside_when_something_is_mounted_above_it(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    struct fuse_server *later;

    NEEDS_FUSE(remote);
    assert_int_equal(scratch_shell(f->scratch, "mkdir later"), 0);
    scratch_write(f->scratch, "local", "1\n");
    add(f, "later/log");
    add(f, "local");
    f->given.tagged = true;
    expect(f, "1:1\n");
    wait_for_state(f, 0, SOURCE_MISSING);
    later = fuse_mount(f->scratch, "later");
    fuse_append(later, "log", "one\n");
    expect(f, "0:one\n");
    fuse_stop(later, true);
    wait_for_state(f, 0, SOURCE_FAILED);
    scratch_append(f->scratch, "local", "2\n");
    expect(f, "1:2\n");
    fuse_append(later, "log", "two\n");
    fuse_stop(later, false);
    expect(f, "0:two\n");
    fuse_unmount(later);
}

/* One file, seen through a mount that was made anew: other device, perhaps other inode. */
static void reads_nothing_twice_after_a_mount_was_made_anew(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;

    NEEDS_FUSE(remote);
    fuse_append(remote->server, "log", "one\n");
    add(f, "m/log");
    expect(f, "one\n");
    fuse_unmount(remote->server);
    expect_nothing_for(f, 400);
    remote->server = fuse_mount(f->scratch, "m");
    fuse_append(remote->server, "other", "so that the log gets another inode number\n");
    fuse_append(remote->server, "log", "one\ntwo\n");
    expect(f, "two\n");
    wait_for_state(f, 0, SOURCE_OK);
}

static void reads_one_file_once_that_is_mounted_twice(void **state)
{
    struct remote *remote = *state;
    struct following *f = remote->following;
    static char text[2001];

    NEEDS_FUSE(remote);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 2] = '\n';
    fuse_append(remote->server, "log", text);
    assert_int_equal(scratch_shell(f->scratch, "mkdir twice; mount --bind m twice"), 0);
    add(f, "m/log");
    expect(f, text);
    add(f, "twice/log");
    expect_nothing_for(f, 300);
    assert_non_null(strstr(status_of(f, 1).last_error, "is the same file as"));
    assert_int_equal(scratch_shell(f->scratch, "umount -l twice"), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin_remote, end_remote)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_what_lies_on_remote_file_systems),
        TEST(reads_follows_and_goes_on_after_a_stop),
        TEST(gives_overlong_lines_in_their_place),
        TEST(saves_the_position_of_what_was_handed_over),
        TEST(reads_ahead_no_more_than_the_queue_holds),
        TEST(follows_many_files_with_few_threads),
        TEST(hangs_alone_is_told_and_goes_on),
        TEST(keeps_its_position_while_it_hangs),
        TEST(expands_patterns_without_hanging),
        TEST(puts_a_source_aside_when_something_is_mounted_above_it),
        TEST(reads_nothing_twice_after_a_mount_was_made_anew),
        TEST(reads_one_file_once_that_is_mounted_twice),
    };

    setvbuf(stdout, NULL, _IOLBF, 0);
    cannot = fuse_begin();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("aside", tests, NULL, NULL);
}
