/* Saved positions one by one. Their form is written at the top of saved.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "saved.h"

#define FORM              1
#define SAVED_MAX         65536
#define SAVED_NAME_OCTETS 4096

bool saved_begin(struct load *load, uint64_t *n)
{
    if (load_number(load) != FORM)
        load_fails(load);
    *n = load_number_to(load, SAVED_MAX);
    return !load->failed;
}

bool saved_next(struct load *load, uint64_t *n, struct saved_position *position)
{
    struct load part;

    if (*n == 0 || load->failed)
        return false;
    --*n;
    position->type = (enum source_type)load_number_to(load, SOURCE_FIFO);
    position->name = load_octets(load, SAVED_NAME_OCTETS);
    position->seen = load_signed(load);
    position->part = load_octets(load, SIZE_MAX);
    part = load_of(position->part);
    position->lines = load_number(&part);
    position->octets = load_number(&part);
    return !load->failed;
}

void saved_add(struct store *list, const struct saved_position *position)
{
    store_number(list, position->type);
    store_octets(list, position->name);
    store_signed(list, position->seen);
    store_octets(list, position->part);
}

void saved_end(struct store *store, uint64_t n, const struct store *list)
{
    store_number(store, FORM);
    store_number(store, n);
    store_more(store, (struct span){ (const char *)list->octets, list->n });
    store->failed |= list->failed;
}
