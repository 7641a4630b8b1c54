/* Inside the header: what header.c and header_tag.c share. Nobody else includes it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_HEADER_INSIDE_H
#define MAILTALLY_HEADER_INSIDE_H

#include "header.h"

#define TAG_OCTETS_MAX 64

/* Whether an octet may stand in a tag: 't' yes, '/' a slash, '.' no. */
extern const char header_tag_octets[257];

void header_skip_spaces(struct span *s);

/* Consumes `[123]`; a pid is written by the program, so letters and the like are borne. */
bool header_take_pid(struct span *s, struct span *pid);

/* A tag is a program's name, or its path (/usr/sbin/amavisd-new), or an instance and a service. The slashes are into
 * it, NULL: it has none. False, and nothing is set, where no name is left. */
bool header_set_program(struct header *header, struct span tag, const char *first_slash, const char *last_slash);

/* Consumes `postfix/smtpd[123]: ` and sets the fields of the program. */
bool header_take_tag(struct header *header, struct span *s);

#endif
