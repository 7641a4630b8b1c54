/* c-ares, loaded when it is first needed, so that the other subcommands start without it.
 *
 * libcares()->ares_query(...) and so on: what the functions take and give is in ares.h. libcares_load() is called
 * first. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CARES_H
#define MAILTALLY_CARES_H

#include <ares.h>

#include "../load/load.h"

/* False: *why says what to install. */
bool libcares_load(const char **why);

/* clang-format off */
#define CARES_FUNCTIONS(F) \
    F(ares_library_init) F(ares_init_options) F(ares_destroy) F(ares_set_servers_ports_csv) \
    F(ares_query) F(ares_getsock) F(ares_timeout) F(ares_process_fd) \
    F(ares_parse_a_reply) F(ares_parse_txt_reply) F(ares_free_data) F(ares_strerror)
/* clang-format on */

struct libcares {
    CARES_FUNCTIONS(LOAD_MEMBER)
};

/* Good after libcares_load(). */
const struct libcares *libcares(void);

#endif
