/* What was accepted.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "dnsbl_messages.h"

#include <stdlib.h>

#include "../parser/filter.h"
#include "../parser/hash.h"
#include "report.h"

#define ROOM_AT_FIRST 256

static void *grow(void *memory, size_t n, size_t *room, size_t octets)
{
    if (n < *room)
        return memory;
    *room = *room ? *room * 2 : ROOM_AT_FIRST;
    memory = realloc(memory, *room * octets);
    if (!memory) {
        complain("no memory for the accepted messages; name a shorter span of time");
        exit(STATUS_ERROR);
    }
    return memory;
}

void accepted_free(struct accepted *accepted)
{
    free(accepted->messages);
    free(accepted->addresses);
    free(accepted->slots);
    free(accepted->texts);
}

static uint64_t hash_of(const struct accepted *accepted, const struct lookup_address *address)
{
    return hash_octets(accepted->seed + address->is_v6,
                       (struct span){ (const char *)address->octets, sizeof address->octets });
}

static void place(struct accepted *accepted, uint32_t number)
{
    size_t slot = hash_of(accepted, &accepted->addresses[number].address) & (accepted->slots_n - 1);

    while (accepted->slots[slot])
        slot = (slot + 1) & (accepted->slots_n - 1);
    accepted->slots[slot] = number + 1;
}

static void grow_slots(struct accepted *accepted)
{
    if (accepted->slots_n >= accepted->addresses_n * 2 + 2)
        return;
    accepted->slots_n = accepted->slots_n ? accepted->slots_n * 2 : 2 * ROOM_AT_FIRST;
    free(accepted->slots);
    accepted->slots = calloc(accepted->slots_n, sizeof *accepted->slots);
    if (!accepted->slots) {
        complain("no memory for the accepted messages; name a shorter span of time");
        exit(STATUS_ERROR);
    }
    for (size_t i = 0; i < accepted->addresses_n; i++)
        place(accepted, (uint32_t)i);
}

static uint32_t number_of(struct accepted *accepted, const struct lookup_address *address)
{
    grow_slots(accepted);
    for (size_t slot = hash_of(accepted, address) & (accepted->slots_n - 1); accepted->slots[slot];
         slot = (slot + 1) & (accepted->slots_n - 1)) {
        const struct lookup_address *other = &accepted->addresses[accepted->slots[slot] - 1].address;

        if (other->is_v6 == address->is_v6 && memcmp(other->octets, address->octets, sizeof other->octets) == 0)
            return accepted->slots[slot] - 1;
    }
    accepted->addresses =
        grow(accepted->addresses, accepted->addresses_n, &accepted->addresses_room, sizeof *accepted->addresses);
    accepted->addresses[accepted->addresses_n] = (struct accepted_address){ .address = *address };
    place(accepted, (uint32_t)accepted->addresses_n);
    return (uint32_t)accepted->addresses_n++;
}

/* Texts are cut at TEXT_MAX octets (messages.h), NUL in them is shown as such by nobody: it becomes `?`. */
static uint32_t keep(struct accepted *accepted, struct span text)
{
    size_t at = accepted->texts_n;

    while (accepted->texts_room < at + text.n + 1)
        accepted->texts = grow(accepted->texts, accepted->texts_room, &accepted->texts_room, 1);
    for (size_t i = 0; i < text.n; i++)
        accepted->texts[at + i] = text.p[i] ? text.p[i] : '?';
    accepted->texts[at + text.n] = '\0';
    accepted->texts_n += text.n + 1;
    return (uint32_t)at;
}

void accepted_add(struct accepted *accepted, const struct message *m)
{
    struct lookup_address address;
    struct span text = filter_address(m->client);
    struct accepted_message *kept;
    struct accepted_address *owner;
    uint32_t number;

    if (!m->received || m->is_lone)
        return;
    if (!lookup_address(text.p, text.n, &address)) {
        accepted->nameless_n++;
        return;
    }
    if (lookup_is_private(&address)) {
        accepted->private_n++;
        return;
    }
    if (accepted->messages_n == ACCEPTED_MAX || accepted->texts_n > ACCEPTED_OCTETS_MAX) {
        accepted->over_n++;
        return;
    }
    number = number_of(accepted, &address);
    accepted->messages = grow(accepted->messages, accepted->messages_n, &accepted->messages_room, sizeof *kept);
    kept = &accepted->messages[accepted->messages_n++];
    *kept = (struct accepted_message){ .address = number,
                                       .time = m->first,
                                       .fate = m->fate,
                                       .verdict = m->verdict,
                                       .recipients_n = m->recipients_n + m->recipients_more,
                                       .has_from = m->from.p != NULL,
                                       .has_to = m->recipients && m->recipients->to.p };
    kept->host = keep(accepted, span_of(m->host));
    kept->id = keep(accepted, m->ids ? m->ids->id : (struct span){ "", 0 });
    kept->from = keep(accepted, m->from);
    kept->to = keep(accepted, kept->has_to ? m->recipients->to : (struct span){ "", 0 });
    kept->score = keep(accepted, m->score);
    owner = &accepted->addresses[number];
    if (owner->last)
        accepted->messages[owner->last - 1].next = (uint32_t)accepted->messages_n;
    else
        owner->first = (uint32_t)accepted->messages_n;
    owner->last = (uint32_t)accepted->messages_n;
}
