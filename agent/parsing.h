/* The parser as the configuration wants it, through its changes.
 *
 * The ingest thread's own; before it starts, of the thread that starts it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PARSING_H
#define MAILTALLY_PARSING_H

#include "../config/config.h"
#include "state.h"

/* Zero-initialise. */
struct parsing {
    struct parser *parser;
    struct host_filter *hosts; /* which the parser asks */
};

/* Makes the parser that `to` asks for. The first time (`from` is NULL) it goes on from the saved state, else from the
 * parser before it, and stays as it is when nothing that concerns it has changed: messages under way are followed on.
 * False, told, when there can be none; then all is as it was. */
bool parsing_set_up(struct parsing *parsing, struct state *state, const struct config *from, const struct config *to);
void parsing_free(struct parsing *parsing);

/* All that was read with this state: counts, messages that are followed, and those that were given up. */
void parsing_counts(const struct parsing *parsing, const struct state *state, struct parser_counts *counts,
                    uint32_t *flows, uint64_t *evicted);

#endif
