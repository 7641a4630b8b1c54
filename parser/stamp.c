/* Time stamps of log lines: see stamp.h. A new format is a function here and a row in the table at the end.
 *
 * What is costly, the calendar and the time zone, is done once for an hour of log: the octets of the last hour (or
 * minute) are remembered and compared first. Minutes and seconds are arithmetic on digits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "stamp.h"

#include "civil.h"

/* Lines of one log are not in perfect order: a step back of this much does not mean that an hour came a second time. */
#define JITTER_S 60

/* How far two neighbouring lines may be apart to be thought of as neighbours where the year is wanted. */
#define MONTH_S (31 * (int64_t)CIVIL_DAY_S)

/* No stamp is within an hour of it: none is before 1970. */
#define HOUR_NONE (-2 * (int64_t)CIVIL_HOUR_S)

/* The only possible octets of a value above 99 are those that are no digits. */
static unsigned two_digits(const char *p)
{
    unsigned tens = (unsigned)(unsigned char)p[0] - '0', ones = (unsigned)(unsigned char)p[1] - '0';

    return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static unsigned four_digits(const char *p)
{
    unsigned high = two_digits(p), low = two_digits(p + 2);

    return high > 99 || low > 99 ? 100000 : high * 100 + low;
}

void header_clock_set(struct header_clock *clock, int64_t reference)
{
    int64_t last;

    civil_day(CIVIL_YEAR_MAX, 1, 1, &last);
    clock->reference = reference < 0 ? 0 : reference > last ? last : reference;
    clock->hour = HOUR_NONE;
    if (!clock->set)
        clock->previous = TIME_UNKNOWN;
    clock->set = true;
}

/* Some zones change in the middle of an hour: of such an hour nothing is remembered but the one second. */
static void clock_load_hour(struct header_clock *clock, int64_t local)
{
    int64_t in_hour = local % CIVIL_HOUR_S, hour = local - in_hour, last, last_repeat;

    civil_times(hour, &clock->hour_start, &clock->hour_repeat);
    civil_times(hour + CIVIL_HOUR_S - 1, &last, &last_repeat);
    clock->hour = hour;
    if (last - clock->hour_start != CIVIL_HOUR_S - 1 || last_repeat - clock->hour_repeat != CIVIL_HOUR_S - 1) {
        civil_times(local, &clock->hour_start, &clock->hour_repeat);
        clock->hour_start -= in_hour;
        clock->hour_repeat -= in_hour;
        clock->hour = HOUR_NONE;
    }
}

/* From local seconds to a time. Of an hour that occurs twice, the one that is not before the previous line. */
static int64_t clock_convert(struct header_clock *clock, int64_t local)
{
    int64_t in_hour = local - clock->hour, time;

    if (in_hour < 0 || in_hour >= CIVIL_HOUR_S) {
        clock_load_hour(clock, local);
        in_hour = local % CIVIL_HOUR_S;
    }
    time = clock->hour_start + in_hour;
    if (clock->hour_repeat != clock->hour_start && clock->previous != TIME_UNKNOWN && time < clock->previous - JITTER_S)
        time = clock->hour_repeat + in_hour;
    clock->previous = time;
    return time;
}

/* The local seconds of a stamp without a year. Within a month of the previous line it goes with that line, over New
 * Year both ways; otherwise it is in the latest year that does not put it after the reference. Whatever a forged or
 * wrong stamp did, the next good line is right again: nothing is ever put more than a month after the reference. */
static bool clock_infer_year(const struct header_clock *clock, unsigned month, unsigned day, int64_t in_day,
                             int64_t *local)
{
    int64_t reference = civil_local(clock->reference);

    if (clock->previous != TIME_UNKNOWN) {
        static const int steps[] = { 0, 1, -1 };
        int64_t previous = civil_local(clock->previous);
        int year = civil_year(previous);

        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            if (!civil_day(year + steps[i], month, day, local))
                continue;
            *local += in_day;
            if (*local - previous <= MONTH_S && previous - *local <= MONTH_S && *local <= reference + MONTH_S)
                return true;
        }
    }
    /* Clocks of other hosts and zones may be ahead by up to a day; eight years hold a 29 February, even around 2100. */
    int latest = civil_year(reference) + 1;

    for (int year = latest; year >= latest - 9; year--) {
        if (!civil_day(year, month, day, local))
            continue;
        *local += in_day;
        if (*local <= reference + CIVIL_DAY_S)
            return true;
    }
    return false;
}

/* Whether six of the eight octets at p are digits, as the microseconds of a stamp are. */
static inline bool six_digits(const char *p)
{
    static const unsigned char first_six[8] = { 255, 255, 255, 255, 255, 255, 0, 0 };
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), digit = UINT64_C(0x3030303030303030);
    uint64_t octets, mask;

    memcpy(&octets, p, sizeof octets);
    memcpy(&mask, first_six, sizeof mask);
    /* Adding 6 takes ':' and what follows it to the next sixteen. */
    return ((((octets & high) ^ digit) | (((octets + UINT64_C(0x0606060606060606)) & high) ^ digit)) & mask) == 0;
}

/* `.123456` or `,123`: the whole second is enough for all that is counted. */
static inline void skip_fraction(struct span *s)
{
    size_t i = 1;

    if (s->n < 2 || (s->p[0] != '.' && s->p[0] != ',') || !is_digit(s->p[1]))
        return;
    if (s->n > 8 && six_digits(s->p + 1))
        i = 7;
    while (i < s->n && is_digit(s->p[i]))
        i++;
    *s = span_skip(*s, i);
}

/* HH:MM:SS, with or without a fraction. Second 60 is a leap second. */
static bool take_time_of_day(struct span *s, int64_t *in_day)
{
    if (s->n < 8 || s->p[2] != ':' || s->p[5] != ':')
        return false;
    unsigned hour = two_digits(s->p), minute = two_digits(s->p + 3), second = two_digits(s->p + 6);

    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *in_day = hour * 3600 + minute * 60 + second;
    *s = span_skip(*s, 8);
    skip_fraction(s);
    return true;
}

/* One of names of three letters each, and a space; counted from 1, 0 when it is none of them. */
static unsigned take_name(struct span *s, struct span names)
{
    if (s->n < 4 || s->p[3] != ' ')
        return 0;
    for (size_t i = 0; i + 3 <= names.n; i += 3) {
        if (memcmp(s->p, names.p + i, 3) == 0) {
            *s = span_skip(*s, 4);
            return (unsigned)(i / 3 + 1);
        }
    }
    return 0;
}

/* `Nov  1 `, `Nov 01 `, `Nov 1 `. */
static bool take_month_and_day(struct span *s, unsigned *month, unsigned *day)
{
    struct span rest = *s;
    uint64_t number;

    *month = take_name(&rest, SPAN("JanFebMarAprMayJunJulAugSepOctNovDec"));
    if (*month == 0)
        return false;
    span_take_char(&rest, ' ');
    if (!span_take_number(&rest, &number) || number > 31 || !span_take_char(&rest, ' '))
        return false;
    *day = (unsigned)number;
    *s = rest;
    return true;
}

static bool take_year(struct span *s, int *year)
{
    unsigned digits = s->n >= 4 ? four_digits(s->p) : 100000;

    if (digits > 9999)
        return false;
    *year = (int)digits;
    *s = span_skip(*s, 4);
    return true;
}

static void remember_traditional(struct header_clock *clock, const char *p, int64_t hour, int64_t time)
{
    memcpy(clock->stamp, p, sizeof clock->stamp);
    clock->remembered = p[15] == ' ' ? MEMORY_SECOND : MEMORY_HOUR;
    clock->stamp_base = hour;
    clock->stamp_time = time;
}

bool stamp_take_same_hour(struct header_clock *clock, struct span *line, int64_t *time)
{
    const char *p = line->p;

    if ((clock->remembered != MEMORY_SECOND && clock->remembered != MEMORY_HOUR) || line->n < sizeof clock->stamp ||
        memcmp(p, clock->stamp, 9) != 0 || p[9] != ':' || p[12] != ':')
        return false;
    unsigned minute = two_digits(p + 10), second = two_digits(p + 13);
    struct span rest = span_skip(*line, 15);

    if (minute > 59 || second > 60)
        return false;
    skip_fraction(&rest);
    if (!span_take_char(&rest, ' '))
        return false;
    *time = clock_convert(clock, clock->stamp_base + minute * 60 + second);
    remember_traditional(clock, p, clock->stamp_base, *time);
    *line = rest;
    return true;
}

/* `Nov  1 03:47:01 mx1`; `Nov  1 2026 03:47:01 mx1` as Cisco writes it; with a fraction `journalctl -o short-precise`.
 */
static enum stamp_follows take_traditional(struct header_clock *clock, struct span *line, int64_t *time)
{
    struct span s = *line;
    unsigned month, day;
    int64_t in_day, local;
    int year = 0;

    if (stamp_take_same_hour(clock, line, time))
        return STAMP_TRADITIONAL;
    if (!take_month_and_day(&s, &month, &day))
        return STAMP_NONE;
    if (s.n > 4 && s.p[4] == ' ' && (!take_year(&s, &year) || !span_take_char(&s, ' ')))
        return STAMP_NONE;
    bool usual = !year && s.p == line->p + 7;

    if (!take_time_of_day(&s, &in_day) || !span_take_char(&s, ' '))
        return STAMP_NONE;
    if (year ? !civil_day(year, month, day, &local) : !clock_infer_year(clock, month, day, in_day, &local))
        return STAMP_NONE;
    local += year ? in_day : 0;
    *time = clock_convert(clock, local);
    if (usual)
        remember_traditional(clock, line->p, local - in_day % CIVIL_HOUR_S, *time);
    *line = s;
    return STAMP_TRADITIONAL;
}

/* `2026 Nov  1 03:47:01 mx1`. */
static enum stamp_follows take_year_first(struct header_clock *clock, struct span *line, int64_t *time)
{
    struct span s = *line;
    unsigned month, day;
    int64_t in_day, local;
    int year;

    if (!take_year(&s, &year) || !span_take_char(&s, ' ') || !take_month_and_day(&s, &month, &day) ||
        !take_time_of_day(&s, &in_day) || !span_take_char(&s, ' ') || !civil_day(year, month, day, &local))
        return STAMP_NONE;
    *time = clock_convert(clock, local + in_day);
    *line = s;
    return STAMP_SYSLOG;
}

/* The sixteen octets of `2026-11-21T03:47`, whatever stands between day and hour. */
static inline bool iso_minute(struct header_clock *clock, const char *p, int64_t *base)
{
    if (clock->remembered == MEMORY_MINUTE && memcmp(p, clock->stamp, sizeof clock->stamp) == 0) {
        *base = clock->stamp_base;
        return true;
    }
    unsigned year = four_digits(p), hour = two_digits(p + 11), minute = two_digits(p + 14);

    if (p[4] != '-' || p[7] != '-' || p[13] != ':' || hour > 23 || minute > 59)
        return false;
    if (!civil_day((int)year, two_digits(p + 5), two_digits(p + 8), base))
        return false;
    *base += hour * 3600 + minute * 60;
    memcpy(clock->stamp, p, sizeof clock->stamp);
    clock->remembered = MEMORY_MINUTE;
    clock->stamp_base = *base;
    return true;
}

/* `+01:00`, `+0100`, `+01`, and Z where it is attached. */
static inline bool take_offset(struct span *s, int64_t *offset)
{
    struct span rest = *s;
    unsigned minutes = 0;

    if (span_take_char(s, 'Z')) {
        *offset = 0;
        return true;
    }
    if (rest.n < 3 || (rest.p[0] != '+' && rest.p[0] != '-'))
        return false;
    unsigned hours = two_digits(rest.p + 1);
    bool west = rest.p[0] == '-';

    rest = span_skip(rest, 3);
    bool colon = span_take_char(&rest, ':');

    if (rest.n >= 2 && is_digit(rest.p[0])) {
        minutes = two_digits(rest.p);
        rest = span_skip(rest, 2);
    } else if (colon) {
        return false;
    }
    if (hours > 23 || minutes > 59)
        return false;
    *offset = (int64_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
    *s = rest;
    return true;
}

/* The whole of a stamp without a fraction, which many lines have. Where clocks are put back it may have two meanings.
 */
static void remember_whole(struct header_clock *clock, struct span stamp, int64_t time, enum stamp_follows follows,
                           bool is_local)
{
    clock->whole_octets = 0;
    if (stamp.n >= sizeof clock->whole || stamp.p[19] == '.' || stamp.p[19] == ',' ||
        (is_local && clock->hour_repeat != clock->hour_start))
        return;
    memcpy(clock->whole, stamp.p, stamp.n);
    clock->whole_octets = (uint8_t)stamp.n;
    clock->whole_follows = (uint8_t)follows;
    clock->whole_is_local = is_local;
    clock->whole_time = time;
}

/* ISO 8601 and what derives from it:
 *   2026-11-21T03:47:01.123456+01:00 mx1   RFC 3339; also without fraction, +0100, Z; without an offset local time
 *   2026-11-21 03:47:01[.123] [+0100 ]     Exim's mainlog, tai64nlocal; without an offset local time
 *   2026-11-21_03:47:01.12345              svlogd -tt: UTC */
enum stamp_follows stamp_take_iso(struct header_clock *clock, struct span *line, int64_t *time)
{
    struct span s = *line, ahead;
    int64_t base, offset = 0;

    if (s.n < 20 || s.p[16] != ':')
        return STAMP_NONE;
    char separator = s.p[10];
    unsigned second = two_digits(s.p + 17);

    if ((separator != 'T' && separator != ' ' && separator != '_') || second > 60 || !iso_minute(clock, s.p, &base))
        return STAMP_NONE;
    s = span_skip(s, 19);
    skip_fraction(&s);
    bool absolute = take_offset(&s, &offset) || separator == '_';

    if (!span_take_char(&s, ' '))
        return STAMP_NONE;
    ahead = s;
    if (separator == ' ' && !absolute && ahead.n && ahead.p[0] != 'Z' && take_offset(&ahead, &offset) &&
        span_take_char(&ahead, ' ')) {
        absolute = true;
        s = ahead;
    }
    enum stamp_follows follows = separator == 'T' ? STAMP_SYSLOG : separator == ' ' ? STAMP_OWN : STAMP_MULTILOG;

    *time = absolute ? base + second - offset : clock_convert(clock, base + second);
    remember_whole(clock, span_from(line->p, s.p), *time, follows, !absolute);
    *line = s;
    return follows;
}

/* `Sat 2026-11-21 05:44:01 UTC mx1`: journalctl -o short-full. A zone that is a name is this process's own.
 * `Sat Nov 21 05:44:01 2026 `: the own logs of clamd and spamd. */
static enum stamp_follows take_weekday(struct header_clock *clock, struct span *line, int64_t *time)
{
    struct span s = *line, zone;
    unsigned month, day;
    int64_t in_day, local, offset = 0;
    int year;

    if (!take_name(&s, SPAN("MonTueWedThuFriSatSun")) || s.n == 0)
        return STAMP_NONE;
    if (!is_digit(s.p[0])) {
        if (!take_month_and_day(&s, &month, &day) || !take_time_of_day(&s, &in_day) || !span_take_char(&s, ' ') ||
            !take_year(&s, &year) || !span_take_char(&s, ' ') || !civil_day(year, month, day, &local))
            return STAMP_NONE;
        *time = clock_convert(clock, local + in_day);
        *line = s;
        return STAMP_OWN;
    }
    if (s.n < 20 || s.p[10] != ' ' || !iso_minute(clock, s.p, &local) || s.p[16] != ':')
        return STAMP_NONE;
    unsigned second = two_digits(s.p + 17);

    s = span_skip(s, 19);
    skip_fraction(&s);
    if (second > 60 || !span_take_char(&s, ' ') || !span_take_until(&s, ' ', &zone) || zone.n == 0 || zone.n > 6)
        return STAMP_NONE;
    bool absolute = span_is(zone, "UTC") || span_is(zone, "GMT") || take_offset(&zone, &offset);

    *time = absolute ? local + second - offset : clock_convert(clock, local + second);
    *line = s;
    return STAMP_SYSLOG;
}

/* `1763700000.123456 mx1`: journalctl -o short-unix. */
static enum stamp_follows take_unix(struct header_clock *clock, struct span *line, int64_t *time)
{
    struct span s = *line;
    uint64_t seconds, micros;

    (void)clock;
    if (!span_take_number(&s, &seconds) || s.p != line->p + 10 || !span_take_char(&s, '.') ||
        !span_take_number(&s, &micros) || s.p != line->p + 17 || !span_take_char(&s, ' '))
        return STAMP_NONE;
    *time = (int64_t)seconds;
    *line = s;
    return STAMP_SYSLOG;
}

/* `@4000000068...`: 16 hexadecimal digits of TAI seconds, 8 of nanoseconds. TAI was 10 s ahead of UTC when leap seconds
 * began; like multilog's own tools this takes no account of those that came later. */
static enum stamp_follows take_tai64n(struct header_clock *clock, struct span *line, int64_t *time)
{
    const uint64_t epoch = (UINT64_C(1) << 62) + 10;
    uint64_t label = 0;

    (void)clock;
    if (line->n < 26 || line->p[25] != ' ')
        return STAMP_NONE;
    for (size_t i = 1; i < 25; i++) {
        char c = to_lower(line->p[i]);

        if (!is_digit(c) && (c < 'a' || c > 'f'))
            return STAMP_NONE;
        if (i <= 16)
            label = label << 4 | (uint64_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    if (label < epoch || label - epoch > UINT32_MAX)
        return STAMP_NONE;
    *time = (int64_t)(label - epoch);
    *line = span_skip(*line, 26);
    return STAMP_MULTILOG;
}

/* `1 2026-11-21T03:47:01.123Z mx1`: version 1 of RFC 5424. */
static enum stamp_follows take_rfc5424(struct header_clock *clock, struct span *line, int64_t *time)
{
    struct span s = *line;

    if (!span_take_literal(&s, "1 ") || stamp_take_iso(clock, &s, time) != STAMP_SYSLOG)
        return STAMP_NONE;
    *line = s;
    return STAMP_RFC5424;
}

enum first_octet { FIRST_OTHER, FIRST_LETTER, FIRST_DIGIT, FIRST_AT };

static enum first_octet first_octet(char c)
{
    return is_digit(c) ? FIRST_DIGIT : is_alnum(c) ? FIRST_LETTER : c == '@' ? FIRST_AT : FIRST_OTHER;
}

/* Tried in this order. */
static const struct format {
    enum first_octet first;
    enum stamp_follows (*take)(struct header_clock *clock, struct span *line, int64_t *time);
} formats[] = {
    { FIRST_LETTER, take_traditional }, { FIRST_DIGIT, stamp_take_iso }, { FIRST_DIGIT, take_rfc5424 },
    { FIRST_AT, take_tai64n },          { FIRST_LETTER, take_weekday },  { FIRST_DIGIT, take_year_first },
    { FIRST_DIGIT, take_unix },
};

enum stamp_follows stamp_take(struct header_clock *clock, struct span *line, int64_t *time)
{
    enum first_octet first = line->n ? first_octet(line->p[0]) : FIRST_OTHER;

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        enum stamp_follows follows;

        if (formats[i].first == first && (follows = formats[i].take(clock, line, time)) != STAMP_NONE)
            return follows;
    }
    return STAMP_NONE;
}
