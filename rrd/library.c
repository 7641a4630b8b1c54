/* See library.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "library.h"

#ifdef MAILTALLY_RRD

#include <pthread.h>

#include "../load/load.h"

/* clang-format off */
#define FUNCTIONS(F) \
    F(rrd_clear_error) F(rrd_test_error) F(rrd_get_error) \
    F(rrd_create_r) F(rrd_restore) F(rrd_update_r) F(rrd_fetch_r) \
    F(rrd_last_r) F(rrd_info_r) F(rrd_graph_v) \
    F(rrd_info_free) F(rrdc_is_connected) F(rrdc_connect) \
    F(rrdc_disconnect) F(rrdc_flush) F(rrdc_update)
/* clang-format on */

static struct {
    FUNCTIONS(LOAD_MEMBER)
} library;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;
static char why_not[512] = "librrd is not loaded";

/* What takes words reads them, before librrd 1.7, with the C library's getopt, which is one for the process. */
static pthread_mutex_t words_mutex = PTHREAD_MUTEX_INITIALIZER;

static void load(void)
{
    static const char *const names[] = { FUNCTIONS(LOAD_NAME) };
    static const struct load_wish wish = { LIBRRD_NAME, "librrd (Debian 12: librrd8)", names,
                                           sizeof names / sizeof names[0] };

    loaded = load_library(&wish, &library, why_not, sizeof why_not);
}

static bool has_library(void)
{
    pthread_once(&once, load);
    return loaded;
}

void librrd_clear_error(void)
{
    if (has_library())
        library.rrd_clear_error();
}

int librrd_test_error(void)
{
    return has_library() ? library.rrd_test_error() : 1;
}

const char *librrd_get_error(void)
{
    return has_library() ? library.rrd_get_error() : why_not;
}

int librrd_create_r(const char *path, unsigned long step, time_t last, int n, const char **definitions)
{
    return has_library() ? library.rrd_create_r(path, step, last, n, definitions) : -1;
}

int librrd_restore(int n, char **words)
{
    int result;

    if (!has_library())
        return -1;
    pthread_mutex_lock(&words_mutex);
    result = library.rrd_restore(n, words);
    pthread_mutex_unlock(&words_mutex);
    return result;
}

int librrd_update_r(const char *path, const char *names, int n, const char **values)
{
    return has_library() ? library.rrd_update_r(path, names, n, values) : -1;
}

int librrd_fetch_r(const char *path, const char *function, time_t *start, time_t *end, unsigned long *step,
                   unsigned long *n, char ***names, rrd_value_t **data)
{
    return has_library() ? library.rrd_fetch_r(path, function, start, end, step, n, names, data) : -1;
}

time_t librrd_last_r(const char *path)
{
    return has_library() ? library.rrd_last_r(path) : (time_t)-1;
}

rrd_info_t *librrd_info_r(const char *path)
{
    return has_library() ? library.rrd_info_r(path) : NULL;
}

rrd_info_t *librrd_graph_v(int n, char **words)
{
    rrd_info_t *info;

    if (!has_library())
        return NULL;
    pthread_mutex_lock(&words_mutex);
    info = library.rrd_graph_v(n, words);
    pthread_mutex_unlock(&words_mutex);
    return info;
}

void librrd_info_free(rrd_info_t *info)
{
    if (has_library())
        library.rrd_info_free(info);
}

int librrdc_is_connected(const char *address)
{
    return has_library() ? library.rrdc_is_connected(address) : 0;
}

int librrdc_connect(const char *address)
{
    return has_library() ? library.rrdc_connect(address) : -1;
}

int librrdc_disconnect(void)
{
    return has_library() ? library.rrdc_disconnect() : 0;
}

int librrdc_flush(const char *path)
{
    return has_library() ? library.rrdc_flush(path) : -1;
}

int librrdc_update(const char *path, int n, const char *const *values)
{
    return has_library() ? library.rrdc_update(path, n, values) : -1;
}

#endif
