/* What is to be said beside the states of the sources: trouble with the saved state, counts that were lost at a start,
 * lines that come twice. In the log once, in the MIB as long as it is of use.
 *
 * The ingest thread's own; before it starts, of the thread that starts it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REMARKS_H
#define MAILTALLY_REMARKS_H

#include "duplicates.h"
#include "state.h"

struct remarks {
    int64_t begun_ms;
    char damage[AGENT_TEXT_OCTETS];  /* why counting began anew at this start, though there was a state */
    char unclean[AGENT_TEXT_OCTETS]; /* the run before this one was killed */
    char twice[AGENT_TEXT_OCTETS];   /* what was logged of it */
};

/* What became of the state at the start; `error` is state_open()'s. */
void remarks_begin(struct remarks *remarks, enum state_result result, const struct state_agent *agent,
                   const char *directory, const char *error);

/* The snapshot's state_at_risk, state_text, twice_text and remark_text. trouble: with saving; or empty. */
void remarks_fill(struct remarks *remarks, const char *trouble, const struct duplicates *duplicates,
                  const struct status *status, struct snapshot *snapshot);

#endif
