/* A log's life at random: a writer that appends pieces, rotations of every kind, stops and kills of the daemon. The
 * lines that are read, in order, are those that were written: none is missing, none comes twice.
 *
 * A kill is what it is for the daemon: the saved positions and whatever counted the lines are of one earlier instant,
 * and all that came after it is read again. SEED=n repeats a run; a fresh one is taken otherwise.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <sys/random.h>

#include "../../source/set.h"

#define STEPS       400
#define RUNS        12
#define QUIET_MS    40
#define GONE_QUIETS 5 /* as in source/follow.c */
#define PATIENCE_MS 20000

enum naming { BY_INDEX, BY_DATE, BEFORE_EXTENSION, NAMINGS };

struct world {
    struct scratch scratch;
    struct source_set *set;
    uint64_t random;
    enum naming naming;
    bool creates; /* rotation makes the new file, as logrotate's `create` does */
    int fd;       /* the writer's */
    unsigned written, rotations;
    size_t half;             /* octets of line written + 1 that are written already */
    bool renamed;            /* and the writer not yet told to reopen */
    int64_t renamed_ms;      /* when */
    unsigned overdue;        /* how often there was no file of the name for so long that it may be called trouble */
    unsigned next;           /* the number of the line that is to be read */
    unsigned wrong;          /* the first line that was not the next one; 0: none */
    char got[40];            /* and what it was */
    struct store store;      /* what was saved last, and */
    unsigned next_at_saving; /* at that instant */
    unsigned kills, stops, copies, renames, compressions;
};

static unsigned chance(struct world *w, unsigned n)
{
    w->random = w->random * 6364136223846793005 + 1442695040888963407;
    return (unsigned)((w->random >> 33) % n);
}

/* Line n: its number, and as many x as follow from it, so that it can be checked. */
static size_t line(unsigned n, char *text)
{
    size_t pad = (n * 2654435761u >> 20) % 300;

    sprintf(text, "%08u ", n);
    memset(text + 9, 'x', pad);
    text[9 + pad] = '\n';
    return 10 + pad;
}

static void take_line(void *context, size_t source, struct span got)
{
    struct world *w = context;
    char wanted[400];
    size_t n = line(w->next, wanted);

    (void)source;
    if (!w->wrong && (got.n != n - 1 || memcmp(got.p, wanted, got.n) != 0)) {
        w->wrong = w->next;
        snprintf(w->got, sizeof w->got, "%.*s", (int)(got.n < 12 ? got.n : 12), got.p);
    }
    w->next++;
}

static void take_overlong(void *context, size_t source)
{
    take_line(context, source, SPAN("overlong"));
}

static size_t read_some(struct world *w, size_t octets)
{
    return source_set_read(w->set, octets, &(struct source_lines){ take_line, take_overlong, w });
}

/* ---- the writer ---- */

static void reopen(struct world *w)
{
    close(w->fd);
    w->fd = open(scratch_path(&w->scratch, "mx.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(w->fd >= 0);
    if (w->renamed && !w->creates && source_clock_ms() - w->renamed_ms >= GONE_QUIETS * QUIET_MS)
        w->overdue++;
    w->renamed = false;
}

/* A whole line, or the rest of one that was begun, or a piece of one. */
static void append(struct world *w, bool piece)
{
    char text[400];
    size_t n = line(w->written + 1, text), upto = piece ? w->half + chance(w, (unsigned)(n - w->half)) : n;

    assert_int_equal(write(w->fd, text + w->half, upto - w->half), upto - w->half);
    w->half = upto;
    if (upto < n)
        return;
    w->half = 0;
    w->written++;
}

/* ---- rotation ---- */

static void shell(struct world *w, const char *command)
{
    assert_int_equal(scratch_shell(&w->scratch, command), 0);
}

/* The name of the next rotated file; makes room for it. */
static void new_name(struct world *w, char name[64])
{
    unsigned second = 1795132800 + w->rotations++;

    switch (w->naming) {
    case BY_INDEX:
        shell(w, "for i in $(seq 60 -1 1); do for s in '' .gz .bz2 .xz .zst; do "
                 "test -e mx.log.$i$s && mv mx.log.$i$s mx.log.$((i+1))$s; done; done; true");
        strcpy(name, "mx.log.1");
        break;
    case BY_DATE:
        snprintf(name, 64, "mx.log-20261120-%u", second);
        break;
    default:
        snprintf(name, 64, "mx-20261120-%u.log", second);
    }
}

static void rename_log(struct world *w)
{
    char name[64];

    if (w->renamed || w->half)
        return;
    new_name(w, name);
    scratch_rename(&w->scratch, "mx.log", name);
    if (w->creates)
        scratch_append(&w->scratch, "mx.log", "");
    w->renamed = true;
    w->renamed_ms = source_clock_ms();
    w->renames++;
}

static void copy_and_truncate(struct world *w)
{
    char name[64], command[160];

    if (w->renamed || w->half)
        return;
    new_name(w, name);
    snprintf(command, sizeof command, "cp mx.log %s", name);
    shell(w, command);
    assert_int_equal(ftruncate(w->fd, 0), 0);
    w->copies++;
}

/* All rotated files that nobody writes to any more. */
static void compress(struct world *w)
{
    static const char *const tools[] = { "gzip", "bzip2", "xz", "zstd -q --rm" };
    char command[200];

    if (w->renamed)
        return;
    snprintf(
        command, sizeof command,
        "for f in mx.log.* mx.log-* mx-*; do case $f in *\\**|*.gz|*.bz2|*.xz|*.zst) ;; *) %s $f;; esac; done; true",
        tools[chance(w, 4)]);
    shell(w, command);
    w->compressions++;
}

/* ---- the daemon ---- */

static void save(struct world *w)
{
    w->store.n = 0;
    source_set_save(w->set, &w->store);
    assert_false(w->store.failed);
    w->next_at_saving = w->next;
}

static void start(struct world *w)
{
    w->set = source_set_new();
    w->set->quiet_ms = QUIET_MS;
    if (w->store.n) {
        struct load load = load_of((struct span){ (const char *)w->store.octets, w->store.n });

        assert_true(source_set_load(w->set, &load));
    }
    assert_true(source_set_add_file(w->set, scratch_path(&w->scratch, "mx.log"), NULL));
}

static void stop(struct world *w)
{
    save(w);
    source_set_free(w->set);
    w->set = NULL;
    w->stops++;
}

static void kill_it(struct world *w)
{
    source_set_free(w->set);
    w->set = NULL;
    w->next = w->next_at_saving;
    w->kills++;
}

static void step(struct world *w)
{
    switch (chance(w, 32)) {
    case 0:
        rename_log(w);
        break;
    case 1:
        if (chance(w, 3) == 0)
            copy_and_truncate(w);
        break;
    case 2:
        if (chance(w, 4) == 0)
            compress(w);
        break;
    case 3:
    case 4:
        if (w->renamed && !w->half)
            reopen(w);
        break;
    case 5:
        append(w, true);
        break;
    case 6:
        if (w->set)
            save(w);
        break;
    case 7:
        if (w->set && chance(w, 2))
            kill_it(w);
        else if (w->set)
            stop(w);
        break;
    case 8:
    case 9:
        if (!w->set)
            start(w);
        break;
    case 10:
        if (w->set)
            source_set_wait(w->set, 3, -1);
        break;
    default:
        append(w, false);
        if (w->set && chance(w, 2))
            read_some(w, 1 + chance(w, 2000));
    }
}

static void read_the_rest(struct world *w)
{
    int64_t deadline = source_clock_ms() + PATIENCE_MS;

    if (w->half)
        append(w, false);
    if (w->renamed)
        reopen(w);
    if (!w->set)
        start(w);
    while (w->next <= w->written && source_clock_ms() < deadline) {
        while (read_some(w, 1 << 20))
            ;
        source_set_wait(w->set, 20, -1);
    }
    /* What is read again would come now. */
    for (deadline = source_clock_ms() + 3 * QUIET_MS; source_clock_ms() < deadline;) {
        read_some(w, 1 << 20);
        source_set_wait(w->set, 20, -1);
    }
}

static void live(struct world *w, uint64_t seed, unsigned run)
{
    *w = (struct world){ .random = seed + run, .next = 1, .fd = -1 };
    strcpy(w->scratch.directory, "/tmp/mailtally-test.XXXXXX");
    assert_non_null(mkdtemp(w->scratch.directory));
    w->naming = (enum naming)(run % NAMINGS);
    w->creates = run / NAMINGS % 2;
    reopen(w);
    start(w);
    read_some(w, 1); /* a source that is new begins with the file that it finds */
    save(w);
    for (unsigned i = 0; i < STEPS && !w->wrong; i++)
        step(w);
    if (!w->wrong)
        read_the_rest(w);
}

static void reads_each_line_once_in_order(void **state)
{
    const char *given = getenv("SEED");
    unsigned kills = 0, stops = 0, copies = 0, renames = 0, compressions = 0, lines = 0;
    uint64_t seed;

    (void)state;
    if (given)
        seed = strtoull(given, NULL, 10);
    else
        assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
    printf("# seed %llu\n", (unsigned long long)seed);
    for (unsigned run = 0; run < RUNS; run++) {
        struct world w;

        live(&w, seed, run);
        if (w.wrong || w.next != w.written + 1 || w.set->sources[0]->errors > w.overdue) {
            printf("# run %u: %u lines written, %u read; in place of line %u: '%s'; last error: %s; files in %s\n", run,
                   w.written, w.next - 1, w.wrong, w.got, w.set ? w.set->sources[0]->last_error : "",
                   w.scratch.directory);
            fail();
        }
        kills += w.kills;
        stops += w.stops;
        copies += w.copies;
        renames += w.renames;
        compressions += w.compressions;
        lines += w.written;
        source_set_free(w.set);
        store_free(&w.store);
        close(w.fd);
        shell(&w, "rm -r \"$PWD\"");
    }
    printf("# %u lines, %u renamed, %u copied and truncated, %u times compressed, %u stops, %u kills\n", lines, renames,
           copies, compressions, stops, kills);
    assert_true(renames > RUNS && copies && compressions && stops && kills);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads_each_line_once_in_order) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rotation", tests, NULL, NULL);
}
