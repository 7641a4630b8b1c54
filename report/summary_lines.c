/* Lines that are no events, but stand in a report: warnings and worse, what the master says, hosts that could not be
 * reached, and how long connections to Postfix lasted.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../parser/fields.h"
#include "../parser/hash.h"
#include "../parser/tally.h"
#include "summary.h"
#include "words.h"

#define MESSAGE_OCTETS 66 /* pflogsumm's width */

static void take_message(struct summary *s, const struct line *line, enum tree tree, struct span text, uint64_t times)
{
    struct words words;

    if (!s->options->verbose)
        text = words_cut(&words, text, MESSAGE_OCTETS);
    summary_branch(s, tree, (struct span[]){ words_program(line), text }, 2, times);
}

/* `warning: text`, as Postfix and others begin it. */
static bool take_diagnostic(struct summary *s, const struct line *line, struct span message, uint64_t times)
{
    static const struct {
        struct span prefix;
        enum tree tree;
    } levels[] = {
        { SPAN("warning: "), TREE_WARNING }, { SPAN("warn: "), TREE_WARNING }, { SPAN("Warning: "), TREE_WARNING },
        { SPAN("fatal: "), TREE_FATAL },     { SPAN("Fatal: "), TREE_FATAL },  { SPAN("panic: "), TREE_PANIC },
        { SPAN("Panic: "), TREE_PANIC },     { SPAN("error: "), TREE_ERROR },  { SPAN("Error: "), TREE_ERROR },
    };

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (span_take(&message, levels[i].prefix)) {
            take_message(s, line, levels[i].tree, message, times);
            return true;
        }
    return false;
}

/* ---- connections ---- */

static uint64_t session_key(const struct summary *s, const struct line *line)
{
    return hash_octets(s->seed ^ hash_octets(s->seed, line->header.host) ^ hash_octets(~s->seed, line->header.instance),
                       line->header.pid) |
           1;
}

/* The place of this process: the one it has, or the free one where it would be. The table is open, with linear probing.
 */
static size_t session_of(const struct summary *s, uint64_t key)
{
    size_t i = key >> 32 & (OPEN_SESSIONS - 1);

    while (s->open_sessions[i].key && s->open_sessions[i].key != key)
        i = (i + 1) & (OPEN_SESSIONS - 1);
    return i;
}

/* Who stands behind it and would not be found any more moves up. */
static void remove_session(struct summary *s, size_t free_place)
{
    struct open_session *all = s->open_sessions;

    for (size_t i = (free_place + 1) & (OPEN_SESSIONS - 1); all[i].key; i = (i + 1) & (OPEN_SESSIONS - 1)) {
        size_t home = all[i].key >> 32 & (OPEN_SESSIONS - 1);

        if (hash_may_move(i, home, free_place, OPEN_SESSIONS)) {
            all[free_place] = all[i];
            free_place = i;
        }
    }
    all[free_place].key = 0;
    s->open_sessions_n--;
}

/* Those that never ended, since their process was killed, go when there are too many: the oldest first, whatever the
 * hashes are. */
static void begin_session(struct summary *s, const struct line *line)
{
    uint64_t key = session_key(s, line);
    size_t place = session_of(s, key), oldest = place;

    if (!s->open_sessions[place].key && s->open_sessions_n == OPEN_SESSIONS / 2) {
        for (size_t i = 0; i < OPEN_SESSIONS; i++)
            if (s->open_sessions[i].key &&
                (!s->open_sessions[oldest].key || s->open_sessions[i].number < s->open_sessions[oldest].number))
                oldest = i;
        remove_session(s, oldest);
        place = session_of(s, key);
    }
    s->open_sessions_n += s->open_sessions[place].key == 0;
    s->open_sessions[place] = (struct open_session){ key, line_time(line), s->sessions_begun++ };
}

static void add_session(struct sessions *sessions, uint64_t seconds)
{
    sessions->count++;
    sessions->seconds += seconds;
    if (seconds > sessions->max_s)
        sessions->max_s = seconds;
}

static void take_disconnect(struct summary *s, const struct line *line, struct span client)
{
    struct words words;
    uint64_t key = session_key(s, line), seconds = 0;
    size_t place = session_of(s, key);
    const struct open_session session = s->open_sessions[place];
    struct span name = client, rest = client;
    const struct moment *moment;
    struct domain *domain;

    if (session.key != key) /* the log begins within it */
        return;
    remove_session(s, place);
    if (line_time(line) > session.begin)
        seconds = (uint64_t)(line_time(line) - session.begin);
    moment = summary_moment(s, line);
    add_session(&s->hours[moment->hour].sessions, seconds);
    add_session(&moment->day->sessions, seconds);
    add_session(&s->sessions, seconds);
    if (fields_take_client(&rest, &client))
        name = client;
    domain = names_row(s->session_domains, words_client(&words, name));
    domain->name.count++;
    domain->name.octets += seconds;
    if (seconds > domain->delay_max_ms)
        domain->delay_max_ms = seconds;
}

static void take_session(struct summary *s, const struct line *line, struct span message)
{
    if (!s->wants_sessions)
        return;
    if (span_take_literal(&message, "disconnect from "))
        take_disconnect(s, line, message);
    else if (span_has_prefix(message, "connect from "))
        begin_session(s, line);
}

/* `connect to mx[192.0.2.1]:25: Connection refused`; before 2.5 `connect to mx[192.0.2.1]: text (port 25)`. */
static void take_unreachable(struct summary *s, struct span message)
{
    struct words words;
    struct span host, reason = span_skip(message, sizeof "connect to " - 1);
    size_t port;

    if (!span_take_until(&reason, '[', &host) || !span_take_until(&reason, ']', &message))
        return;
    if (span_take_char(&reason, ':') && reason.n && is_digit(reason.p[0]))
        span_take_until(&reason, ':', &message);
    reason = span_trim(reason);
    port = span_find(reason, SPAN(" (port "));
    reason = words_cut(&words, span_first(reason, port), MESSAGE_OCTETS);
    for (size_t i = 0; i < reason.n; i++)
        words.text[i] = to_lower(words.text[i]);
    summary_branch(s, TREE_SMTP, (struct span[]){ reason, host }, 2, 1);
}

static void take_master(struct summary *s, const struct line *line, struct span message)
{
    struct words words;

    (void)line;
    summary_branch(s, TREE_MASTER, (struct span[]){ words_cut(&words, message, 200) }, 1, 1);
}

/* `message repeated 2 times: [ warning: text]` */
static uint64_t unwrap_repeated(struct span *message)
{
    struct span s = *message;
    uint64_t times;

    if (!span_take_literal(&s, "message repeated ") || !span_take_number(&s, &times) ||
        !span_take_literal(&s, " times: ["))
        return 1;
    if (s.n && s.p[s.n - 1] == ']')
        s.n--;
    *message = span_trim(s);
    return times;
}

/* Connections, levels, what the master says (daemon, reload, terminating), statistics. */
const char summary_lines_begin[] = "cdwWfFpPeEmrts";

/* All but a few lines are none of these. */
static bool may_matter(const struct line *line, struct span message)
{
    if (message.n < 8)
        return false;
    switch (message.p[0]) {
    case 'c':
        return span_has_prefix(message, "connect ");
    case 'd':
        return span_has_prefix(message, "disconnect from ") || span_has_prefix(message, "daemon ");
    case 'w':
    case 'W':
    case 'f':
    case 'F':
    case 'p':
    case 'P':
    case 'e':
    case 'E':
    case 'm':
        return true;
    default:
        return span_is(line->header.service, "master");
    }
}

void summary_line(void *context, const struct line *line)
{
    struct summary *s = context;
    struct span message = line->header.message;
    bool is_postfix = line->header.instance.n > 0;
    uint64_t times;

    if (is_postfix && (line_time(line) < s->now.begin || line_time(line) >= s->now.end) && summary_wants(s, line))
        summary_moment(s, line); /* so that a day without mail is one, too */
    if (!may_matter(line, message) || !summary_wants(s, line))
        return;
    if (is_postfix && span_is(line->header.service, "smtpd") && (message.p[0] == 'c' || message.p[0] == 'd')) {
        take_session(s, line, message);
        return;
    }
    if (!is_postfix && !parser_knows(s->parser, &line->header))
        return;
    times = unwrap_repeated(&message);
    if (take_diagnostic(s, line, message, times))
        return;
    if (is_postfix && span_is(line->header.service, "master"))
        take_master(s, line, message);
    else if (is_postfix && span_is(line->header.service, "smtp") && span_has_prefix(message, "connect to "))
        take_unreachable(s, message);
}
