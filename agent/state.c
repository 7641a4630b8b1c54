/* What the saved state holds.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

/* ---- a new one ---- */

void state_boot(char boot[STATE_BOOT_OCTETS])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, boot, STATE_BOOT_OCTETS - 1);

    if (fd >= 0)
        close(fd);
    boot[n > 0 ? n : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
}

/* Of the hashes of log data: secret, and the same as long as the state is. */
static uint64_t new_seed(void)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) == sizeof seed)
        return seed;
    return (uint64_t)monotonic_ms() ^ (uint64_t)getpid() << 32;
}

static void make_new(struct state *state)
{
    state->agent = (struct state_agent){ .discontinuity = time(NULL),
                                         .discontinuity_cs = monotonic_ms() / 10,
                                         .discontinuity_ticks = STATE_TICKS_UNKNOWN,
                                         .saved = TIME_UNKNOWN,
                                         .clean = true,
                                         .counts.last_event = TIME_UNKNOWN,
                                         .earlier.last_event = TIME_UNKNOWN };
    state_boot(state->agent.boot);
    state->tallies = tallies_new(new_seed());
    state->set = source_set_new();
}

/* ---- the daemon's own part ---- */

static void save_counts(const struct parser_counts *counts, struct store *store)
{
    store_number(store, counts->lines);
    store_number(store, counts->recognised);
    store_number(store, counts->unrecognised);
    store_number(store, counts->ignored);
    store_number(store, counts->overlong);
    store_signed(store, counts->last_event);
}

static void load_counts(struct parser_counts *counts, struct load *load)
{
    counts->lines = load_number(load);
    counts->recognised = load_number(load);
    counts->unrecognised = load_number(load);
    counts->ignored = load_number(load);
    counts->overlong = load_number(load);
    counts->last_event = load_signed(load);
}

static void save_agent(const struct state_agent *agent, struct store *store)
{
    store_signed(store, agent->discontinuity);
    store_signed(store, agent->discontinuity_cs);
    store_text(store, agent->boot);
    store_number(store, agent->discontinuity_ticks);
    store_number(store, agent->starts);
    store_number(store, agent->save_failures);
    store_signed(store, agent->saved);
    store_number(store, agent->clean);
    save_counts(&agent->counts, store);
    store_number(store, agent->evicted);
    save_counts(&agent->earlier, store);
    store_number(store, agent->earlier_evicted);
}

static bool load_agent(struct state_agent *agent, struct span section)
{
    struct load load = load_of(section);

    agent->discontinuity = load_signed(&load);
    agent->discontinuity_cs = load_signed(&load);
    load_text(&load, agent->boot, sizeof agent->boot);
    agent->discontinuity_ticks = (uint32_t)load_number_to(&load, UINT32_MAX);
    agent->starts = load_number(&load);
    agent->save_failures = load_number(&load);
    agent->saved = load_signed(&load);
    agent->clean = load_number_to(&load, 1);
    load_counts(&agent->counts, &load);
    agent->evicted = load_number(&load);
    load_counts(&agent->earlier, &load);
    agent->earlier_evicted = load_number(&load);
    return load_ended(&load);
}

int64_t state_since_cs(const struct state_agent *agent)
{
    char boot[STATE_BOOT_OCTETS];
    int64_t now_cs = monotonic_ms() / 10, age_s = (int64_t)time(NULL) - agent->discontinuity;

    state_boot(boot);
    if (boot[0] && strcmp(boot, agent->boot) == 0)
        return agent->discontinuity_cs < now_cs ? agent->discontinuity_cs : now_cs;
    /* The wall's clock may have been set back since then: counters do not begin in the future. */
    return age_s < 0 ? now_cs : now_cs - age_s * 100;
}

/* ---- what the parser remembers of each source ---- */

static void save_inputs(const struct status *status, struct store *store)
{
    struct store input = { 0 };

    store_number(store, status->sources_n);
    for (size_t i = 0; i < status->sources_n; i++) {
        const struct parser_source *source = &status->sources[i]->parser;

        input.n = 0;
        parser_source_save(source, &input);
        store_text(store, source->name);
        store_octets(store, (struct span){ (const char *)input.octets, input.n });
        if (input.failed)
            store->failed = true;
    }
    store_free(&input);
}

/* What the section holds for a source; an empty span when it holds nothing. NULL as the name: looks only whether it
 * makes sense. */
static struct span find_input(struct span section, const char *name, bool *sense)
{
    struct load load = load_of(section);
    struct span found = { NULL, 0 };

    for (uint64_t left = load_number(&load); left > 0 && !load.failed; left--) {
        struct span its_name = load_octets(&load, SIZE_MAX);
        struct span input = load_octets(&load, SIZE_MAX);

        if (name && its_name.n == strlen(name) && memcmp(its_name.p, name, its_name.n) == 0)
            found = input;
    }
    *sense = load_ended(&load);
    return found;
}

void state_load_input(const struct state *state, struct parser_source *source)
{
    bool sense;
    struct span input = find_input(state->image.sections[STATE_INPUTS], source->name, &sense);
    struct load load = load_of(input);

    if (input.p)
        parser_source_load(source, &load); /* it stays as new when that makes no sense */
}

/* ---- all of it ---- */

static bool load_all(struct state *state)
{
    struct load tallies = load_of(state->image.sections[STATE_TALLIES]);
    struct load sources = load_of(state->image.sections[STATE_SOURCES]);
    bool sense;

    if (!load_agent(&state->agent, state->image.sections[STATE_AGENT]))
        return false;
    state->tallies = tallies_new(0); /* it takes the seed that was saved */
    state->set = source_set_new();
    if (!state->tallies || !state->set)
        return false;
    find_input(state->image.sections[STATE_INPUTS], NULL, &sense);
    return sense && tallies_load(state->tallies, &tallies) && source_set_load(state->set, &sources) &&
           load_ended(&tallies) && load_ended(&sources);
}

enum state_result state_open(const char *directory, struct state *state, char *error)
{
    enum state_result result;

    *state = (struct state){ 0 };
    result = state_file_read(directory, &state->image, error);
    if (result == STATE_READ && !load_all(state)) {
        snprintf(error, STATE_ERROR_OCTETS, "the state %.300s/" STATE_FILE " is damaged: its contents make no sense",
                 directory);
        state_close(state);
        result = STATE_DAMAGED;
    }
    if (result != STATE_READ)
        make_new(state);
    return result;
}

void state_close(struct state *state)
{
    tallies_free(state->tallies);
    source_set_free(state->set);
    state_image_free(&state->image);
    state->tallies = NULL;
    state->set = NULL;
}

bool state_load_parser(const struct state *state, struct parser *parser)
{
    struct load load = load_of(state->image.sections[STATE_PARSER]);

    return load.n > 0 && parser_load(parser, &load);
}

void state_save(struct state *state, const struct parser *parser, const struct status *status,
                struct store sections[STATE_SECTIONS])
{
    state->agent.saved = time(NULL);
    save_agent(&state->agent, &sections[STATE_AGENT]);
    source_set_save(state->set, &sections[STATE_SOURCES]);
    save_inputs(status, &sections[STATE_INPUTS]);
    tallies_save(state->tallies, &sections[STATE_TALLIES]);
    parser_save(parser, &sections[STATE_PARSER]);
}
