/* The rows of the options, for options.c alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_OPTIONS_INSIDE_H
#define MAILTALLY_OPTIONS_INSIDE_H

#include "options.h"

#define OPTIONS_ROWS 76

struct options_row {
    unsigned sets; /* enum option_set: the subcommands that have it */
    char letter;   /* 0: it has only its long name */
    const char *name;
    const char *value; /* what is to be given; NULL: nothing; [=N]: may be left out */
    bool (*set)(struct options *options, const char *value, int64_t now); /* false: it was told what is wrong */
    enum parsed special; /* or it does not set, but ask for help or version */
    const char *help;
};

/* In the order in which --help prints them. */
extern const struct options_row options_rows[OPTIONS_ROWS];

#endif
