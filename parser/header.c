/* Host and tag of a log line: see header.h; the time stamp before them is read by stamp.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "header_inside.h"

#include "stamp.h"

/* What is left is the message. Solaris puts `[ID 801593 mail.info] ` before it. */
static __attribute__((noinline)) void set_message(struct header *header, struct span rest)
{
    header_skip_spaces(&rest);
    if (rest.n && rest.p[0] == '[' && span_has_prefix(rest, "[ID ")) {
        struct span id, behind = rest;

        if (span_take_until(&behind, ']', &id) && id.n <= 40 && span_take_char(&behind, ' '))
            rest = behind;
    }
    header->message = rest;
}

static bool is_one_of(struct span word, const char *const *words)
{
    for (; *words; words++)
        if (span_eq(word, span_of(*words)))
            return true;
    return false;
}

static bool is_severity(struct span word)
{
    static const char *const severities[] = { "emerg",   "panic", "alert",  "crit", "err",   "error",
                                              "warning", "warn",  "notice", "info", "debug", NULL };

    return is_one_of(word, severities);
}

/* `INFO    postfix/smtpd[1]: ..`: templates of containers have the level in place of the host. In lower case it may be
 * a host's name. */
static bool is_level(struct span word)
{
    static const char *const levels[] = { "EMERG", "ALERT",  "CRIT", "ERR",   "ERROR", "WARNING",
                                          "WARN",  "NOTICE", "INFO", "DEBUG", NULL };

    return is_one_of(word, levels);
}

/* `mail.info`, or `mail:info` on AIX. */
static bool is_priority(struct span word)
{
    static const char *const facilities[] = { "mail",     "daemon", "syslog", "user",   "auth",   "authpriv",
                                              "security", "kern",   "lpr",    "news",   "uucp",   "cron",
                                              "ftp",      "ntp",    "local0", "local1", "local2", "local3",
                                              "local4",   "local5", "local6", "local7", NULL };
    struct span facility, severity = word;

    return word.n <= 24 && (span_take_until(&severity, '.', &facility) || span_take_until(&severity, ':', &facility)) &&
           is_severity(severity) && is_one_of(facility, facilities);
}

/* `2.6`, as `syslogd -v` of FreeBSD writes what `-vv` writes as `mail.info`. */
static bool is_numeric_priority(struct span word)
{
    uint64_t facility, severity;

    return span_take_number(&word, &facility) && span_take_char(&word, '.') && span_take_number(&word, &severity) &&
           word.n == 0 && facility < 24 && severity < 8;
}

/* Consumes `mail.info `, or what is the same in brackets. */
static bool take_priority_word(struct span *s)
{
    struct span rest = *s, word;
    bool bracketed;

    if (!span_take_until(&rest, ' ', &word) || word.n < 4)
        return false;
    bracketed = word.p[0] == '<' && word.p[word.n - 1] == '>';
    if (bracketed)
        word = (struct span){ word.p + 1, word.n - 2 };
    if (!is_priority(word) && !(bracketed && is_numeric_priority(word)))
        return false;
    *s = rest;
    return true;
}

/* metalog: `[postfix/smtpd] text`, without a host. A host that is an address in brackets begins with a digit. */
static bool take_metalog(struct header *header, struct span *s)
{
    struct span rest = *s, name;
    const char *slash = NULL, *first = NULL;

    if (!span_take_char(&rest, '[') || !span_take_until(&rest, ']', &name) || name.n == 0 || name.n > TAG_OCTETS_MAX ||
        is_digit(name.p[0]) || !span_take_char(&rest, ' '))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char kind = header_tag_octets[(unsigned char)name.p[i]];

        if (kind == '.')
            return false;
        if (kind == '/') {
            slash = name.p + i;
            first = first ? first : slash;
        }
    }
    if (!header_set_program(header, name, first, slash))
        return false;
    *s = rest;
    return true;
}

/* syslog-ng's chains: the first name is where the line comes from, relays put theirs behind it; a name of the source
 * may stand before it: `s_local@mx1/relay`. */
static struct span origin_of(struct span chain)
{
    const char *slash = span_chr(chain, '/');
    struct span name = slash ? span_from(chain.p, slash) : chain;
    const char *at = memrchr(name.p, '@', name.n);

    if (at)
        name = span_from(at + 1, name.p + name.n);
    return name.n ? name : chain;
}

/* Some syslogds name no host in `last message repeated 2 times` and `--- last message repeated 2 times ---`. */
static bool is_hostless_repeat(struct span rest)
{
    span_take_literal(&rest, "--- ");
    return span_has_prefix(rest, "last message repeated ");
}

/* The odd beginnings of what stands behind a stamp, of which none has a host; true when one was it. */
static bool take_without_host(struct header *header, struct span *rest, struct span word, struct span behind)
{
    char last = word.n ? word.p[word.n - 1] : ' ';

    if (word.n == 0 || word.p[0] == '[')
        return take_metalog(header, rest);
    if (last == ':' || last == ']' || (behind.n && behind.p[0] == '['))
        return header_take_tag(header, rest);
    return is_hostless_repeat(*rest);
}

/* `mx1 postfix/smtpd[123]: text` */
static void split_origin(struct header *header, struct span rest)
{
    bool chained = false;
    const char *q, *end;

    if (rest.n && (rest.p[0] == ' ' || rest.p[0] == '<')) {
        header_skip_spaces(&rest);
        take_priority_word(&rest); /* syslogd -v and -vv of FreeBSD */
    }
    end = rest.p + rest.n;
    for (q = rest.p; q < end && *q != ' '; q++)
        chained |= *q == '/' || *q == '@';
    struct span word = span_from(rest.p, q), behind = span_from(q < end ? q + 1 : q, end);
    char first = word.n ? word.p[0] : ' ', last = word.n ? word.p[word.n - 1] : ' ';

    if (first == ' ' || first == '[' || first == '-' || first == 'l' || last == ':' || last == ']' ||
        (behind.n && behind.p[0] == '[')) {
        if (take_without_host(header, &rest, word, behind)) {
            set_message(header, rest);
            return;
        }
    }
    if (is_level(word)) {
        header_skip_spaces(&behind);
        word.n = 0;
    }
    header->host = chained ? origin_of(word) : word;
    if (!header_take_tag(header, &behind) && take_priority_word(&behind))
        header_take_tag(header, &behind);
    set_message(header, behind);
}

/* Host and tag are the same few in most lines: those before a `[pid]: ` are remembered with how they were split. The
 * octets decide the split alone, so an equal beginning is split in the same way. */
static struct header_origin *origin_slot(struct header_clock *clock, struct span rest, size_t n)
{
    uint64_t tail;

    memcpy(&tail, rest.p + n - sizeof tail, sizeof tail);
    tail = (tail ^ n) * 0x9e3779b97f4a7c15u;
    return &clock->origins[tail >> 58];
}

static void remember_origin(struct header_origin *origin, struct header *header, struct span rest, size_t n)
{
    const char *program = header->program.p;

    if (header->host.p != rest.p || program != rest.p + header->host.n + 1 || program + header->program.n != rest.p + n)
        return;
    memcpy(origin->octets, rest.p, n);
    origin->n = (uint8_t)n;
    origin->host_octets = (uint8_t)header->host.n;
    origin->instance_octets = (uint8_t)header->instance.n;
    origin->service_at = (uint8_t)(header->service.p - rest.p);
    origin->noted_by = 0;
    header->origin = origin;
}

/* How many octets of host and tag stand before `[`; 0: there is none near, or too near. */
static inline size_t origin_octets(struct span rest)
{
    const char *bracket =
        span_chr(span_first(rest, rest.n < HEADER_ORIGIN_OCTETS ? rest.n : HEADER_ORIGIN_OCTETS), '[');
    size_t n = bracket ? (size_t)(bracket - rest.p) : 0;

    return n < sizeof(uint64_t) ? 0 : n;
}

/* The host and tag of an earlier line and `[123]: text`, as nearly always. */
static inline bool recall_origin(struct header_clock *clock, struct header *header, struct span rest)
{
    size_t n = origin_octets(rest);

    if (n == 0)
        return false;
    struct header_origin *origin = origin_slot(clock, rest, n);
    struct span behind = span_skip(rest, n + 1);
    size_t digits = span_digits(behind);

    if (origin->n != n || !span_equal_octets(origin->octets, rest, n) || digits == 0 || digits + 4 > behind.n ||
        memcmp(behind.p + digits, "]: ", 3) != 0)
        return false;
    header->origin = origin;
    header->host = span_first(rest, origin->host_octets);
    header->program = span_from(rest.p + origin->host_octets + 1, rest.p + n);
    header->instance = span_first(header->program, origin->instance_octets);
    header->service = span_from(rest.p + origin->service_at, rest.p + n);
    header->pid = span_first(behind, digits);
    header->message = span_skip(behind, digits + 3);
    if (behind.p[digits + 3] == ' ' || behind.p[digits + 3] == '[')
        set_message(header, header->message);
    return true;
}

static void take_origin(struct header_clock *clock, struct header *header, struct span rest)
{
    size_t n = origin_octets(rest);

    header->pid = (struct span){ rest.p, 0 };
    split_origin(header, rest);
    if (n && header->pid.n && header->pid.p == rest.p + n + 1)
        remember_origin(origin_slot(clock, rest, n), header, rest, n);
}

/* Only what cannot be anything else: `exim[123]: `; and with `names`, `qmail-send: `. For `status: local 0/10` and
 * `warning: ..` are messages. */
static bool take_certain_tag(struct header *header, struct span *s, bool names)
{
    struct header found = *header;
    struct span rest = *s;

    if (!header_take_tag(&found, &rest))
        return false;
    size_t octets = (size_t)(rest.p - s->p);
    bool colon = octets && rest.p[-1] == ':';
    bool certain = colon && found.pid.n;

    for (size_t i = 0; i < found.pid.n; i++)
        certain = certain && is_digit(found.pid.p[i]);
    if (names && colon && !found.pid.n)
        certain = memchr(s->p, '-', octets) || memchr(s->p, '/', octets);
    if (!certain)
        return false;
    *header = found;
    *s = rest;
    return true;
}

#ifdef __SSE2__
static inline unsigned octets_equal(__m128i octets, char c)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(c)));
}
#endif

/* Whether the first bracket near begins `[123]:`, as it does behind a certain tag. */
static bool has_number_and_colon(struct span s)
{
    const char *bracket = span_chr(span_first(s, s.n < 2 * TAG_OCTETS_MAX ? s.n : 2 * TAG_OCTETS_MAX), '[');
    struct span behind = bracket ? span_from(bracket + 1, s.p + s.n) : span_first(s, 0);
    size_t digits = span_digits(behind);

    return digits && digits + 1 < behind.n && behind.p[digits] == ']' && behind.p[digits + 1] == ':';
}

/* Such a tag is the first word or the second; false: neither is one. */
static inline bool may_have_certain_tag(struct span s)
{
#ifdef __SSE2__
    if (s.n >= 16) { /* the first 32 octets, or all */
        const size_t second_at = s.n < 32 ? s.n - 16 : 16;
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)s.p);
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(s.p + second_at));
        const uint64_t brackets = octets_equal(low, '[') | (uint64_t)octets_equal(high, '[') << second_at;
        const uint64_t spaces = octets_equal(low, ' ') | (uint64_t)octets_equal(high, ' ') << second_at;
        const uint64_t behind_first = spaces & (spaces - 1), second = behind_first & -behind_first;
        const uint64_t words = (second - 1) | second | second << 1; /* all, where there is no second space */

        if (((brackets & words) == 0) & ((second != 0) | (s.n <= 32)))
            return false;
    }
#endif
    return has_number_and_colon(s);
}

/* A program's own log: `[123] text` where Exim logs its pid; else, where someone made a syslog of it,
 * `mx1 exim[123]: text` or `info exim[123]: text`. */
static void take_own(struct header *header, struct span rest, bool names)
{
    struct span word, behind = rest, pid;

    if (rest.n && rest.p[0] == '[') {
        if (header_take_pid(&behind, &pid) && span_take_char(&behind, ' ')) {
            header->pid = pid;
            rest = behind;
        }
    } else if (!names && !may_have_certain_tag(rest)) {
        /* a message */
    } else if (!take_certain_tag(header, &rest, names) && span_take_until(&behind, ' ', &word) && word.n &&
               take_certain_tag(header, &behind, false)) {
        if (!is_severity(word))
            header->host = word;
        rest = behind;
    }
    set_message(header, rest);
}

/* `[id name="value" ..]` or `-`; in a value a backslash guards quotes and brackets. */
static bool take_structured_data(struct span *s)
{
    struct span rest = *s;

    if (span_take_char(&rest, '-')) {
        *s = rest;
        return true;
    }
    if (rest.n == 0 || rest.p[0] != '[')
        return false;
    bool inside = false, quoted = false;
    size_t i;

    for (i = 0; i < rest.n && (inside || rest.p[i] == '['); i++) {
        char c = rest.p[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '[')
            inside = true;
        else if (!quoted && c == ']')
            inside = false;
    }
    if (inside || i > rest.n)
        return false;
    *s = span_skip(rest, i);
    return true;
}

/* A field of RFC 5424; `-` is an empty one. */
static bool take_field(struct span *s, struct span *field)
{
    if (!span_take_until(s, ' ', field))
        return false;
    if (span_is(*field, "-"))
        field->n = 0;
    return true;
}

/* `mx1 postfix/smtpd 123 - - text`. rsyslog cuts the program off at its slash, and leaves a second space before the
 * text. */
static bool take_rfc5424(struct header *header, struct span rest)
{
    struct span host, program, pid, id;

    if (!take_field(&rest, &host) || !take_field(&rest, &program) || !take_field(&rest, &pid) ||
        !take_field(&rest, &id) || !take_structured_data(&rest) || (rest.n && rest.p[0] != ' '))
        return false;
    header_skip_spaces(&rest);
    span_take_literal(&rest, "\xef\xbb\xbf");
    header_skip_spaces(&rest);
    header->host = host.n ? origin_of(host) : host;
    if (program.n == 0) {
        take_certain_tag(header, &rest, false); /* a relay that put the whole of a traditional line into the text */
    } else {
        const char *first = span_chr(program, '/'), *last = memrchr(program.p, '/', program.n);

        if (header_set_program(header, program, first, last))
            header->pid = pid;
    }
    set_message(header, rest);
    return true;
}

/* `<22>` */
static bool take_priority(struct span *s)
{
    struct span rest = *s;
    uint64_t priority;

    if (!span_take_char(&rest, '<') || !span_take_number(&rest, &priority) || priority > 191 ||
        !span_take_char(&rest, '>'))
        return false;
    *s = rest;
    return true;
}

/* `mail-1  | `: the name of a container, as docker compose writes it. */
static bool take_container(struct span *s)
{
    size_t i = 0, end = s->n < TAG_OCTETS_MAX ? s->n : TAG_OCTETS_MAX;

    while (i < end && (is_alnum(s->p[i]) || s->p[i] == '-' || s->p[i] == '_' || s->p[i] == '.'))
        i++;
    if (i == 0)
        return false;
    while (i < end && s->p[i] == ' ')
        i++;
    if (i + 1 >= end || s->p[i - 1] != ' ' || s->p[i] != '|' || s->p[i + 1] != ' ')
        return false;
    *s = span_skip(*s, i + 2);
    return true;
}

/* A stamp with what may stand before it. */
static enum stamp_follows take_stamp(struct header_clock *clock, struct span *rest, int64_t *time)
{
    struct span s = *rest;
    bool priority = take_priority(&s);
    enum stamp_follows follows = stamp_take(clock, &s, time);

    if (follows == STAMP_NONE && priority && span_take_literal(&s, "1 - ")) {
        *time = TIME_UNKNOWN; /* RFC 5424 allows a sender without a clock */
        follows = STAMP_RFC5424;
    }
    if (follows != STAMP_NONE)
        *rest = s;
    return follows;
}

/* Whether it is worth while to look for a second header: most lines have a host and a tag here. */
static bool may_be_header(struct span s, enum stamp_follows outer)
{
    if (s.n < sizeof "Nov 1 03:47:01 ")
        return false;
    switch (s.p[0]) {
    case '<':
    case '@':
        return true;
    case 's': /* stdout F, stderr F */
        return s.p[6] == ' ' || outer != STAMP_SYSLOG;
    default:
        if (is_digit(s.p[0]))
            return s.p[4] == '-' || s.p[4] == ' ' || s.p[1] == ' ';
        return (s.p[0] <= 'Z' && s.p[3] == ' ') || outer == STAMP_MULTILOG;
    }
}

/* A second header behind the first stamp: `stdout F ` is the mark of Kubernetes, `mail.info: ` that of socklog. */
static enum stamp_follows take_second_stamp(struct header_clock *clock, struct span *rest, enum stamp_follows outer)
{
    struct span s = *rest, word, ahead = s;
    int64_t time;
    enum stamp_follows inner;

    if (!may_be_header(s, outer))
        return outer;
    bool kubernetes = span_take_literal(&s, "stdout F ") || span_take_literal(&s, "stderr F ");

    if (!kubernetes && span_take_until(&ahead, ' ', &word) && word.n > 5 && word.p[word.n - 1] == ':' &&
        is_priority(span_first(word, word.n - 1)))
        s = ahead;
    inner = take_stamp(clock, &s, &time);
    if (inner == STAMP_NONE) {
        if (!kubernetes)
            return outer;
        inner = STAMP_MULTILOG;
    }
    *rest = s;
    return inner;
}

/* In any format: the usual line, which begins as one before it did, does not come here. `rest` is what stands behind
 * the stamp, if that was met before. */
static __attribute__((noinline)) bool parse_at_length(struct header *header, struct header_clock *clock,
                                                      struct span line, struct span rest, enum stamp_follows follows)
{
    const struct span none = { line.p, 0 };
    int64_t time = follows == STAMP_NONE ? TIME_UNKNOWN : header->time;

    *header = (struct header){ time, none, none, none, none, none, line, NULL };
    if (follows == STAMP_NONE)
        follows = take_stamp(clock, &rest, &header->time);
    if (follows == STAMP_NONE && take_container(&rest))
        follows = take_stamp(clock, &rest, &header->time);
    if (follows == STAMP_SYSLOG || follows == STAMP_OWN || follows == STAMP_MULTILOG)
        follows = take_second_stamp(clock, &rest, follows);
    switch (follows) {
    case STAMP_NONE:
        break;
    case STAMP_TRADITIONAL:
    case STAMP_SYSLOG:
        take_origin(clock, header, rest);
        return true;
    case STAMP_OWN:
    case STAMP_MULTILOG:
        take_own(header, rest, follows == STAMP_MULTILOG);
        if (header->host.n == 0 && header->program.n == 0)
            header->origin = &clock->nameless;
        return true;
    case STAMP_RFC5424:
        if (take_rfc5424(header, rest))
            return true;
        break;
    }
    header->time = TIME_UNKNOWN;
    return false;
}

/* The stamp is like the one before, but another. */
static __attribute__((noinline)) bool parse_other(struct header *header, struct header_clock *clock, struct span line)
{
    struct span rest = line;
    enum stamp_follows follows = stamp_take_same(clock, &rest, &header->time);

    if ((follows == STAMP_TRADITIONAL || (follows == STAMP_SYSLOG && !may_be_header(rest, follows))) &&
        recall_origin(clock, header, rest))
        return true;
    return parse_at_length(header, clock, line, rest, follows);
}

/* What stands behind the stamp of a program's own log is certainly its message, and no second header. What may be one,
 * and more, is left to parse_other(). Which kind of message it is, is not foreseen: so there are few branches. */
static inline bool is_own_message(struct span s)
{
    if (s.n < sizeof "Nov 1 03:47:01 ")
        return false;
    const char first = s.p[0];
    const bool maybe_mark = (first == '<') | (first == '@') | (first == 's') | (first == '[') | (first == ' ');
    const bool maybe_day = (first <= 'Z') & (s.p[3] == ' ');
    const bool maybe_number = (first <= '9') & ((s.p[1] == ' ') | (s.p[4] == ' ') | (s.p[4] == '-'));

    return !(maybe_mark | maybe_day | maybe_number) && !may_have_certain_tag(s);
}

/* Of most lines the one before had the same stamp: the traditional one, or that of a program's own log. */
bool header_parse(struct header *header, struct header_clock *clock, struct span line)
{
    const struct span none = { line.p, 0 };

    if (stamp_is_same(clock, line)) {
        header->time = clock->stamp_time;
        if (recall_origin(clock, header, span_skip(line, sizeof clock->stamp)))
            return true;
    } else if (stamp_is_same_own(clock, line)) {
        const struct span rest = span_skip(line, clock->whole_octets);

        if (is_own_message(rest)) {
            *header = (struct header){ stamp_own_again(clock), none, none, none, none, none, rest, &clock->nameless };
            return true;
        }
    }
    return parse_other(header, clock, line);
}
