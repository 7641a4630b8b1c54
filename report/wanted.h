/* Which messages are asked for: the options --address to --plugin, --since and --until, of `grep` and `tail`.
 *
 * A domain is compared without regard to the case of its letters, a local part exactly (RFC 5321, 2.4), unless
 * --ignore-case says otherwise.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_WANTED_H
#define MAILTALLY_WANTED_H

#include "messages.h"
#include "options.h"

/* Whether the message has all that is asked for. since, until: both 0: all times. A message is of a span of time when
 * some of its life is; with --event, when that happened in it. */
bool wanted_message(const struct search_options *search, int64_t since, int64_t until, const struct message *message);

/* Whether anything but time is asked for. */
bool wanted_anything(const struct search_options *search);

/* A lone event that is no news by itself: a connection, TLS. */
bool wanted_is_noise(const struct message *message);

/* `a` is the address that is asked for: a@b.example; @b.example or b.example: any of this domain; .b.example: of those
 * below it; <> or nothing: the null sender. */
bool wanted_is_address(struct span a, const char *asked, bool ignore_case);

#endif
