/* What is to be said beside the states of the sources.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "remarks.h"

#include <stdio.h>
#include <time.h>

#include "clock.h"
#include "log.h"

#define TELL_MS (24 * 3600 * 1000) /* what happened at the start is told for a day: then whoever looks has seen it */

static void note_unclean_end(struct remarks *r, int64_t saved)
{
    const time_t seconds = (time_t)saved;
    char when[24] = "";
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(r->unclean, sizeof r->unclean,
             "all is read to the end; but the previous run did not end cleanly: what came by a pipe after the state of "
             "%s may be missing",
             when);
    log_message(LOG_WARNING, "the previous run did not end cleanly; going on from its state of %s", when);
}

void remarks_begin(struct remarks *r, enum state_result result, const struct state_agent *agent, const char *directory,
                   const char *error)
{
    r->begun_ms = monotonic_ms();
    switch (result) {
    case STATE_READ:
        log_message(LOG_INFO, "going on from the state in %s", directory);
        if (!agent->clean)
            note_unclean_end(r, agent->saved);
        break;
    case STATE_NONE:
        log_message(LOG_NOTICE, "there is no state in %s: counting begins at zero", directory);
        break;
    case STATE_DAMAGED:
    case STATE_FOREIGN:
        snprintf(r->damage, sizeof r->damage, "counting began anew at this start: %.200s", error);
        log_message(LOG_ERR, "%s; it is set aside, and counting begins at zero", error);
        break;
    case STATE_UNREADABLE:
        log_message(LOG_ERR, "%s; not started", error);
        break;
    }
}

static void fill_twice(struct remarks *r, const struct duplicates *duplicates, const struct status *status,
                       struct snapshot *s)
{
    size_t one, other;

    s->twice_text[0] = '\0';
    if (duplicates_found(duplicates, monotonic_ms(), &one, &other))
        snprintf(s->twice_text, sizeof s->twice_text,
                 "the same lines are in %.75s and in %.75s: mail counts twice; name only one of them as a source in "
                 "mailtallyd.conf",
                 status->sources[one]->parser.name, status->sources[other]->parser.name);
    if (s->twice_text[0] && strcmp(r->twice, s->twice_text) != 0)
        log_message(LOG_WARNING, "%s", s->twice_text);
    memcpy(r->twice, s->twice_text, sizeof r->twice);
}

/* Only files and the like can be read again. */
static bool has_pipe(const struct status *status)
{
    for (size_t i = 0; i < status->sources_n; i++) {
        const struct ingest_source *source = status->sources[i];

        if (source->wanted && (source->status.type == SOURCE_STDIN || source->status.type == SOURCE_FIFO))
            return true;
    }
    return false;
}

void remarks_fill(struct remarks *r, const char *trouble, const struct duplicates *duplicates,
                  const struct status *status, struct snapshot *s)
{
    bool tell = monotonic_ms() - r->begun_ms < TELL_MS;
    const char *damage = tell ? r->damage : "";

    s->state_at_risk = trouble[0] || damage[0];
    snprintf(s->state_text, sizeof s->state_text, "%.255s", trouble[0] ? trouble : damage);
    fill_twice(r, duplicates, status, s);
    snprintf(s->remark_text, sizeof s->remark_text, "%s", tell && has_pipe(status) ? r->unclean : "");
}
