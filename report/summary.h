/* mailtally report: what was counted for it, and the files that print it.
 *
 *     summary_new -> summary_watch(input_parser()) -> input_read -> summary_text | summary_tsv | summary_json |
 * summary_html
 *
 * A summary takes the parser's events, as they are counted, and the lines that are no events (warnings, connections'
 * ends). What it holds grows with the distinct names in the log up to a cap (names.h), and says so where the cap was
 * reached. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SUMMARY_H
#define MAILTALLY_SUMMARY_H

#include "../parser/parser.h"
#include "delays.h"
#include "input.h"
#include "names.h"
#include "notes.h"
#include "options.h"
#include "output.h"

#define DAYS_MAX 3700 /* what is later goes to the last of them */

/* What is told in two or three levels: group, reason, and whom it was about. */
enum tree {
    TREE_DEFERRAL,
    TREE_BOUNCE,
    TREE_REJECT,
    TREE_REJECT_WARNING,
    TREE_HOLD,
    TREE_DISCARD,
    TREE_SMTP,
    TREE_WARNING,
    TREE_ERROR,
    TREE_FATAL,
    TREE_PANIC,
    TREE_MASTER,
    TREE_NO_SIZE,
    TREE_DETAIL, /* of each message: its id, its sender, its recipients */
    TREES
};

/* How a tree is called, and which option limits it. */
struct tree_form {
    const char *key;   /* in JSON and TSV */
    unsigned levels_n; /* of each branch */
    const char *words; /* on the page; NULL: it does not stand there */
    size_t limit_at;   /* in struct report_options; SIZE_MAX: it has no limit */
};
extern const struct tree_form tree_forms[TREES];

/* How many rows of each branch are wanted: LIMIT_NONE, or 0 where the tree is left out. */
int64_t summary_tree_limit(const struct report_options *options, enum tree tree);

/* The traffic columns of pflogsumm's tables. */
enum traffic { TRAFFIC_RECEIVED, TRAFFIC_DELIVERED, TRAFFIC_DEFERRED, TRAFFIC_BOUNCED, TRAFFIC_REJECTED, TRAFFICS };

/* What became of what clients brought, by hour: accepted, or refused for this. */
enum disposition {
    DISPOSITION_ACCEPTED,
    DISPOSITION_BLOCKLIST,
    DISPOSITION_GREYLIST,
    DISPOSITION_UNKNOWN_USER,
    DISPOSITION_RELAY,
    DISPOSITION_CLIENT,
    DISPOSITION_SENDER,
    DISPOSITION_SPAM,
    DISPOSITION_VIRUS,
    DISPOSITION_OTHER,
    DISPOSITIONS
};
extern const char *const disposition_names[DISPOSITIONS];
extern const char *const summary_traffic_names[TRAFFICS]; /* in JSON and TSV */

struct sessions {
    uint64_t count, seconds, max_s;
};

struct hour {
    uint64_t traffic[TRAFFICS];
    uint64_t dispositions[DISPOSITIONS];
    struct sessions sessions;
};

struct day {
    int32_t date; /* 20261121 */
    uint8_t seen; /* a bit for each traffic column that moved */
    uint64_t traffic[TRAFFICS];
    struct sessions sessions;
};

/* Where a time lies in local time; good from `begin` to `end`. */
struct moment {
    int64_t begin, end;
    unsigned hour;
    struct day *day;
};

struct open_session {
    uint64_t key; /* host and process; 0: none */
    int64_t begin;
    uint64_t number; /* of all that began */
};
#define OPEN_SESSIONS 8192 /* a power of two; half of them stay free */

struct id_set {
    uint64_t *slots;
    uint32_t n, slots_n;
    uint64_t over; /* ids that found no room */
};

struct summary {
    const struct report_options *options;
    const struct parser *parser;
    int64_t since, until; /* both 0: all */
    uint64_t seed;
    uint64_t counters[COUNTERS];
    struct hour hours[24];
    struct day days[DAYS_MAX];
    uint32_t days_n;
    struct moment now;
    struct names *senders, *recipients, *sender_domains, *recipient_domains;
    struct name unknown_sender, unknown_sender_domain, unknown_recipient; /* not in the log; in none of the tables */
    struct domain unknown_recipient_domain;
    struct names *session_domains; /* octets: seconds; more of domain: delay_max_ms: the longest, in seconds */
    struct names *plugins, *zones;
    struct names *trees[TREES];
    struct notes *notes;
    struct delays delays[2]; /* sent, delivered */
    struct id_set deferred;  /* ids of messages that were deferred at least once */
    struct sessions sessions;
    bool wants_sessions; /* else connections are not looked at: 5 % of the work */
    uint64_t refusals[REFUSAL_REASONS];
    const char *sender_file; /* the last reception's line, and where its sender stands in the tables */
    uint64_t sender_line;
    struct name *sender_row, *sender_domain_row;
    struct open_session open_sessions[OPEN_SESSIONS];
    size_t open_sessions_n;
    uint64_t sessions_begun;
};

/* NULL without memory. */
struct summary *summary_new(const struct options *options, uint64_t seed);
void summary_free(struct summary *summary);

/* The input gives it its lines, and its parser the events, from now on. */
void summary_watch(struct summary *summary, struct input *input);

/* The day and hour of a line, in local time (summary.c). */
const struct moment *summary_moment(struct summary *summary, const struct line *line);

/* The day of this date (20261121); made where there is none. */
struct day *summary_day(struct summary *summary, int32_t date);

/* Whether --syslog-name wants what this line says. */
bool summary_wants(const struct summary *summary, const struct line *line);

/* summary_lines.c: for parser_set_line_watch(), and how the lines begin that it wants. */
extern const char summary_lines_begin[];
void summary_line(void *context, const struct line *line);

/* summary_trees.c: an event's reason goes to its tree. */
void summary_deferral(struct summary *summary, const struct event *e);
void summary_bounce(struct summary *summary, const struct event *e);
void summary_refusal(struct summary *summary, const struct event *e, enum tree tree);

/* Adds `count` under these levels, of which the last may be empty. */
void summary_branch(struct summary *summary, enum tree tree, const struct span *levels, unsigned n, uint64_t count);

/* Printing; the days are put in order. summary_sum: the totals' rejected and so on, as pflogsumm understands them. */
void summary_sort_days(struct summary *summary);
uint64_t summary_received(const struct summary *summary);
uint64_t summary_delivered(const struct summary *summary);
uint64_t summary_rejected(const struct summary *summary);

/* All of it, in this format (summarise.c). */
void summary_put(struct summary *summary, struct output *output, enum output_format format,
                 const struct parser_counts *lines);

void summary_text(const struct summary *summary, struct output *output);
void summary_json(const struct summary *summary, struct output *output, const struct parser_counts *lines);
void summary_tsv(const struct summary *summary, struct output *output);
extern const char summary_style[]; /* all that stands before the page's text */
void summary_html(const struct summary *summary, struct output *output, const struct parser_counts *lines);

#endif
