/* The state in words: reading.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "state_text_inside.h"

#define NAME_OCTETS  4096
#define FIELD_OCTETS 32

struct row {
    char kind[FIELD_OCTETS], field[FIELD_OCTETS];
    char name[NAME_OCTETS + 1];
    const char *value;
};

struct reading {
    struct state *state;
    uint64_t delays[2][DELAY_BUCKETS]; /* cumulative */
    uint64_t rows;                     /* that were read */
    bool ended;
    struct saved_position position; /* of the source at work; .type 0: there is none */
    char position_name[NAME_OCTETS + 1];
    struct store positions;
    uint64_t positions_n;
};

static bool read_number(const char *text, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static bool read_time(const char *text, int64_t *time)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

    *time = end && *end == '\0' ? (int64_t)timegm(&tm) : TIME_UNKNOWN;
    return *time != TIME_UNKNOWN || strcmp(text, "-") == 0;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *found = c ? strchr(digits, to_lower(c)) : NULL;

    return found ? (int)(found - digits) : -1;
}

static bool read_name(const char *p, size_t n, char *name)
{
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (c == '\\') {
            int high = i + 3 < n && p[i + 1] == 'x' ? hex_digit(p[i + 2]) : -1;
            int low = high >= 0 ? hex_digit(p[i + 3]) : -1;

            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 3;
        }
        if (made == NAME_OCTETS || c == '\0')
            return false;
        name[made++] = c;
    }
    name[made] = '\0';
    return true;
}

static bool read_field(const char *p, size_t n, char *field)
{
    if (n >= FIELD_OCTETS)
        return false;
    memcpy(field, p, n);
    field[n] = '\0';
    return true;
}

/* The line loses its newline; the value stays in it. */
static bool split(char *line, struct row *row)
{
    const char *kind = line, *name, *field;

    line[strcspn(line, "\r\n")] = '\0';
    name = strchr(kind, '\t');
    field = name ? strchr(name + 1, '\t') : NULL;
    row->value = field ? strchr(field + 1, '\t') : NULL;
    if (!row->value)
        return false;
    row->value++;
    return read_field(kind, (size_t)(name - kind), row->kind) &&
           read_name(name + 1, (size_t)(field - name - 1), row->name) &&
           read_field(field + 1, (size_t)(row->value - 1 - (field + 1)), row->field);
}

static bool take_agent(struct reading *r, const struct row *row)
{
    struct state_agent *agent = &r->state->agent;

    for (size_t i = 0; i < COUNT(agent_numbers); i++)
        if (strcmp(row->field, agent_numbers[i].name) == 0)
            return read_number(row->value, text_field_at(agent, &agent_numbers[i]));
    for (size_t i = 0; i < COUNT(agent_times); i++)
        if (strcmp(row->field, agent_times[i].name) == 0)
            return read_time(row->value, text_field_at(agent, &agent_times[i]));
    return false;
}

static bool take_count(struct reading *r, const struct row *row)
{
    bool total = strcmp(row->kind, "total") == 0;
    struct span name = span_of(row->name);
    int64_t time = TIME_UNKNOWN;
    uint64_t n = 0;
    int i = 1;

    if (strcmp(row->field, "lastEvent") == 0) {
        if (!read_time(row->value, &time))
            return false;
    } else {
        while (i < COUNTERS &&
               !(counter_name((enum counter)i) && strcmp(counter_name((enum counter)i), row->field) == 0))
            i++;
        if (i == COUNTERS || !read_number(row->value, &n))
            return false;
    }
    if (total)
        tallies_add_total(r->state->tallies, (enum counter)i, n, time);
    else
        tallies_add_host(r->state->tallies, name, (enum counter)i, n, time);
    return total || name.n > 0;
}

static bool take_refusal(struct reading *r, const struct row *row)
{
    struct reason_counts counts = { 0 };
    uint64_t n;
    size_t column = 0;

    while (column < COUNT(refusal_counts) && strcmp(row->field, refusal_counts[column].name) != 0)
        column++;
    if (column == COUNT(refusal_counts) || !read_number(row->value, &n))
        return false;
    *(uint64_t *)text_field_at(&counts, &refusal_counts[column]) = n;
    if (strcmp(row->kind, "zone") == 0) {
        tallies_add_zone(r->state->tallies, span_of(row->name), counts);
        return true;
    }
    for (int i = 1; i < REFUSAL_REASONS; i++)
        if (strcmp(refusal_reason_name((enum refusal_reason)i), row->name) == 0) {
            tallies_add_refusals(r->state->tallies, (enum refusal_reason)i, counts);
            return true;
        }
    return false;
}

static bool take_deferral(struct reading *r, const struct row *row)
{
    uint64_t n;

    if (strcmp(row->field, "attempts") != 0 || !read_number(row->value, &n))
        return false;
    for (int i = 1; i < DEFERRAL_REASONS; i++)
        if (strcmp(deferral_reason_name((enum deferral_reason)i), row->name) == 0) {
            tallies_add_deferrals(r->state->tallies, (enum deferral_reason)i, n);
            return true;
        }
    return false;
}

static bool take_delay(struct reading *r, const struct row *row)
{
    bool delivered = strcmp(row->name, counter_name(COUNTER_DELIVERED)) == 0;
    int bucket = 0;
    uint64_t bound;

    if (!delivered && strcmp(row->name, counter_name(COUNTER_SENT)) != 0)
        return false;
    if (strcmp(row->field, "any") == 0)
        bucket = DELAY_BUCKETS - 1;
    else if (!read_number(row->field, &bound))
        return false;
    else
        while (bucket < DELAY_BUCKETS - 1 && delay_bounds_s[bucket] != bound)
            bucket++;
    if (bucket == DELAY_BUCKETS - 1 && strcmp(row->field, "any") != 0)
        return false;
    return read_number(row->value, &r->delays[delivered][bucket]);
}

static bool put_position(struct reading *r, const char *hex)
{
    size_t n = strlen(hex) / 2;
    char *octets = malloc(n + 1);
    bool good = octets && strlen(hex) % 2 == 0;

    for (size_t i = 0; good && i < n; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

        good = high >= 0 && low >= 0;
        octets[i] = (char)(high << 4 | low);
    }
    r->position.part = (struct span){ octets, n };
    /* What a pipe had been at is nothing on another host. */
    if (good && r->position.type != SOURCE_STDIN && r->position.type != SOURCE_FIFO) {
        saved_add(&r->positions, &r->position);
        r->positions_n++;
    }
    free(octets);
    r->position = (struct saved_position){ 0 };
    return good;
}

/* Three rows in this order: type, seen, position. */
static bool take_source(struct reading *r, const struct row *row)
{
    struct saved_position *p = &r->position;

    if (strcmp(row->field, "type") == 0) {
        for (unsigned i = 1; i < COUNT(source_types); i++)
            if (strcmp(source_types[i], row->value) == 0)
                p->type = (enum source_type)i;
        strcpy(r->position_name, row->name);
        p->name = span_of(r->position_name);
        p->seen = TIME_UNKNOWN;
        return p->type != 0;
    }
    if (p->type == 0 || strcmp(r->position_name, row->name) != 0)
        return false;
    if (strcmp(row->field, "seen") == 0)
        return read_time(row->value, &p->seen) && p->seen != TIME_UNKNOWN;
    return strcmp(row->field, "position") == 0 && p->seen != TIME_UNKNOWN && put_position(r, row->value);
}

static bool take_note(struct reading *r, const struct row *row)
{
    (void)r, (void)row;
    return true;
}

static bool take_form(struct reading *r, const struct row *row)
{
    return r->rows == 0 && strcmp(row->value, "1") == 0;
}

static bool take_end(struct reading *r, const struct row *row)
{
    uint64_t rows;

    r->ended = read_number(row->value, &rows) && rows == r->rows;
    return r->ended;
}

static const struct {
    const char *kind;
    bool (*take)(struct reading *r, const struct row *row);
} kinds[] = {
    { "mailtally", take_form }, { "agent", take_agent },       { "total", take_count },  { "host", take_count },
    { "reject", take_refusal }, { "deferral", take_deferral }, { "zone", take_refusal }, { "delay", take_delay },
    { "source", take_source },  { "note", take_note },         { "end", take_end },
};

static bool take_row(struct reading *r, const struct row *row)
{
    if (r->ended || (r->rows == 0 && strcmp(row->kind, "mailtally") != 0))
        return false;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, row->kind) == 0) {
            bool good = kinds[i].take(r, row);

            r->rows++;
            return good;
        }
    return false;
}

static bool add_delays(struct reading *r)
{
    for (int delivered = 0; delivered < 2; delivered++) {
        uint64_t below = 0;

        for (int i = 0; i < DELAY_BUCKETS; i++) {
            uint64_t n = r->delays[delivered][i];

            if (n < below)
                return false;
            tallies_add_delays(r->state->tallies, delivered ? COUNTER_DELIVERED : COUNTER_SENT, i, n - below);
            below = n;
        }
    }
    return true;
}

static bool add_positions(struct reading *r)
{
    struct store all = { 0 };
    struct load load;
    bool good;

    saved_end(&all, r->positions_n, &r->positions);
    load = load_of((struct span){ (const char *)all.octets, all.n });
    good = !all.failed && source_set_load(r->state->set, &load);
    store_free(&all);
    return good;
}

bool state_text_read(struct state *state, FILE *in, char *error)
{
    struct reading *r = calloc(1, sizeof *r);
    struct row *row = calloc(1, sizeof *row);
    char *line = NULL;
    size_t room = 0;
    uint64_t number = 0;
    bool good = r && row;

    snprintf(error, STATE_ERROR_OCTETS, "there is no memory");
    if (good)
        r->state = state;
    while (good && getline(&line, &room, in) >= 0) {
        number++;
        good = split(line, row) && take_row(r, row);
        if (!good)
            snprintf(error, STATE_ERROR_OCTETS, "line %" PRIu64 " is not what mailtallyd --dump-state writes", number);
    }
    if (good && !r->ended) {
        good = false;
        snprintf(error, STATE_ERROR_OCTETS, "it has no end: it was cut off, or could not be read");
    } else if (good && !add_delays(r)) {
        good = false;
        snprintf(error, STATE_ERROR_OCTETS, "its delays make no sense: they must grow with their bounds");
    } else if (good && !add_positions(r)) {
        good = false;
        snprintf(error, STATE_ERROR_OCTETS, "its positions make no sense");
    }
    if (r)
        store_free(&r->positions);
    free(line);
    free(row);
    free(r);
    return good;
}
