/* The state in words: writing. Reading is state_text_read.c.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <time.h>

#include "state_text_inside.h"

struct writer {
    FILE *out;
    uint64_t rows;
};

static void put_text(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text > ' ' && *text < 0x7f && *text != '\\')
            putc(*text, out);
        else
            fprintf(out, *text == ' ' ? " " : "\\x%02X", (unsigned char)*text);
}

static void put_key(struct writer *w, const char *kind, const char *name, const char *field)
{
    w->rows++;
    fprintf(w->out, "%s\t", kind);
    put_text(w->out, name);
    fprintf(w->out, "\t%s\t", field);
}

static void put_number(struct writer *w, const char *kind, const char *name, const char *field, uint64_t number)
{
    put_key(w, kind, name, field);
    fprintf(w->out, "%" PRIu64 "\n", number);
}

static void put_time(struct writer *w, const char *kind, const char *name, const char *field, int64_t time)
{
    const time_t seconds = (time_t)time;
    char text[40] = "-";
    struct tm tm;

    if (time != TIME_UNKNOWN && gmtime_r(&seconds, &tm))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    put_key(w, kind, name, field);
    fprintf(w->out, "%s\n", text);
}

static void put_agent(struct writer *w, const struct state_agent *agent)
{
    for (size_t i = 0; i < COUNT(agent_times); i++)
        put_time(w, "agent", "-", agent_times[i].name, *(const int64_t *)text_field_at(agent, &agent_times[i]));
    for (size_t i = 0; i < COUNT(agent_numbers); i++)
        put_number(w, "agent", "-", agent_numbers[i].name, *(const uint64_t *)text_field_at(agent, &agent_numbers[i]));
    put_key(w, "note", "-", "endedCleanly");
    fprintf(w->out, "%s\n", agent->clean ? "yes" : "no");
}

static void put_tally(struct writer *w, const char *kind, const char *name, const struct tally *tally)
{
    for (int i = 1; i < COUNTERS; i++)
        if (counter_name((enum counter)i))
            put_number(w, kind, name, counter_name((enum counter)i), tally->counters[i]);
    put_time(w, kind, name, "lastEvent", tally->last_event);
}

static void put_refusals(struct writer *w, const char *kind, const char *name, const struct reason_counts *counts)
{
    for (size_t i = 0; i < COUNT(refusal_counts); i++)
        put_number(w, kind, name, refusal_counts[i].name, *(const uint64_t *)text_field_at(counts, &refusal_counts[i]));
}

static void put_delays(struct writer *w, const struct tallies *tallies, enum counter counter)
{
    char bound[16] = "any";

    for (int i = 0; i < DELAY_BUCKETS; i++) {
        if (i < DELAY_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%" PRIu32, delay_bounds_s[i]);
        else
            strcpy(bound, "any");
        put_number(w, "delay", counter_name(counter), bound, tallies_delays(tallies, counter, i));
    }
}

static void put_tallies(struct writer *w, const struct tallies *tallies)
{
    put_tally(w, "total", "-", tallies_total(tallies));
    for (size_t i = 0; i < tallies_hosts(tallies); i++)
        put_tally(w, "host", tallies_host_at(tallies, i)->name, tallies_host_at(tallies, i));
    for (int i = 1; i < REFUSAL_REASONS; i++) {
        struct reason_counts counts = tallies_refusals(tallies, (enum refusal_reason)i);

        put_refusals(w, "reject", refusal_reason_name((enum refusal_reason)i), &counts);
    }
    for (int i = 1; i < DEFERRAL_REASONS; i++)
        put_number(w, "deferral", deferral_reason_name((enum deferral_reason)i), "attempts",
                   tallies_deferrals(tallies, (enum deferral_reason)i));
    for (size_t i = 0; i < tallies_zones(tallies); i++) {
        const struct zone *zone = tallies_zone_at(tallies, i);
        const struct reason_counts counts = { zone->permanent, zone->temporary, zone->warned };

        put_refusals(w, "zone", zone->name, &counts);
    }
    put_delays(w, tallies, COUNTER_SENT);
    put_delays(w, tallies, COUNTER_DELIVERED);
}

static void put_sources(struct writer *w, struct span section)
{
    struct load load = load_of(section);
    struct saved_position p;
    char name[4097];
    uint64_t n;

    if (!saved_begin(&load, &n))
        return;
    while (saved_next(&load, &n, &p)) {
        memcpy(name, p.name.p, p.name.n);
        name[p.name.n] = '\0';
        put_key(w, "source", name, "type");
        fprintf(w->out, "%s\n", source_types[p.type] ? source_types[p.type] : "-");
        put_time(w, "source", name, "seen", p.seen);
        put_number(w, "note", name, "lines", p.lines);
        put_number(w, "note", name, "octets", p.octets);
        put_key(w, "source", name, "position");
        for (size_t k = 0; k < p.part.n; k++)
            fprintf(w->out, "%02x", (unsigned char)p.part.p[k]);
        putc('\n', w->out);
    }
}

bool state_text_write(const struct state *state, FILE *out)
{
    struct writer w = { out, 0 };

    put_number(&w, "mailtally", "state", "form", STATE_TEXT_FORM);
    put_agent(&w, &state->agent);
    put_tallies(&w, state->tallies);
    put_sources(&w, state->image.sections[STATE_SOURCES]);
    put_number(&w, "end", "-", "rows", w.rows);
    return fflush(out) == 0 && !ferror(out);
}
