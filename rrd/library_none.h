/* What is used of librrd's types, for a build without it: nothing ever fills them in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_LIBRARY_NONE_H
#define MAILTALLY_RRD_LIBRARY_NONE_H

#include <time.h>

typedef double rrd_value_t;

typedef struct rrd_info {
    char *key;
    enum { RD_I_VAL, RD_I_CNT, RD_I_STR, RD_I_INT, RD_I_BLO } type;
    union {
        unsigned long u_cnt;
        rrd_value_t u_val;
        char *u_str;
        int u_int;
        struct {
            unsigned long size;
            unsigned char *ptr;
        } u_blo;
    } value;
    struct rrd_info *next;
} rrd_info_t;

#endif
