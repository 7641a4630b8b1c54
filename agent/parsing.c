/* The parser as the configuration wants it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "parsing.h"

#include <string.h>

#include "../config/hosts.h"
#include "log.h"

static void add_counts(struct parser_counts *sum, const struct parser_counts *more)
{
    sum->lines += more->lines;
    sum->recognised += more->recognised;
    sum->unrecognised += more->unrecognised;
    sum->ignored += more->ignored;
    sum->overlong += more->overlong;
    if (more->last_event > sum->last_event)
        sum->last_event = more->last_event;
}

void parsing_counts(const struct parsing *parsing, const struct state *state, struct parser_counts *counts,
                    uint32_t *flows, uint64_t *evicted)
{
    *counts = state->agent.earlier;
    add_counts(counts, parser_counts(parsing->parser));
    parser_flows(parsing->parser, flows, evicted);
    *evicted += state->agent.earlier_evicted;
}

static bool same_word(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_words(char *const *a, char *const *b)
{
    for (; *a && *b; a++, b++)
        if (!same_word(*a, *b))
            return false;
    return *a == *b;
}

static bool same_parser(const struct config *a, const struct config *b)
{
    return same_word(a->host_regex, b->host_regex) && a->content_filter == b->content_filter &&
           same_words(a->filter_hosts, b->filter_hosts) && same_words(a->switched_on, b->switched_on) &&
           same_words(a->switched_off, b->switched_off);
}

/* The new parser goes on where the old one is; where it cannot, what waits is decided and messages under way are
 * forgotten. */
static void hand_over(const struct parsing *parsing, struct state *state, struct parser *to)
{
    uint32_t flows;

    if (parser_take_over(to, parsing->parser))
        return;
    log_message(LOG_WARNING, "the messages under way cannot be followed with the new configuration");
    parser_settle(parsing->parser, INT64_MAX);
    parsing_counts(parsing, state, &state->agent.earlier, &flows, &state->agent.earlier_evicted);
}

static void go_on(struct state *state, struct parser *to)
{
    if (state->image.n == 0)
        return;
    if (!state_load_parser(state, to)) {
        state->agent.earlier = state->agent.counts;
        state->agent.earlier_evicted = state->agent.evicted;
    } else if (!parser_forgot_flows(to)) {
        return;
    }
    log_message(LOG_WARNING, "the messages that were under way cannot be followed on; all counts go on");
}

static bool make(const struct parsing *parsing, struct parsing *made, struct state *state, const struct config *config)
{
    struct parser_options options = { .seed = tallies_seed(state->tallies) };
    char error[CONFIG_ERROR_OCTETS];

    config_parser_options(config, &options);
    if (config->host_regex) {
        made->hosts = host_filter_new(config->host_regex, error, sizeof error);
        if (!made->hosts) {
            log_message(LOG_ERR, "%s", error);
            return false;
        }
        options.wants_host = host_filter_wants;
        options.wants_host_context = made->hosts;
    }
    made->parser = parser_new(&options, state->tallies, NULL);
    if (!made->parser) {
        log_message(LOG_ERR, "there is no memory for the parser");
        host_filter_free(made->hosts);
        return false;
    }
    if (parsing->parser)
        hand_over(parsing, state, made->parser);
    else
        go_on(state, made->parser);
    return true;
}

bool parsing_set_up(struct parsing *parsing, struct state *state, const struct config *from, const struct config *to)
{
    struct parsing made = { 0 };

    if (from && same_parser(from, to))
        return true;
    if (!make(parsing, &made, state, to))
        return false;
    parsing_free(parsing);
    *parsing = made;
    return true;
}

void parsing_free(struct parsing *parsing)
{
    parser_free(parsing->parser);
    host_filter_free(parsing->hosts);
    *parsing = (struct parsing){ 0 };
}
