/* Fuzzes the primitives that all recognisers walk a line with: key=value lists, codes, clients, ids in replies,
 * brackets, searches, and the reasons. What they give lies in the text, and a cursor only goes forward.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../parser/fields.h"
#include "../../parser/reason.h"

#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_within(struct span s, struct span text)
{
    require(s.n == 0 || (s.p >= text.p && s.p + s.n <= text.p + text.n));
}

static void walk(struct span text, char separator)
{
    struct span rest = text, key, value;

    while (fields_next(&rest, separator, &key, &value)) {
        require(key.n > 0);
        require_within(key, text);
        require_within(value, text);
        require_within(rest, text);
        require(rest.p + rest.n == text.p + text.n && rest.p > key.p);
    }
}

static void search(struct span text, struct span literal)
{
    size_t at = span_find(text, literal);
    const void *found = memmem(text.p, text.n, literal.p, literal.n);

    require(found ? text.p + at == found : at == text.n);
    require(span_find_nocase(text, literal) <= text.n);
}

static void classify(struct span text)
{
    struct span zone, enhanced = { text.p, 0 };
    struct span rest = text;
    uint16_t code = 0;

    fields_take_codes(&rest, &code, &enhanced);
    require(code == 0 || (code >= 200 && code < 600));
    require(refusal_reason_of(code, enhanced, rest, &zone) > REFUSAL_NONE);
    require_within(zone, text);
    require(deferral_reason_of(enhanced, rest) > DEFERRAL_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of the exact size lets the sanitiser see an octet read behind the end. */
    char *copy = malloc(size ? size : 1);
    struct span text = { copy, size }, rest = text, part;

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    walk(text, ',');
    walk(text, ' ');
    classify(text);
    if (fields_take_client(&rest, &part))
        require_within(part, text);
    rest = text;
    if (span_take_bracketed(&rest, &part)) {
        require_within(part, text);
        require(part.p == text.p + 1);
    }
    require_within(fields_id_in_reply(text), text);
    require(fields_seconds_ms(text) >= -1);
    search(text, SPAN("; from=<"));
    search(text, SPAN(" from "));
    free(copy);
    return 0;
}
