/* Verdicts of filters that log several lines for one message (amavisd-new: one for each group of recipients). The worst
 * line of a verdict's id counts, once, when a moment has passed by the log's own time and no more lines come.
 *
 * What is kept is a copy, so its spans are good. One thread; the caps are below.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_VERDICT_H
#define MAILTALLY_VERDICT_H

#include "event.h"

#define VERDICTS_PENDING 64
#define VERDICTS_DECIDED 256      /* ids that are remembered after they were counted */
#define VERDICT_LINE_OCTETS 1024  /* of a kept line; what stands behind is not kept */
#define VERDICT_WAIT_S 2

struct verdicts;

/* decided: called with each verdict that counts. NULL without memory. */
struct verdicts *verdicts_new(uint64_t seed, void (*decided)(void *context, struct event *event), void *context);
void verdicts_free(struct verdicts *verdicts);

/* Keeps a verdict (EVENT_VERDICT, with verdict_id), or makes a kept one of the same id worse. */
void verdicts_put(struct verdicts *verdicts, const struct event *event);

/* Decides what is older than `now` allows. Cheap when nothing is pending; INT64_MAX decides all. */
void verdicts_settle(struct verdicts *verdicts, int64_t now);

#endif
