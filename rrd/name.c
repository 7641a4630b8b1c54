/* Hosts and directories.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "name.h"

static const char hex[] = "0123456789ABCDEF";

static bool is_plain(char c, size_t at)
{
    return is_alnum(c) || c == '_' || c == '-' || (c == '.' && at > 0);
}

bool rrd_name_directory(struct span host, char *directory, size_t octets)
{
    size_t n = 0;

    if (octets < 2 || host.n > octets)
        return false;
    if (host.n == 0)
        directory[n++] = '%';
    for (size_t i = 0; i < host.n; i++) {
        if (n + 4 > octets)
            return false;
        if (is_plain(host.p[i], i)) {
            directory[n++] = host.p[i];
            continue;
        }
        directory[n++] = '%';
        directory[n++] = hex[(unsigned char)host.p[i] >> 4];
        directory[n++] = hex[(unsigned char)host.p[i] & 15];
    }
    directory[n] = '\0';
    return true;
}

static int digit(char c)
{
    const char *at = c ? strchr(hex, c) : NULL;

    return at ? (int)(at - hex) : -1;
}

bool rrd_name_host(const char *directory, char *host, size_t octets)
{
    const char *p = directory;
    size_t n = 0;
    char again[RRD_DIRECTORY_OCTETS];

    for (; *p && n + 1 < octets; n++) {
        if (*p != '%') {
            host[n] = *p++;
            continue;
        }
        if (!p[1])
            break;
        if (digit(p[1]) < 0 || digit(p[2]) < 0)
            return false;
        host[n] = (char)(digit(p[1]) << 4 | digit(p[2]));
        p += 3;
    }
    host[n] = '\0';
    if (*p && strcmp(directory, "%") != 0)
        return false;
    return rrd_name_directory((struct span){ host, n }, again, sizeof again) && strcmp(again, directory) == 0;
}
