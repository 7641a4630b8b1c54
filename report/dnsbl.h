/* mailtally dnsbl: what its two actions share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DNSBL_H
#define MAILTALLY_DNSBL_H

#include "report.h"

/* options->files begins behind the action's name. */
enum status dnsbl_count(const struct options *options);
enum status dnsbl_test(const struct options *options);

#endif
