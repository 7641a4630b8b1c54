/* mailtallySourceTable: where the lines come from.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = {
    OID_SOURCE_NAME,          OID_SOURCE_TYPE, OID_SOURCE_STATE,     OID_SOURCE_LINES,  OID_SOURCE_OCTETS,
    OID_SOURCE_BEHIND_OCTETS, OID_SOURCE_AGE,  OID_SOURCE_ROTATIONS, OID_SOURCE_ERRORS, OID_SOURCE_LAST_ERROR,
};

static size_t rows(const struct mib_view *view)
{
    return view->snapshot->sources_n;
}

static size_t index_of(const struct mib_view *view, size_t row, oid *index)
{
    index[0] = view->snapshot->sources[row].number;
    return 1;
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    const struct snapshot_source *source = &view->snapshot->sources[row];
    const struct source_status *status = &source->status;

    switch (column) {
    case OID_SOURCE_NAME:
        mib_text(value, source->name);
        break;
    case OID_SOURCE_TYPE:
        mib_integer(value, status->type);
        break;
    case OID_SOURCE_STATE:
        mib_integer(value, status->state);
        break;
    case OID_SOURCE_LINES:
        mib_counter(value, status->lines);
        break;
    case OID_SOURCE_OCTETS:
        mib_counter(value, status->octets);
        break;
    case OID_SOURCE_BEHIND_OCTETS:
        mib_gauge(value, status->behind_octets);
        break;
    case OID_SOURCE_AGE:
        mib_age(value, view, status->last_read);
        break;
    case OID_SOURCE_ROTATIONS:
        mib_counter(value, status->rotations);
        break;
    case OID_SOURCE_ERRORS:
        mib_counter(value, status->errors);
        break;
    default:
        mib_text(value, status->last_error);
        break;
    }
}

const struct mib_group mib_sources = {
    .name = "mailtallySourceTable",
    .arcs = { OID_OBJECTS, OID_SOURCE_TABLE, OID_SOURCE_ENTRY },
    .arcs_n = 3,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = rows,
    .index = index_of,
    .value = value_of,
};
