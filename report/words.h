/* How a report calls things: addresses and domains as keys of its tables, and reasons short enough to be counted
 * together. The results are those of pflogsumm 1.1.5, so that what was written for its reports goes on working; where
 * its patterns take the wrong words, they are mended, which the functions' comments say.
 *
 * Each writes into the caller's buffer and returns a span of it, or of the text that it was given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_WORDS_H
#define MAILTALLY_WORDS_H

#include "../parser/event.h"
#include "options.h"

#define WORDS_OCTETS 512

struct words {
    char text[WORDS_OCTETS];
};

/* An address as a key: the domain in lower case, or with -i all of it; bang paths and VERP as the options say. */
struct span words_address(struct words *words, struct span address, const struct report_options *options,
                          bool is_sender);

/* The sender of what was refused: as written, but for -i and VERP. */
struct span words_refused_sender(struct words *words, struct span address, const struct report_options *options);

/* What follows the last @; the address itself where there is none. */
struct span words_domain_of(struct span address);

/* Of a client `name[address]`, its domain: the last two or three labels of the name as pflogsumm counts them
 * (mx.example.org is example.org), or the address of a client without a name. Always in lower case. */
struct span words_client(struct words *words, struct span client);

/* At most so many octets, with ... for what was cut. */
struct span words_cut(struct words *words, struct span text, size_t octets);

/* A delivery's reason, in at most `octets`: what a remote server said, without what stands before it. */
struct span words_said(struct words *words, struct span text, size_t octets);

/* `postfix/submission/smtpd` is smtpd, `postfix/relay/smtp` relay/smtp; other programs have their whole name. */
struct span words_program(const struct line *line);

/* A refusal of Postfix, from its line. */
struct refusal {
    struct span stage;  /* RCPT, MAIL, END-OF-MESSAGE ..; header or body of cleanup */
    struct span client; /* as written; empty: none */
    struct span text;   /* code, reason, and what follows */
    bool is_content;    /* cleanup's */
};
bool words_split_refusal(const struct line *line, struct refusal *refusal);

/* Its reason: without codes, addresses and what the administrator adds. */
struct span words_refusal(struct words *words, const struct refusal *refusal);

#endif
