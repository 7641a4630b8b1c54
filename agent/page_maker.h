/* The pages, drawn every few minutes by a thread of its own, however long that takes.
 *
 * The ingest thread's own, but for the thread itself. Trouble is a sentence, logged once for each new one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PAGE_MAKER_H
#define MAILTALLY_PAGE_MAKER_H

#include "../config/config.h"

struct page_maker;

/* Starts the thread. NULL without memory. */
struct page_maker *page_maker_new(const struct config *config);

/* Ends it, between two pictures. False when it hangs after wait_ms: then the process should _exit(). */
bool page_maker_free(struct page_maker *maker, int64_t wait_ms);

/* Why the pages are not as they should be; "" when they are. Until the next call. */
const char *page_maker_trouble(struct page_maker *maker);

#endif
