/* Reading JSON (RFC 8259) piece by piece, in fixed memory, however much of it there is.
 *
 *     json_in_open -> json_in_next, json_in_next ... JSON_END or JSON_WRONG -> json_in_close
 *
 * It is strict: what is not JSON ends it with JSON_WRONG and a sentence, and so do more than JSON_IN_DEPTH brackets or
 * a string of more than JSON_IN_OCTETS. Several values may stand one behind the other. Whether the keys and values are
 * those that are wanted is for the caller to say, by json_in_refuse(). One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_JSON_IN_H
#define MAILTALLY_JSON_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "../parser/span.h"

#define JSON_IN_OCTETS 8192 /* of a string or number */
#define JSON_IN_DEPTH  32

enum json_piece {
    JSON_OBJECT, /* { */
    JSON_OBJECT_END,
    JSON_ARRAY, /* [ */
    JSON_ARRAY_END,
    JSON_KEY,    /* text: the key, decoded */
    JSON_STRING, /* text: likewise; UTF-8, may hold NUL */
    JSON_NUMBER, /* text: as written */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END,   /* of the input, behind a whole value */
    JSON_WRONG, /* json_in_error() says what; it stays so */
};

struct json_in; /* opaque */

/* "-" is standard input. NULL when it cannot be opened: then `error` holds a sentence. */
struct json_in *json_in_open(const char *path, char *error, size_t error_octets);
void json_in_close(struct json_in *in);

enum json_piece json_in_next(struct json_in *in);

/* Of the last piece; good until the next one. */
struct span json_in_text(const struct json_in *in);

/* The next piece as a number without sign, fraction and exponent; as true or false; the opening bracket or the next
 * key, or the end, of an object or array. False, and JSON_WRONG from then on, when it is something else. */
bool json_in_number(struct json_in *in, uint64_t *number);
bool json_in_bool(struct json_in *in, bool *value);
bool json_in_is(struct json_in *in, enum json_piece wanted);

/* Another key of the object, or false at its end, or when it is wrong. */
bool json_in_key(struct json_in *in);

/* Ends it: the sentence says why; the first one stays. The name of the input and the line are put in front. */
void json_in_refuse(struct json_in *in, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool json_in_is_wrong(const struct json_in *in);
const char *json_in_error(const struct json_in *in);

#endif
