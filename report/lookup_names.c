/* Addresses, and the names under which blocklists have them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lookup.h"

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

bool lookup_address(const char *text, size_t n, struct lookup_address *address)
{
    char copy[INET6_ADDRSTRLEN];

    memset(address, 0, sizeof *address);
    if (n > 5 && strncasecmp(text, "IPv6:", 5) == 0) {
        text += 5;
        n -= 5;
    }
    if (n == 0 || n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (inet_pton(AF_INET, copy, address->octets) == 1)
        return true;
    if (inet_pton(AF_INET6, copy, address->octets) != 1)
        return false;
    address->is_v6 = memcmp(address->octets, mapped, sizeof mapped) != 0;
    if (!address->is_v6) {
        memmove(address->octets, address->octets + sizeof mapped, 4);
        memset(address->octets + 4, 0, 12);
    }
    return true;
}

bool lookup_is_private(const struct lookup_address *address)
{
    static const struct {
        bool is_v6;
        unsigned char octets[4];
        unsigned bits;
    } nets[] = {
        { false, { 0 }, 8 },         { false, { 10 }, 8 },         { false, { 100, 64 }, 10 },  { false, { 127 }, 8 },
        { false, { 169, 254 }, 16 }, { false, { 172, 16 }, 12 },   { false, { 192, 168 }, 16 }, { false, { 224 }, 3 },
        { true, { 0xfc }, 7 },       { true, { 0xfe, 0x80 }, 10 }, { true, { 0xff }, 8 },
    };
    static const unsigned char none[15];

    if (address->is_v6 && memcmp(address->octets, none, sizeof none) == 0) /* :: and ::1 */
        return address->octets[15] < 2;
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        unsigned bits = nets[i].bits, octet = 0;
        bool is_in = nets[i].is_v6 == address->is_v6;

        for (; is_in && bits >= 8; bits -= 8, octet++)
            is_in = nets[i].octets[octet] == address->octets[octet];
        if (is_in && (bits == 0 || (nets[i].octets[octet] ^ address->octets[octet]) >> (8 - bits) == 0))
            return true;
    }
    return false;
}

void lookup_name(const struct lookup_address *address, const char *zone, char *name, size_t octets)
{
    static const char hex[] = "0123456789abcdef";
    char nibbles[65];
    const unsigned char *p = address->octets;
    size_t n = 0;

    if (!address->is_v6) {
        snprintf(name, octets, "%u.%u.%u.%u.%s", p[3], p[2], p[1], p[0], zone);
        return;
    }
    for (int i = 15; i >= 0; i--) {
        nibbles[n++] = hex[p[i] & 15];
        nibbles[n++] = '.';
        nibbles[n++] = hex[p[i] >> 4];
        nibbles[n++] = '.';
    }
    snprintf(name, octets, "%.*s%s", (int)n, nibbles, zone);
}
