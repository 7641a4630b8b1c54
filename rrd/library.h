/* librrd, loaded when it is first needed: it brings forty libraries that draw, which would double the time that
 * `mailtally count` takes to start, and the memory of a daemon without RRD files.
 *
 * These are its functions by their names, with `lib` in front; what they take and give is in rrd.h and rrd_client.h.
 * Where the library cannot be loaded they fail as it would, and librrd_get_error() says what to install. So they
 * do in a build without librrd (library_none.c). Any thread may
 * call them: its errors are of one thread, as rrd.h has it for the _r functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_LIBRARY_H
#define MAILTALLY_RRD_LIBRARY_H

#ifdef MAILTALLY_RRD
#include <rrd.h>
#include <rrd_client.h>
#else
#include "library_none.h"
#endif

void librrd_clear_error(void);
int librrd_test_error(void);
const char *librrd_get_error(void);

int librrd_create_r(const char *path, unsigned long step, time_t last, int n, const char **definitions);
int librrd_restore(int n, char **words);
int librrd_update_r(const char *path, const char *names, int n, const char **values);
int librrd_fetch_r(const char *path, const char *function, time_t *start, time_t *end, unsigned long *step,
                   unsigned long *n, char ***names, rrd_value_t **data);
time_t librrd_last_r(const char *path);
rrd_info_t *librrd_info_r(const char *path);
rrd_info_t *librrd_graph_v(int n, char **words);
void librrd_info_free(rrd_info_t *info);

int librrdc_is_connected(const char *address);
int librrdc_connect(const char *address);
int librrdc_disconnect(void);
int librrdc_flush(const char *path);
int librrdc_update(const char *path, int n, const char *const *values);

#endif
