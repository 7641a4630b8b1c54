/* The mailtally command: what its files share. A subcommand is one file and one row in main.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REPORT_H
#define MAILTALLY_REPORT_H

#include "options.h"

enum status {
    STATUS_DONE = 0,
    STATUS_NOTHING_FOUND = 1, /* only of subcommands that search */
    STATUS_ERROR = 2,
};

/* Writes "mailtally: " and the sentence to standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum status count_run(const struct options *options);
enum status events_run(const struct options *options);
enum status report_run(const struct options *options);
enum status dnsbl_run(const struct options *options);
void dnsbl_help(void);
enum status merge_reports_run(const struct options *options);
void merge_reports_help(void);
enum status rrd_run(const struct options *options);
void rrd_help(void);
enum status grep_run(const struct options *options);
enum status tail_run(const struct options *options);
enum status export_run(const struct options *options);
enum status graph_run(const struct options *options);
void graph_help(void);
enum status doctor_run(const struct options *options);
void doctor_help(void);

/* The program as a CGI: answers the request of the environment. The exit status. */
int cgi_run(void);

#endif
