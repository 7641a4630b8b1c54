/* Fuzzes the flow table against a plain model of it: each pair of octets is an operation on one of 32 keys.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../parser/flow_table.h"

#include <stdlib.h>

#define CAP  8
#define KEYS 32

/* What must be in the table: the message ids by key; `there` while the flow is. */
struct model {
    struct flow_table *table;
    bool there[KEYS];
    uint64_t message_id[KEYS];
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Few slots of few bits each, so that chains are long. */
static uint64_t key_of(unsigned number)
{
    return number + 1 + ((uint64_t)(number % 3) << 40);
}

static unsigned number_of(const struct flow *flow)
{
    return (unsigned)(flow->key & 0xff) - 1;
}

static void leaving(void *context, struct flow *flow)
{
    struct model *model = context;

    require(model->there[number_of(flow)]);
    model->there[number_of(flow)] = false;
}

static void add(struct model *model, unsigned number)
{
    struct flow *flow = flow_table_add(model->table, key_of(number), 0);

    require(flow && flow->key == key_of(number) && flow->message_id == 0 && flow->state == 0);
    model->there[number] = true;
    model->message_id[number] = 0;
}

static struct flow *find(struct model *model, unsigned number)
{
    struct flow *flow = flow_table_find(model->table, key_of(number), 0, false);

    require(!flow == !model->there[number]);
    require(!flow || (flow->key == key_of(number) && flow->message_id == model->message_id[number]));
    return flow;
}

static void name(struct model *model, unsigned number, unsigned message_id)
{
    struct flow *flow = find(model, number);

    if (!flow)
        return;
    model->message_id[number] = message_id % 5 + 1;
    flow_table_set_message_id(model->table, flow, model->message_id[number]);
}

static void drop(struct model *model, unsigned number)
{
    struct flow *flow = find(model, number);

    if (!flow)
        return;
    flow_table_drop(model->table, flow);
    model->there[number] = false;
}

static void linger(struct model *model, unsigned number)
{
    struct flow *flow = find(model, number);

    if (!flow)
        return;
    flow_table_linger(model->table, flow); /* may push out another */
    require(flow->state & FLOW_REMOVED);
}

static void check(struct model *model)
{
    unsigned there = 0, named = 0, walked = 0;

    for (unsigned i = 0; i < KEYS; i++) {
        there += model->there[i];
        named += model->there[i] && model->message_id[i];
    }
    require(there == flow_table_in_use(model->table) && there <= CAP);
    for (uint64_t message_id = 1; message_id <= 5; message_id++) {
        unsigned steps;
        bool more = false;

        for (struct flow *flow = NULL; (flow = flow_table_next_with_id(model->table, message_id, flow, &steps, &more));
             walked++)
            require(model->there[number_of(flow)] && model->message_id[number_of(flow)] == message_id);
        require(!more);
    }
    require(walked == named);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model model = { .table = NULL };

    model.table = flow_table_new(CAP, leaving, &model);
    require(model.table != NULL);
    for (size_t i = 0; i + 1 < size; i += 2) {
        unsigned number = data[i] % KEYS;

        switch (data[i + 1] % 5) {
        case 0:
            add(&model, number);
            break;
        case 1:
            find(&model, number);
            break;
        case 2:
            name(&model, number, data[i + 1] / 5);
            break;
        case 3:
            drop(&model, number);
            break;
        default:
            linger(&model, number);
            break;
        }
        check(&model);
    }
    flow_table_free(model.table);
    return 0;
}
