/* GET and GETNEXT over the groups of the MIB.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include <stdlib.h>
#include <time.h>

#include "oids.h"

#define TEXT_OCTETS_MAX 255

/* ---- finding ---- */

static int compare_row(const struct mib_registration *r, size_t row, const oid *index, size_t index_n)
{
    oid mine[MIB_INDEX_ARCS_MAX];
    size_t mine_n = r->group->index(r->view, row, mine);

    return snmp_oid_compare(mine, mine_n, index, index_n);
}

/* The first row whose index is not before the given one, or, when `after` is set, is behind it. */
static size_t find_row(const struct mib_registration *r, const oid *index, size_t index_n, bool after)
{
    size_t low = 0, high = r->group->rows(r->view);

    if (r->last < high && compare_row(r, r->last, index, index_n) == 0)
        return r->last + after;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_row(r, middle, index, index_n);

        if (order < 0 || (after && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The position of the first column that is not before the given one. */
static size_t find_column(const struct mib_group *group, oid column)
{
    size_t i = 0;

    while (i < group->columns_n && group->columns[i] < column)
        i++;
    return i;
}

/* ---- answering ---- */

static void set_value(netsnmp_variable_list *varbind, const struct mib_value *value)
{
    struct counter64 wide = { .high = value->number >> 32, .low = value->number & UINT32_MAX };
    long narrow = (long)value->number;

    switch (value->type) {
    case ASN_COUNTER64:
        snmp_set_var_typed_value(varbind, value->type, &wide, sizeof wide);
        break;
    case ASN_OCTET_STR:
        snmp_set_var_typed_value(varbind, value->type, value->text, value->octets);
        break;
    default:
        snmp_set_var_typed_value(varbind, value->type, &narrow, sizeof narrow);
        break;
    }
}

static void answer(struct mib_registration *r, netsnmp_variable_list *varbind, size_t row, oid column)
{
    struct mib_value value = { .type = ASN_NULL };

    r->group->value(r->view, row, column, &value);
    r->last = row;
    set_value(varbind, &value);
}

static void get(struct mib_registration *r, netsnmp_agent_request_info *reqinfo, netsnmp_request_info *request,
                const oid *rest, size_t rest_n)
{
    const struct mib_group *group = r->group;
    size_t column = rest_n ? find_column(group, rest[0]) : group->columns_n;
    size_t row;

    if (column == group->columns_n || group->columns[column] != rest[0]) {
        netsnmp_set_request_error(reqinfo, request, SNMP_NOSUCHOBJECT);
        return;
    }
    row = find_row(r, rest + 1, rest_n - 1, false);
    if (row == group->rows(r->view) || compare_row(r, row, rest + 1, rest_n - 1) != 0)
        netsnmp_set_request_error(reqinfo, request, SNMP_NOSUCHINSTANCE);
    else
        answer(r, request->requestvb, row, group->columns[column]);
}

/* Behind the last row of the last column the request is left as it is: the agent then asks whoever comes next. */
static void get_next(struct mib_registration *r, const netsnmp_handler_registration *reginfo,
                     netsnmp_request_info *request, const oid *rest, size_t rest_n)
{
    const struct mib_group *group = r->group;
    size_t column = rest_n ? find_column(group, rest[0]) : 0;
    size_t row = 0;
    oid name[MAX_OID_LEN];
    size_t name_n = reginfo->rootoid_len;

    if (column < group->columns_n && rest_n && group->columns[column] == rest[0])
        row = find_row(r, rest + 1, rest_n - 1, !request->inclusive);
    if (row == group->rows(r->view)) {
        column++;
        row = 0;
    }
    if (column >= group->columns_n || group->rows(r->view) == 0)
        return;
    memcpy(name, reginfo->rootoid, name_n * sizeof *name);
    name[name_n++] = group->columns[column];
    name_n += group->index(r->view, row, name + name_n);
    snmp_set_var_objid(request->requestvb, name, name_n);
    answer(r, request->requestvb, row, group->columns[column]);
}

int mib_handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo, netsnmp_agent_request_info *reqinfo,
               netsnmp_request_info *requests)
{
    struct mib_registration *r = handler->myvoid;

    for (netsnmp_request_info *request = requests; request; request = request->next) {
        netsnmp_variable_list *varbind = request->requestvb;
        const oid *rest = varbind->name + reginfo->rootoid_len;
        size_t rest_n = 0;

        if (request->processed)
            continue;
        /* A GETNEXT may begin above or before the group: then its first object is the next one. */
        if (varbind->name_length > reginfo->rootoid_len &&
            netsnmp_oid_is_subtree(reginfo->rootoid, reginfo->rootoid_len, varbind->name, varbind->name_length) == 0)
            rest_n = varbind->name_length - reginfo->rootoid_len;
        if (reqinfo->mode == MODE_GET)
            get(r, reqinfo, request, rest, rest_n);
        else if (reqinfo->mode == MODE_GETNEXT)
            get_next(r, reginfo, request, rest, rest_n);
    }
    return SNMP_ERR_NOERROR;
}

bool mib_register(const struct mib_group *group, struct mib_view *view)
{
    oid root[OID_ROOT_LENGTH + sizeof group->arcs / sizeof group->arcs[0]] = { OID_ROOT };
    netsnmp_handler_registration *reginfo;
    struct mib_registration *r = malloc(sizeof *r);

    if (!r)
        return false;
    *r = (struct mib_registration){ .group = group, .view = view };
    memcpy(root + OID_ROOT_LENGTH, group->arcs, group->arcs_n * sizeof *group->arcs);
    reginfo = netsnmp_create_handler_registration(group->name, mib_handle, root, OID_ROOT_LENGTH + group->arcs_n,
                                                  HANDLER_CAN_RONLY);
    if (!reginfo) {
        free(r);
        return false;
    }
    reginfo->handler->myvoid = r;
    reginfo->handler->data_free = free; /* the agent frees it with the registration */
    return netsnmp_register_handler(reginfo) == MIB_REGISTERED_OK;
}

bool mib_append(netsnmp_variable_list **varbinds, const struct mib_group *group, struct mib_view *view, size_t row,
                oid column)
{
    oid name[MAX_OID_LEN] = { OID_ROOT };
    size_t name_n = OID_ROOT_LENGTH;
    struct mib_value value = { .type = ASN_NULL };
    netsnmp_variable_list *varbind;

    memcpy(name + name_n, group->arcs, group->arcs_n * sizeof *group->arcs);
    name_n += group->arcs_n;
    name[name_n++] = column;
    name_n += group->index(view, row, name + name_n);
    varbind = snmp_varlist_add_variable(varbinds, name, name_n, ASN_NULL, NULL, 0);
    if (!varbind)
        return false;
    group->value(view, row, column, &value);
    set_value(varbind, &value);
    return true;
}

/* ---- pieces ---- */

size_t mib_one_row(const struct mib_view *view)
{
    (void)view;
    return 1;
}

size_t mib_index_zero(const struct mib_view *view, size_t row, oid *index)
{
    (void)view, (void)row;
    index[0] = 0;
    return 1;
}

size_t mib_index_of_text(const char *text, size_t octets, oid *index)
{
    index[0] = octets;
    for (size_t i = 0; i < octets; i++)
        index[i + 1] = (u_char)text[i];
    return octets + 1;
}

void mib_counter(struct mib_value *value, uint64_t number)
{
    value->type = ASN_COUNTER64;
    value->number = number;
}

void mib_gauge(struct mib_value *value, uint64_t number)
{
    value->type = ASN_GAUGE;
    value->number = number < UINT32_MAX ? number : UINT32_MAX;
}

void mib_integer(struct mib_value *value, uint64_t number)
{
    value->type = ASN_INTEGER;
    value->number = number;
}

void mib_text(struct mib_value *value, const char *text)
{
    value->type = ASN_OCTET_STR;
    value->text = text;
    value->octets = strnlen(text, TEXT_OCTETS_MAX);
}

void mib_time(struct mib_value *value, int64_t time)
{
    time_t seconds = (time_t)time;
    struct tm tm;

    value->buffer[0] = '\0';
    if (time != TIME_UNKNOWN && gmtime_r(&seconds, &tm))
        strftime(value->buffer, sizeof value->buffer, "%Y-%m-%dT%H:%M:%SZ", &tm);
    mib_text(value, value->buffer);
}

void mib_age(struct mib_value *value, const struct mib_view *view, int64_t then)
{
    if (then == TIME_UNKNOWN)
        then = view->snapshot->start_time;
    mib_gauge(value, then < view->now ? (uint64_t)(view->now - then) : 0);
}
