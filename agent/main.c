/* mailtallyd.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

int main(int argc, char **argv)
{
    struct options options;

    if (!options_parse(&options, argc, argv))
        return EXIT_TROUBLE;
    return daemon_do(&options);
}
