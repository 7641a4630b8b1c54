/* Questions and answers.
 *
 * A slot for each open question: first the address (A), then, if it is listed, the text. A slot is free again when both
 * are answered. c-ares does the waiting and the repeating.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_CARES /* or lookup_none.c */

#include "lookup.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "cares.h"

#define NAME_OCTETS 256
#define TRIES       2
#define TRIAL       SIZE_MAX /* in place of an address: 127.0.0.1 */
#define ANSWERS_MAX 16

struct question {
    struct lookup *lookup;
    struct lookup_zone *zone;
    size_t address; /* TRIAL: none of the caller's */
    bool is_open;
    char answer[LOOKUP_ANSWER_OCTETS];
    char name[NAME_OCTETS];
};

struct lookup {
    ares_channel channel;
    unsigned rate;
    struct lookup_zone zones[LOOKUP_ZONES_MAX];
    size_t zones_n;
    struct question questions[LOOKUP_IN_FLIGHT];
    unsigned open_n;
    const struct lookup_address *addresses;
    lookup_listed_fn *listed;
    void *context;
};

struct lookup *lookup_new(const char *resolver, unsigned rate, unsigned timeout_ms, const char **why)
{
    struct ares_options options = { .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP,
                                    .timeout = (int)timeout_ms,
                                    .tries = TRIES };
    struct lookup *lookup;
    int result;

    if (!libcares_load(why))
        return NULL;
    lookup = calloc(1, sizeof *lookup);
    *why = "no memory";
    if (!lookup)
        return NULL;
    lookup->rate = rate;
    result = libcares()->ares_library_init(ARES_LIB_INIT_ALL);
    if (result == ARES_SUCCESS)
        result = libcares()->ares_init_options(&lookup->channel, &options,
                                               ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (result == ARES_SUCCESS && resolver)
        result = libcares()->ares_set_servers_ports_csv(lookup->channel, resolver);
    if (result == ARES_SUCCESS)
        return lookup;
    *why = result == ARES_EBADSTR ? "--resolver takes an address: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353"
                                  : libcares()->ares_strerror(result);
    lookup_free(lookup);
    return NULL;
}

void lookup_free(struct lookup *lookup)
{
    if (!lookup)
        return;
    if (lookup->channel)
        libcares()->ares_destroy(lookup->channel);
    free(lookup);
}

static bool is_label(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool lookup_add_zone(struct lookup *lookup, const char *name)
{
    size_t n = strlen(name), label = 0, labels = 0;
    struct lookup_zone *zone = &lookup->zones[lookup->zones_n];

    if (n && name[n - 1] == '.')
        n--;
    if (n == 0 || n > LOOKUP_ZONE_OCTETS || lookup->zones_n == LOOKUP_ZONES_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (is_label(name[i]) ? ++label > 63 : (name[i] != '.' || label == 0))
            return false;
        if (name[i] == '.') {
            label = 0;
            labels++;
        }
        zone->name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 'a' - 'A' : name[i]);
    }
    zone->name[n] = '\0';
    if (labels == 0 || label == 0)
        return false;
    for (size_t i = 0; i < lookup->zones_n; i++)
        if (strcmp(lookup->zones[i].name, zone->name) == 0)
            return true;
    lookup->zones_n++;
    return true;
}

size_t lookup_zones(const struct lookup *lookup)
{
    return lookup->zones_n;
}

const struct lookup_zone *lookup_zone_at(const struct lookup *lookup, size_t i)
{
    return &lookup->zones[i];
}

/* ---- answers ---- */

static void give_up(struct lookup_zone *zone, const char *why, const char *what)
{
    if (!zone->is_given_up)
        snprintf(zone->trouble, sizeof zone->trouble, "%s%s", why, what);
    zone->is_given_up = true;
}

static void trouble(struct lookup_zone *zone, uint64_t *counter, const char *what)
{
    ++*counter;
    if (!zone->is_given_up)
        snprintf(zone->trouble, sizeof zone->trouble, "%s", what);
    if (++zone->troubles_in_a_row >= LOOKUP_PATIENCE)
        zone->is_given_up = true;
}

static void close_question(struct question *question)
{
    question->is_open = false;
    question->lookup->open_n--;
}

/* Strings of one record belong together, and so do those of several. */
static void take_text(const unsigned char *octets, int n, char *text)
{
    struct ares_txt_reply *strings = NULL;
    size_t used = 0;

    text[0] = '\0';
    if (libcares()->ares_parse_txt_reply(octets, n, &strings) != ARES_SUCCESS)
        return;
    for (const struct ares_txt_reply *s = strings; s && used + 1 < LOOKUP_TEXT_OCTETS; s = s->next) {
        size_t room = LOOKUP_TEXT_OCTETS - 1 - used, length = s->length < room ? s->length : room;

        memcpy(text + used, s->txt, length);
        used += length;
    }
    text[used] = '\0';
    libcares()->ares_free_data(strings);
}

static void text_came(void *context, int result, int timeouts, unsigned char *octets, int n)
{
    struct question *question = context;
    struct lookup *lookup = question->lookup;
    char text[LOOKUP_TEXT_OCTETS] = "";

    (void)timeouts;
    if (result == ARES_EDESTRUCTION)
        return;
    if (result == ARES_SUCCESS)
        take_text(octets, n, text);
    close_question(question);
    lookup->listed(lookup->context, question->address, question->zone, question->answer, text);
}

/* What the addresses of an answer mean. They are written to question->answer. */
enum meaning { MEANS_LISTED, MEANS_REFUSED, MEANS_NONSENSE };

static enum meaning meaning_of(struct question *question, const struct ares_addrttl *addresses, int n)
{
    enum meaning meaning = MEANS_LISTED;
    size_t used = 0;

    question->answer[0] = '\0';
    for (int i = 0; i < n; i++) {
        uint32_t address = ntohl(addresses[i].ipaddr.s_addr);
        char text[INET_ADDRSTRLEN];

        inet_ntop(AF_INET, &addresses[i].ipaddr, text, sizeof text);
        if (used + strlen(text) + 2 < sizeof question->answer)
            used += (size_t)snprintf(question->answer + used, sizeof question->answer - used, "%s%s", used ? " " : "",
                                     text);
        if (address >> 24 != 127)
            meaning = MEANS_NONSENSE;
        else if (address >> 8 == 0x7fffff && meaning == MEANS_LISTED)
            meaning = MEANS_REFUSED;
    }
    return meaning;
}

static void addresses_came(struct question *question, const struct ares_addrttl *addresses, int n)
{
    struct lookup_zone *zone = question->zone;
    enum meaning meaning = meaning_of(question, addresses, n);

    zone->troubles_in_a_row = 0;
    if (meaning == MEANS_LISTED && question->address != TRIAL) {
        zone->listed++;
        libcares()->ares_query(question->lookup->channel, question->name, ns_c_in, ns_t_txt, text_came, question);
        return;
    }
    if (meaning == MEANS_REFUSED)
        give_up(zone, "it does not serve this resolver: it answered ", question->answer);
    else if (meaning == MEANS_NONSENSE)
        give_up(zone, "it is no blocklist, or not any more: it answered ", question->answer);
    else
        give_up(zone, "it lists 127.0.0.1, and so everything: it answered ", question->answer);
    zone->failed += question->address != TRIAL;
    close_question(question);
}

static void answer_came(void *context, int result, int timeouts, unsigned char *octets, int n)
{
    struct question *question = context;
    struct lookup_zone *zone = question->zone;
    struct ares_addrttl addresses[ANSWERS_MAX];
    int addresses_n = ANSWERS_MAX;
    uint64_t trial = 0;
    bool is_trial = question->address == TRIAL;

    (void)timeouts;
    if (result == ARES_EDESTRUCTION)
        return;
    if (result == ARES_SUCCESS)
        result = libcares()->ares_parse_a_reply(octets, n, NULL, addresses, &addresses_n);
    if (result == ARES_SUCCESS && addresses_n > 0) {
        addresses_came(question, addresses, addresses_n);
        return;
    }
    if (result == ARES_SUCCESS || result == ARES_ENOTFOUND || result == ARES_ENODATA) {
        zone->troubles_in_a_row = 0;
        zone->unlisted += !is_trial;
    } else if (result == ARES_ETIMEOUT) {
        trouble(zone, is_trial ? &trial : &zone->silent, "no answer in time");
    } else {
        trouble(zone, is_trial ? &trial : &zone->failed, libcares()->ares_strerror(result));
    }
    close_question(question);
}

/* ---- questions ---- */

static void ask(struct lookup *lookup, struct lookup_zone *zone, size_t address)
{
    static const struct lookup_address trial = { .octets = { 127, 0, 0, 1 } };
    struct question *question = lookup->questions;

    while (question->is_open)
        question++;
    *question = (struct question){ .lookup = lookup, .zone = zone, .address = address, .is_open = true };
    lookup_name(address == TRIAL ? &trial : &lookup->addresses[address], zone->name, question->name,
                sizeof question->name);
    lookup->open_n++;
    libcares()->ares_query(lookup->channel, question->name, ns_c_in, ns_t_a, answer_came, question);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until something comes, or it is time for the next question. */
static void wait_for(struct lookup *lookup, double wait_s)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    /* The macros of ares.h shift a one into the sign. */
    unsigned bits = (unsigned)libcares()->ares_getsock(lookup->channel, sockets, ARES_GETSOCK_MAXNUM);
    struct timeval most = { .tv_sec = (time_t)wait_s,
                            .tv_usec = (suseconds_t)((wait_s - (double)(time_t)wait_s) * 1e6) },
                   tv;
    const struct timeval *timeout = libcares()->ares_timeout(lookup->channel, &most, &tv);
    struct pollfd fds[ARES_GETSOCK_MAXNUM];
    nfds_t n = 0;

    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool reads = bits >> i & 1, writes = bits >> (i + ARES_GETSOCK_MAXNUM) & 1;

        if (reads || writes)
            fds[n++] =
                (struct pollfd){ .fd = sockets[i], .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)) };
    }
    poll(fds, n, (int)(timeout->tv_sec * 1000 + timeout->tv_usec / 1000 + 1));
    for (nfds_t i = 0; i < n; i++)
        if (fds[i].revents)
            libcares()->ares_process_fd(lookup->channel, fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
                                        fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
    libcares()->ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what timed out */
}

/* All zones are tried before the first address is asked for, and what was asked is answered. */
static void finish(struct lookup *lookup)
{
    while (lookup->open_n)
        wait_for(lookup, 1);
}

void lookup_run(struct lookup *lookup, const struct lookup_address *addresses, size_t n, lookup_listed_fn *listed,
                lookup_progress_fn *progress, void *context)
{
    const uint64_t all = (uint64_t)n * lookup->zones_n;
    double due = now_s();

    lookup->addresses = addresses;
    lookup->listed = listed;
    lookup->context = context;
    for (size_t z = 0; z < lookup->zones_n; z++) {
        while (lookup->open_n == LOOKUP_IN_FLIGHT)
            wait_for(lookup, 1);
        ask(lookup, &lookup->zones[z], TRIAL);
    }
    finish(lookup);
    for (uint64_t i = 0; i < all; i++) {
        struct lookup_zone *zone = &lookup->zones[i % lookup->zones_n];

        if (zone->is_given_up) {
            zone->unasked++;
            continue;
        }
        while (lookup->open_n == LOOKUP_IN_FLIGHT || now_s() < due)
            wait_for(lookup, lookup->open_n == LOOKUP_IN_FLIGHT ? 1 : due - now_s() > 0 ? due - now_s() : 0);
        if (due < now_s() - 1) /* what was not used is not made up for */
            due = now_s() - 1;
        due += 1.0 / lookup->rate;
        ask(lookup, zone, (size_t)(i / lookup->zones_n));
        if (progress)
            progress(context, i, all);
    }
    finish(lookup);
}

#endif
