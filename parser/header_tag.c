/* The tag of a line, `postfix/smtpd[123]: `: see header_inside.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "header_inside.h"

#define PID_OCTETS_MAX      32
#define TAG_USER_OCTETS_MAX 320 /* of `deliver(user):`, an address */

const char header_tag_octets[257] = "................" /* control */
                                    "................"
                                    ".t.ttt....tt.tt/" /* !"#$%&'()*+,-./ */
                                    "tttttttttt......" /* 0-9 :;<=>? */
                                    "tttttttttttttttt" /* @ A-O */
                                    "ttttttttttt....t" /* P-Z [\]^_ */
                                    ".ttttttttttttttt" /* ` a-o */
                                    "ttttttttttt...t." /* p-z {|}~ */
                                    "................................................................"
                                    "................................................................";

void header_skip_spaces(struct span *s)
{
    while (s->n && s->p[0] == ' ')
        *s = span_skip(*s, 1);
}

bool header_take_pid(struct span *s, struct span *pid)
{
    size_t i = 1, end = s->n < PID_OCTETS_MAX ? s->n : PID_OCTETS_MAX;

    if (s->n < 3 || s->p[0] != '[')
        return false;
    while (i < end && (is_alnum(s->p[i]) || s->p[i] == '.' || s->p[i] == '-' || s->p[i] == '_'))
        i++;
    if (i == 1 || i == end || s->p[i] != ']')
        return false;
    *pid = (struct span){ s->p + 1, i - 1 };
    *s = span_skip(*s, i + 1);
    return true;
}

/* What may stand behind the name of a tag: `[pid]:`, `:`, `[pid] `, ` [pid]:` (sogod), `(user):` (Dovecot's deliver).
 * A colon without a pid wants a space behind it: `mx1 http://..` has no tag. */
static bool take_tag_end(struct span *s, struct span *pid)
{
    struct span rest = *s;

    if (rest.n == 0)
        return false;
    switch (rest.p[0]) {
    case '[':
        if (!header_take_pid(&rest, pid) || (!span_take_char(&rest, ':') && rest.n && rest.p[0] != ' '))
            return false;
        break;
    case ':':
        if (rest.n > 1 && rest.p[1] != ' ')
            return false;
        rest = span_skip(rest, 1);
        break;
    case ' ':
        rest = span_skip(rest, 1);
        if (!header_take_pid(&rest, pid) || !span_take_char(&rest, ':'))
            return false;
        break;
    case '(': {
        size_t i = 1, end = rest.n < TAG_USER_OCTETS_MAX ? rest.n : TAG_USER_OCTETS_MAX;

        while (i < end && rest.p[i] != ')' && rest.p[i] != ' ')
            i++;
        return i + 1 < end && rest.p[i] == ')' && rest.p[i + 1] == ':';
    }
    default:
        return false;
    }
    *s = rest;
    return true;
}

bool header_set_program(struct header *header, struct span tag, const char *first_slash, const char *last_slash)
{
    const char *end = tag.p + tag.n;

    if (first_slash == tag.p) {
        tag = span_from(last_slash + 1, end);
        first_slash = last_slash = NULL;
    }
    if (tag.n == 0)
        return false;
    header->program = tag;
    header->instance = (struct span){ tag.p, first_slash ? (size_t)(first_slash - tag.p) : 0 };
    header->service = last_slash ? span_from(last_slash + 1, end) : tag;
    return true;
}

bool header_take_tag(struct header *header, struct span *s)
{
    const char *end = s->p + (s->n < TAG_OCTETS_MAX ? s->n : TAG_OCTETS_MAX);
    const char *first_slash = NULL, *last_slash = NULL, *q;

    for (q = s->p; q < end; q++) {
        char kind = header_tag_octets[(unsigned char)*q];

        if (kind == '/') {
            last_slash = q;
            first_slash = first_slash ? first_slash : q;
        } else if (kind != 't') {
            break;
        }
    }
    struct span tag = span_from(s->p, q), rest = span_skip(*s, tag.n), pid = { s->p, 0 };

    if (tag.n == 0 || !take_tag_end(&rest, &pid) || !header_set_program(header, tag, first_slash, last_slash))
        return false;
    header->pid = pid;
    *s = rest;
    return true;
}
