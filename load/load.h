/* Shared libraries that are loaded when they are first needed, since most runs of `mailtally` need none of them: the
 * programs are not linked with them, and start without the time that they and what they bring takes.
 *
 * Each has a header of its own beside those who use it, with a list F(NAME) of its functions: source/library.h,
 * config/library.h, rrd/library.h, report/cares.h. They are loaded by the name that programs are linked with (the
 * Makefile asks for it), and stay until the process ends: nobody gives them back. Any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LOAD_H
#define MAILTALLY_LOAD_H

#include <stdbool.h>
#include <stddef.h>

/* Of a list: a struct of pointers to functions, and the names in the same order. */
#define LOAD_MEMBER(name) __typeof__(name) *name;
#define LOAD_NAME(name)   #name,

struct load_wish {
    const char *file;    /* "librrd.so.8" */
    const char *package; /* what to install: "librrd (Debian 12: librrd8)" */
    const char *const *names;
    size_t n;
};

/* Fills `functions`, a struct of n LOAD_MEMBERs. A second time costs a look at a list. False: `why` (of why_octets)
 * says why not, and what to install. */
bool load_library(const struct load_wish *wish, void *functions, char *why, size_t why_octets);

#endif
