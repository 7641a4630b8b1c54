/* Which entries of the journal are wanted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_JOURNAL
#include "journal.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "../parser/facility.h"

static void add_word(struct journal_selection *selection, enum journal_word_kind kind, const char *value)
{
    if (!value || !*value || selection->words_n == JOURNAL_WORDS_MAX)
        return;
    selection->words[selection->words_n].kind = kind;
    selection->words[selection->words_n++].value = value;
    if (kind == JOURNAL_IDENTIFIER || (kind == JOURNAL_UNIT && value[strcspn(value, "*?[")]))
        selection->by_hand = true;
}

static void add_facility(struct journal_selection *selection, const char *name)
{
    int number = facility_number(span_of(name));

    add_word(selection, JOURNAL_FACILITY, number < 0 ? NULL : name);
}

/* As the journal has it. */
static void format_facility(const char *name, char *number, size_t octets)
{
    snprintf(number, octets, "%d", facility_number(span_of(name)));
}

static void take_word(struct journal_selection *selection, char *word)
{
    char *value = strchr(word, '=');

    if (!value)
        add_word(selection, JOURNAL_UNIT, word);
    else if (strncasecmp(word, "unit=", 5) == 0)
        add_word(selection, JOURNAL_UNIT, value + 1);
    else if (strncasecmp(word, "identifier=", 11) == 0)
        add_word(selection, JOURNAL_IDENTIFIER, value + 1);
    else if (strncasecmp(word, "facility=", 9) == 0)
        add_facility(selection, value + 1);
    else if (strncasecmp(word, "directory=", 10) == 0)
        selection->directory = value + 1;
}

bool journal_select(struct journal_selection *selection, const char *text)
{
    char *rest, *word;

    *selection = (struct journal_selection){ .text = strdup(text ? text : "") };
    if (!selection->text)
        return false;
    for (word = strtok_r(selection->text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
        take_word(selection, word);
    if (selection->words_n == 0)
        add_facility(selection, "mail");
    return true;
}

void journal_unselect(struct journal_selection *selection)
{
    free(selection->text);
}

/* `postfix` is short for postfix.service, as systemctl has it. */
static const char *unit_suffix(const char *unit)
{
    static const char *const suffixes[] = { ".service", ".socket", ".scope",  ".slice", ".mount",    ".timer",
                                            ".target",  ".path",   ".device", ".swap",  ".automount" };
    const char *dot = strrchr(unit, '.');

    for (size_t i = 0; dot && i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (strcmp(dot, suffixes[i]) == 0)
            return "";
    return ".service";
}

int journal_add_matches(const struct journal_selection *selection, sd_journal *journal)
{
    char match[512], number[16];
    int result = 0;

    sd_journal_flush_matches(journal);
    if (selection->by_hand)
        return 0;
    for (size_t i = 0; i < selection->words_n && result >= 0; i++) {
        const char *value = selection->words[i].value;

        format_facility(value, number, sizeof number);
        if (selection->words[i].kind == JOURNAL_FACILITY)
            snprintf(match, sizeof match, "SYSLOG_FACILITY=%s", number);
        else
            snprintf(match, sizeof match, "_SYSTEMD_UNIT=%s%s", value, unit_suffix(value));
        result = sd_journal_add_match(journal, match, 0);
        if (result >= 0)
            result = sd_journal_add_disjunction(journal);
    }
    return result < 0 ? result : sd_journal_add_match(journal, "MESSAGE_ID=" JOURNAL_DROPPED_ID, 0);
}

static bool is_unit(const char *wanted, struct span unit)
{
    char name[JOURNAL_FIELD_OCTETS + 1], pattern[512];

    if (unit.n == 0 || unit.n >= sizeof name)
        return false;
    memcpy(name, unit.p, unit.n);
    name[unit.n] = '\0';
    snprintf(pattern, sizeof pattern, "%s%s", wanted, unit_suffix(wanted));
    return fnmatch(pattern, name, 0) == 0;
}

static bool is_program(const char *wanted, struct span identifier)
{
    return span_take(&identifier, span_of(wanted)) && (identifier.n == 0 || identifier.p[0] == '/');
}

bool journal_wants(const struct journal_selection *selection, const struct journal_entry *entry)
{
    char number[16];

    for (size_t i = 0; i < selection->words_n && selection->by_hand; i++) {
        const char *value = selection->words[i].value;
        bool fits = false;

        switch (selection->words[i].kind) {
        case JOURNAL_UNIT:
            fits = is_unit(value, journal_field_span(&entry->unit));
            break;
        case JOURNAL_IDENTIFIER:
            fits = is_program(value, journal_field_span(&entry->identifier));
            break;
        case JOURNAL_FACILITY:
            format_facility(value, number, sizeof number);
            fits = span_eq(journal_field_span(&entry->facility), span_of(number));
            break;
        }
        if (fits)
            return true;
    }
    return !selection->by_hand;
}

bool journal_wants_unit(const struct journal_selection *selection, struct span unit)
{
    for (size_t i = 0; i < selection->words_n; i++)
        if (selection->words[i].kind == JOURNAL_UNIT && is_unit(selection->words[i].value, unit))
            return true;
    return false;
}
#endif
