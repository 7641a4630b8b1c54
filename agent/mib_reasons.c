/* mailtallyRejectTable and mailtallyDeferralTable: why mail was refused or put off. Every reason has a row from the
 * start on.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid reject_columns[] = { OID_REJECT_PERMANENT, OID_REJECT_TEMPORARY, OID_REJECT_WARNED };
static const oid deferral_columns[] = { OID_DEFERRAL_ATTEMPTS };

static const enum refusal_reason refusals[] = {
#define REFUSAL(number, identifier, name) REFUSAL_##identifier,
#include "../parser/reasons.def"
};

static const enum deferral_reason deferrals[] = {
#define DEFERRAL(number, identifier, name) DEFERRAL_##identifier,
#include "../parser/reasons.def"
};

static size_t reject_rows(const struct mib_view *view)
{
    (void)view;
    return sizeof refusals / sizeof refusals[0];
}

static size_t reject_index(const struct mib_view *view, size_t row, oid *index)
{
    (void)view;
    index[0] = (oid)refusals[row];
    return 1;
}

static void reject_value(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    struct reason_counts counts = tallies_refusals(view->snapshot->tallies, refusals[row]);

    if (column == OID_REJECT_PERMANENT)
        mib_counter(value, counts.permanent);
    else
        mib_counter(value, column == OID_REJECT_TEMPORARY ? counts.temporary : counts.warned);
}

static size_t deferral_rows(const struct mib_view *view)
{
    (void)view;
    return sizeof deferrals / sizeof deferrals[0];
}

static size_t deferral_index(const struct mib_view *view, size_t row, oid *index)
{
    (void)view;
    index[0] = (oid)deferrals[row];
    return 1;
}

static void deferral_value(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    (void)column;
    mib_counter(value, tallies_deferrals(view->snapshot->tallies, deferrals[row]));
}

const struct mib_group mib_rejects = {
    .name = "mailtallyRejectTable",
    .arcs = { OID_OBJECTS, OID_REJECT_TABLE, OID_REJECT_ENTRY },
    .arcs_n = 3,
    .columns = reject_columns,
    .columns_n = sizeof reject_columns / sizeof reject_columns[0],
    .rows = reject_rows,
    .index = reject_index,
    .value = reject_value,
};

const struct mib_group mib_deferrals = {
    .name = "mailtallyDeferralTable",
    .arcs = { OID_OBJECTS, OID_DEFERRAL_TABLE, OID_DEFERRAL_ENTRY },
    .arcs_n = 3,
    .columns = deferral_columns,
    .columns_n = sizeof deferral_columns / sizeof deferral_columns[0],
    .rows = deferral_rows,
    .index = deferral_index,
    .value = deferral_value,
};
