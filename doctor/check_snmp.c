/* What a manager on this machine is told: does snmpd answer, and are the counters in what it shows?
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../agent/oids.h"
#include "../config/library.h"
#include "inside.h"

#define DEFAULT_ADDRESS   "udp:127.0.0.1:161"
#define DEFAULT_COMMUNITY "public"

enum answer { ANSWER_VALUE, ANSWER_NOTHING, ANSWER_NONE };

static enum answer ask(const char *address, const char *community, const oid *name, size_t arcs, char *text,
                       size_t octets)
{
    char peer[256], secret[256];
    netsnmp_session wanted, *session;
    netsnmp_pdu *pdu, *response = NULL;
    enum answer answer = ANSWER_NONE;
    struct libnetsnmp snmp;
    char why[256];

    if (!libnetsnmp_load(&snmp, why, sizeof why)) /* then the configuration was not read either, which was told */
        return ANSWER_NONE;
    snprintf(peer, sizeof peer, "%s", address);
    snprintf(secret, sizeof secret, "%s", community);
    snmp.snmp_sess_init(&wanted);
    wanted.version = SNMP_VERSION_2c;
    wanted.peername = peer;
    wanted.community = (u_char *)secret;
    wanted.community_len = strlen(secret);
    wanted.timeout = 1000000L;
    wanted.retries = 1;
    session = snmp.snmp_open(&wanted);
    if (!session)
        return ANSWER_NONE;
    pdu = snmp.snmp_pdu_create(SNMP_MSG_GET);
    snmp.snmp_add_null_var(pdu, name, arcs);
    if (snmp.snmp_synch_response(session, pdu, &response) == STAT_SUCCESS && response) {
        const netsnmp_variable_list *v = response->variables;

        answer = ANSWER_NOTHING;
        if (response->errstat == SNMP_ERR_NOERROR && v && v->type != SNMP_NOSUCHOBJECT &&
            v->type != SNMP_NOSUCHINSTANCE && v->type != SNMP_ENDOFMIBVIEW) {
            answer = ANSWER_VALUE;
            if (text && v->type == ASN_OCTET_STR)
                snprintf(text, octets, "%.*s", (int)v->val_len, (const char *)v->val.string);
        }
    }
    if (response)
        snmp.snmp_free_pdu(response);
    snmp.snmp_close(session);
    return answer;
}

/* ---- snmpd's configuration ---- */

struct access {
    char community[128], view[128];
};

static bool take_community(void *context, const struct conf_line *line)
{
    struct access *access = context;
    char word[128];

    if (!line_word(line->text, 0, word, sizeof word) ||
        (strcasecmp(word, "rocommunity") != 0 && strcasecmp(word, "rwcommunity") != 0) ||
        !line_word(line->text, 1, access->community, sizeof access->community))
        return false;
    for (unsigned i = 2; line_word(line->text, i, word, sizeof word); i++)
        if (strcmp(word, "-V") == 0)
            line_word(line->text, i + 1, access->view, sizeof access->view);
    return true;
}

/* Where snmpd listens, when that is no address of every machine: the first of `agentaddress`. */
static bool take_address(void *context, const struct conf_line *line)
{
    char *address = context, word[128];

    if (!line_word(line->text, 0, word, sizeof word) || strcasecmp(word, "agentaddress") != 0 ||
        !line_word(line->text, 1, word, sizeof word))
        return false;
    if (!strstr(word, "127.0.0.1") && !strstr(word, "0.0.0.0") && strspn(word, "udp:0123456789") != strlen(word))
        snprintf(address, 128, "%.*s", (int)strcspn(word, ","), word);
    else if (strstr(word, "127.0.0.1:") && !strstr(word, "127.0.0.1:161"))
        snprintf(address, 128, "%.*s", (int)strcspn(word, ","), word);
    return *address != '\0';
}

struct rival {
    struct conf_line line;
    char root[64];
};

/* Something of snmpd's own at our objects: pass OID PROGRAM, extend OID .., proxy .. OID. */
static bool is_rival(void *context, const struct conf_line *line)
{
    static const char *const tokens[] = { "pass", "pass_persist", "extend", "exec", "sh", "proxy" };
    struct rival *rival = context;
    size_t n = strlen(rival->root);
    char word[256];
    bool fits = false;

    if (!line_word(line->text, 0, word, sizeof word))
        return false;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        fits = fits || strcasecmp(word, tokens[i]) == 0;
    for (unsigned i = 1; fits && line_word(line->text, i, word, sizeof word); i++) {
        const char *arcs = word + (word[0] == '.');

        if (strncmp(arcs, rival->root, n) == 0 && (arcs[n] == '\0' || arcs[n] == '.')) {
            rival->line = *line;
            return true;
        }
    }
    return false;
}

static bool check_rivals(struct doctor *d)
{
    struct rival rival = { .root = OID_ROOT_TEXT };
    char command[COMMAND_OCTETS] = "", word[64] = "";
    bool readable;

    if (!snmpd_lines(is_rival, &rival, &readable)) {
        if (!readable)
            not_checked(d, "snmpd's configuration: it may not be read by this user; run doctor as root");
        return false;
    }
    add_comment_out(command, &rival.line);
    add_service(d, command, " && ", SERVICE_SNMPD, DEED_RESTART);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, d->daemon.pid ? DEED_RESTART : DEED_START);
    line_word(rival.line.text, 0, word, sizeof word);
    found(d, "oid-clash", command, "line %u of %s has \"%s\" at the OID of mailtally's objects, and answers for them",
          rival.line.number, rival.line.file, word);
    return true;
}

/* ---- nothing, or not ours ---- */

static void tell_silent(struct doctor *d, const char *address, const char *community)
{
    static const char *const lines[] = { "rocommunity " DEFAULT_COMMUNITY " 127.0.0.1 -V systemonly",
                                         "view systemonly included .1.3.6.1.2.1.1",
                                         "view systemonly included ." OID_ROOT_TEXT, NULL };
    struct access access = { "", "" };
    char command[COMMAND_OCTETS] = "", elsewhere[128] = "";
    bool readable;

    if (d->daemon.embedded || !process_named("snmpd", 0)) {
        if (d->daemon.embedded)
            not_checked(d, "what mailtallyd -E answers: nobody answers at %s with community %s", address, community);
        return;
    }
    if (!snmpd_lines(take_community, &access, &readable) && readable) {
        add_snmpd_lines(d, command, lines);
        found(d, "no-community", command, "snmpd's configuration lets no SNMPv2c community ask");
    } else if (*access.community && strcmp(access.community, community) != 0) {
        add(command, "mailtally doctor --community ");
        add_quoted(command, access.community);
        found_to_see(d, "other-community", command, "snmpd does not answer community %s: it has another one",
                     community);
    } else if (!d->wishes.snmp_address && snmpd_lines(take_address, elsewhere, &readable)) {
        add(command, "mailtally doctor --snmp ");
        add_quoted(command, elsewhere);
        found_to_see(d, "other-address", command, "snmpd does not answer at %s: it listens at %s", address, elsewhere);
    } else {
        add_service(d, command, "", SERVICE_SNMPD, DEED_RESTART);
        found(d, "snmpd-silent", command, "snmpd does not answer at %s with community %s", address, community);
    }
}

static void tell_hidden(struct doctor *d)
{
    struct access access = { "", "" };
    char command[COMMAND_OCTETS] = "", line[256];
    const char *lines[] = { line, NULL };
    bool readable;

    snmpd_lines(take_community, &access, &readable);
    snprintf(line, sizeof line, "view %s included ." OID_ROOT_TEXT, *access.view ? access.view : "systemonly");
    add_snmpd_lines(d, command, lines);
    found(d, "view-hides", command,
          "mailtallyd has registered with snmpd, but the view of the community hides its objects");
}

bool objects_answer(const struct doctor *d)
{
    static const oid version[] = { OID_ROOT, OID_OBJECTS, OID_AGENT, OID_AGENT_VERSION, 0 };

    return ask(d->wishes.snmp_address ? d->wishes.snmp_address : DEFAULT_ADDRESS,
               d->wishes.community ? d->wishes.community : DEFAULT_COMMUNITY, version,
               sizeof version / sizeof version[0], NULL, 0) == ANSWER_VALUE;
}

void check_snmp(struct doctor *d)
{
    static const oid uptime[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
    static const oid version[] = { OID_ROOT, OID_OBJECTS, OID_AGENT, OID_AGENT_VERSION, 0 };
    const char *address = d->wishes.snmp_address ? d->wishes.snmp_address
                          : d->daemon.embedded   ? d->daemon.address
                                                 : DEFAULT_ADDRESS;
    const char *community = d->wishes.community ? d->wishes.community : DEFAULT_COMMUNITY;
    bool trouble = has_found(d, "snmpd-stopped") || has_found(d, "snmpd-missing") || has_found(d, "no-agentx");
    enum answer answer;

    if (trouble || (!d->daemon.embedded && check_rivals(d)))
        return;
    answer = ask(address, community, version, sizeof version / sizeof version[0], NULL, 0);
    if (answer == ANSWER_NONE)
        answer = ask(address, community, uptime, sizeof uptime / sizeof uptime[0], NULL, 0);
    if (answer == ANSWER_NONE)
        tell_silent(d, address, community);
    else if (answer == ANSWER_NOTHING && d->link_is_fine && !d->daemon.embedded)
        tell_hidden(d);
}
