/* One AgentX session: open, register, close.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "agentx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PDU_OPEN     1
#define PDU_CLOSE    2
#define PDU_REGISTER 3
#define PDU_RESPONSE 18

#define FLAG_NETWORK_ORDER 0x10
#define HEADER_OCTETS      20
#define PRIORITY           127 /* the usual one, which mailtallyd has */
#define DUPLICATE          263 /* duplicateRegistration */
#define ARCS_MAX           32
#define WAIT_MS            1500

struct pdu {
    unsigned char octets[HEADER_OCTETS + 16 + 4 * ARCS_MAX];
    size_t n;
};

static void put_octets(struct pdu *p, const unsigned char *octets, size_t n)
{
    memcpy(p->octets + p->n, octets, n);
    p->n += n;
}

static void put_number(struct pdu *p, uint32_t number)
{
    uint32_t wire = htonl(number);

    put_octets(p, (const unsigned char *)&wire, 4);
}

static void begin(struct pdu *p, unsigned char type, uint32_t session)
{
    const unsigned char first[4] = { 1, type, FLAG_NETWORK_ORDER, 0 };

    p->n = 0;
    put_octets(p, first, 4);
    put_number(p, session);
    put_number(p, 0); /* transaction */
    put_number(p, type);
    put_number(p, 0); /* the length, when it is known */
}

static int send_pdu(int fd, struct pdu *p)
{
    uint32_t length = htonl((uint32_t)(p->n - HEADER_OCTETS));

    memcpy(p->octets + HEADER_OCTETS - 4, &length, 4);
    return send(fd, p->octets, p->n, MSG_NOSIGNAL) == (ssize_t)p->n;
}

static int receive(int fd, unsigned char *octets, size_t n)
{
    size_t have = 0;

    while (have < n) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        ssize_t got = poll(&ready, 1, WAIT_MS) == 1 ? recv(fd, octets + have, n - have, 0) : -1;

        if (got <= 0)
            return 0;
        have += (size_t)got;
    }
    return 1;
}

static uint32_t number_at(const unsigned char *octets, int network_order)
{
    uint32_t number;

    memcpy(&number, octets, 4);
    return network_order ? ntohl(number) : number;
}

/* The error of a response, -1 when none came. */
static int response(int fd, uint32_t *session)
{
    unsigned char header[HEADER_OCTETS], payload[512];
    int network_order;
    uint32_t length;

    do {
        if (!receive(fd, header, sizeof header))
            return -1;
        network_order = header[2] & FLAG_NETWORK_ORDER;
        length = number_at(header + 16, network_order);
        if (length > sizeof payload || !receive(fd, payload, length))
            return -1;
    } while (header[1] != PDU_RESPONSE);
    if (length < 8)
        return -1;
    *session = number_at(header + 4, network_order);
    return network_order ? payload[4] << 8 | payload[5] : payload[5] << 8 | payload[4];
}

static enum agentx_answer talk(int fd, const uint32_t *subtree, size_t arcs)
{
    static const unsigned char nobody[4] = { 0 }, name[12] = { 0, 0, 0, 6, 'd', 'o', 'c', 't', 'o', 'r' };
    const unsigned char how[4] = { 0, PRIORITY, 0, 0 }, oid[4] = { (unsigned char)arcs, 0, 0, 0 };
    const unsigned char timeout[4] = { 0 }, reason[4] = { 5 /* shutdown */ };
    uint32_t session = 0;
    struct pdu p;
    int error;

    begin(&p, PDU_OPEN, 0);
    put_octets(&p, timeout, 4);
    put_octets(&p, nobody, 4);
    put_octets(&p, name, sizeof name);
    if (!send_pdu(fd, &p) || (error = response(fd, &session)) < 0)
        return AGENTX_SILENT;
    if (error != 0)
        return AGENTX_REFUSED;
    begin(&p, PDU_REGISTER, session);
    put_octets(&p, how, 4);
    put_octets(&p, oid, 4);
    for (size_t i = 0; i < arcs; i++)
        put_number(&p, subtree[i]);
    if (!send_pdu(fd, &p) || (error = response(fd, &session)) < 0)
        return AGENTX_SILENT;
    begin(&p, PDU_CLOSE, session);
    put_octets(&p, reason, 4);
    if (send_pdu(fd, &p)) {
        uint32_t unused;

        response(fd, &unused); /* so that it is gone when we return */
    }
    return error == DUPLICATE ? AGENTX_REGISTERED : error == 0 ? AGENTX_FREE : AGENTX_REFUSED;
}

enum agentx_answer agentx_ask(const char *socket_path, const uint32_t *subtree, size_t arcs)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    enum agentx_answer answer;
    int fd;

    if (strlen(socket_path) >= sizeof name.sun_path || arcs > ARCS_MAX)
        return AGENTX_NO_SOCKET;
    strcpy(name.sun_path, socket_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return AGENTX_NO_SOCKET;
    if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0)
        answer = talk(fd, subtree, arcs);
    else
        answer = errno == ECONNREFUSED ? AGENTX_NO_LISTENER
                 : errno == EACCES     ? AGENTX_CLOSED
                 : errno == EAGAIN     ? AGENTX_SILENT
                                       : AGENTX_NO_SOCKET;
    close(fd);
    return answer;
}
