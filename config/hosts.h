/* Which hosts count: the `host` token and --host.
 *
 * An extended regular expression, searched in the host's name as the line has it, without regard to case. Made once,
 * asked once for each run of lines of a host (parser_options.wants_host). One thread per filter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_HOSTS_H
#define MAILTALLY_HOSTS_H

#include "../parser/span.h"

struct host_filter;

/* NULL with a sentence in error when the expression is wrong, or without memory. */
struct host_filter *host_filter_new(const char *regex, char *error, size_t error_octets);
void host_filter_free(struct host_filter *filter);

/* For parser_options.wants_host: `filter` is the struct host_filter. */
bool host_filter_wants(void *filter, struct span host);

#endif
