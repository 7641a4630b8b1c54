/* An entry of the journal as a line of syslog.
 *
 * Whoever may log chooses message, identifier and pid: a newline must not begin a line, nor an identifier be a header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_JOURNAL
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define US_PER_S       1000000
#define HOST_OCTETS    64  /* more no name has */
#define PROGRAM_OCTETS 64  /* more no header is read with */
#define FIELDS_MAX     512 /* an entry may have thousands; those of journald come with the first */

struct span journal_field_span(const struct journal_field *field)
{
    return (struct span){ field->octets, field->n };
}

/* ---- reading ---- */

static void take_field(struct journal_field *field, struct span value)
{
    if (field->n)
        return; /* a field may come twice: the first one counts */
    field->n = value.n < sizeof field->octets ? value.n : sizeof field->octets;
    memcpy(field->octets, value.p, field->n);
}

static void take_message(struct journal_entry *entry, struct span value)
{
    if (entry->has_message)
        return;
    entry->has_message = true;
    while (value.n && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\0'))
        value.n--;
    for (size_t i = 0; i < value.n; i++) {
        if (entry->message_n > READER_LINE_OCTETS) {
            entry->overlong = true;
            return;
        }
        if (value.p[i] == '\n') {
            memcpy(entry->message + entry->message_n, "#012", 4);
            entry->message_n += 4;
        } else {
            entry->message[entry->message_n++] = value.p[i];
        }
    }
}

static void forget(struct journal_entry *entry)
{
    entry->identifier.n = entry->command.n = entry->syslog_pid.n = entry->pid.n = entry->host.n = 0;
    entry->source_time.n = entry->unit.n = entry->facility.n = entry->message_id.n = entry->message_n = 0;
    entry->has_message = entry->overlong = false;
}

static void take(struct journal_entry *entry, struct span name, struct span value)
{
    const struct {
        struct span name;
        struct journal_field *field;
    } fields[] = {
        { SPAN("SYSLOG_IDENTIFIER"), &entry->identifier },
        { SPAN("_COMM"), &entry->command },
        { SPAN("SYSLOG_PID"), &entry->syslog_pid },
        { SPAN("_PID"), &entry->pid },
        { SPAN("_HOSTNAME"), &entry->host },
        { SPAN("_SOURCE_REALTIME_TIMESTAMP"), &entry->source_time },
        { SPAN("_SYSTEMD_UNIT"), &entry->unit },
        { SPAN("SYSLOG_FACILITY"), &entry->facility },
        { SPAN("MESSAGE_ID"), &entry->message_id },
    };

    if (span_is(name, "MESSAGE")) {
        take_message(entry, value);
        return;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (span_eq(name, fields[i].name)) {
            take_field(fields[i].field, value);
            return;
        }
}

int journal_entry_read(struct journal_entry *entry, sd_journal *journal)
{
    const void *data;
    size_t octets;
    int result;

    forget(entry);
    sd_journal_restart_data(journal);
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        struct span value, name;

        result = sd_journal_enumerate_available_data(journal, &data, &octets);
        if (result <= 0)
            return result;
        value = (struct span){ data, octets };
        if (span_take_until(&value, '=', &name))
            take(entry, name, value);
    }
    return 0;
}

/* ---- writing ---- */

/* The head is written from its end, so that it stands before the message. */
struct head {
    char *p;
    const char *begin;
};

static void put_before(struct head *head, struct span octets)
{
    if (octets.n > (size_t)(head->p - head->begin))
        return;
    head->p -= octets.n;
    memcpy(head->p, octets.p, octets.n);
}

/* A name with what no name has as `_`. */
static void put_name_before(struct head *head, struct span name, size_t most, const char *also)
{
    char safe[JOURNAL_FIELD_OCTETS];

    if (name.n > most)
        name.n = most;
    for (size_t i = 0; i < name.n; i++)
        safe[i] = is_alnum(name.p[i]) || (name.p[i] && strchr(also, name.p[i])) ? name.p[i] : '_';
    put_before(head, (struct span){ safe, name.n });
}

static bool is_number(struct span s)
{
    uint64_t number;

    return s.n <= 10 && span_take_number(&s, &number) && s.n == 0;
}

static void put_time_before(struct head *head, uint64_t time_us)
{
    time_t seconds = (time_t)(time_us / US_PER_S);
    struct tm tm;
    char text[64];
    size_t n;

    if (!gmtime_r(&seconds, &tm))
        return;
    n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(text + n, sizeof text - n, ".%06u+00:00 ", (unsigned)(time_us % US_PER_S));
    put_before(head, (struct span){ text, n });
}

struct span journal_entry_line(struct journal_entry *entry, uint64_t time_us)
{
    struct head head = { entry->message, entry->head };
    struct span pid = journal_field_span(entry->syslog_pid.n ? &entry->syslog_pid : &entry->pid);
    struct span program = journal_field_span(entry->identifier.n ? &entry->identifier : &entry->command);
    struct span source_time = journal_field_span(&entry->source_time);
    uint64_t number;

    if (program.n == 0)
        program = SPAN("unknown");
    put_before(&head, SPAN(": "));
    if (is_number(pid)) {
        put_before(&head, SPAN("]"));
        put_before(&head, pid);
        put_before(&head, SPAN("["));
    }
    put_name_before(&head, program, PROGRAM_OCTETS - 1, "/._-@+");
    if (entry->host.n) {
        put_before(&head, SPAN(" "));
        put_name_before(&head, journal_field_span(&entry->host), HOST_OCTETS, "._-:");
    }
    if (span_take_number(&source_time, &number) && source_time.n == 0 && number)
        time_us = number;
    put_time_before(&head, time_us);
    return span_from(head.p, entry->message + entry->message_n);
}
#endif
