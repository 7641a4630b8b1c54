/* Accepted messages, by the address of their client; for dnsbl test. In bounded memory: so many messages, so many
 * octets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DNSBL_MESSAGES_H
#define MAILTALLY_DNSBL_MESSAGES_H

#include "lookup.h"
#include "messages.h"

#define ACCEPTED_MAX        500000
#define ACCEPTED_OCTETS_MAX (256u << 20)

struct accepted_message {
    uint32_t address;
    uint32_t next; /* of the same address, later; 0: none. Numbers are of messages, from 1 on */
    int64_t time;
    enum counter fate, verdict;
    uint32_t recipients_n;
    uint32_t host, id, from, to, score, text_octets; /* where their texts begin; each ends with NUL */
    bool has_from, has_to;
};

struct accepted_address {
    struct lookup_address address;
    uint32_t first, last; /* its messages */
};

struct accepted {
    struct accepted_message *messages;
    struct accepted_address *addresses;
    uint32_t *slots; /* an address's number + 1 */
    char *texts;
    size_t messages_n, messages_room, addresses_n, addresses_room, slots_n, texts_n, texts_room;
    uint64_t seed;
    uint64_t private_n, nameless_n,
        over_n; /* messages that are not kept: of such an address, of none, for want of room */
};

void accepted_add(struct accepted *accepted, const struct message *message);
void accepted_free(struct accepted *accepted);

#endif
