/* Triggers, macros and graphs of Zabbix' template.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "zabbix.h"

#define N(array) (sizeof(array) / sizeof(array)[0])

/* In an expression `~` stands for the template: ~key is /TEMPLATE/key. */
struct trigger {
    const char *rule; /* NULL: of the template itself */
    const char *name, *expression, *priority, *description;
};

#define RECENT(counter, macro) "last(~mailtally.recent[" counter "])>{$MAILTALLY." macro ".MAX}"

static const struct trigger triggers[] = {
    { NULL, "mailtallyd does not answer", "nodata(~mailtally.agent[status],{$MAILTALLY.HOLD})=1", "HIGH",
      "Neither alarms nor graphs of its mail are to be trusted. Look whether snmpd and mailtallyd run." },
    { NULL, "mailtallyd is degraded", "min(~mailtally.agent[status],{$MAILTALLY.HOLD})=3", "WARNING",
      "mailtallyAgentStatusText says what is wrong, and so does its log." },
    { NULL, "mailtallyd is {ITEM.LASTVALUE1} of log behind",
      "min(~mailtally.agent[backlogOctets],15m)>{$MAILTALLY.BACKLOG.MAX}", "WARNING", "" },
    { NULL, "A twentieth of the mail log is not understood",
      "avg(~mailtally.agent[linesUnrecognised],1h)>0.05*(avg(~mailtally.agent[linesRecognised],1h)+"
      "avg(~mailtally.agent[linesUnrecognised],1h))",
      "INFO", "mailtally events --unrecognised shows the lines." },
    { NULL, "No mail event for {ITEM.LASTVALUE1}", "last(~mailtally.agent[lastEventAge])>{$MAILTALLY.SILENT.MAX}",
      "HIGH", "" },
    { NULL, "{ITEM.LASTVALUE1} bounces in 15 minutes",
      RECENT("bounced", "BOUNCED") " and last(~mailtally.recent[bounced])>0.1*(last(~mailtally.recent[sent])+"
                                   "last(~mailtally.recent[delivered])+last(~mailtally.recent[forwarded])+"
                                   "last(~mailtally.recent[bounced]))",
      "WARNING", "More than a tenth of all deliveries, and more than a few." },
    { NULL, "{ITEM.LASTVALUE1} delivery attempts put off in 15 minutes", RECENT("deferred", "DEFERRED"), "WARNING",
      "Deferred: REASON says why." },
    { NULL, "{ITEM.LASTVALUE1} refusals in 15 minutes", RECENT("rejected", "REJECTED"), "WARNING",
      "Rejected: REASON says why." },
    { NULL, "{ITEM.LASTVALUE1} spam messages in 15 minutes", RECENT("spam", "SPAM"), "WARNING", "" },
    { NULL, "{ITEM.LASTVALUE1} viruses in 15 minutes", RECENT("virus", "VIRUS"), "WARNING", "" },
    { NULL, "{ITEM.LASTVALUE1} logins refused in 15 minutes", RECENT("authFailed", "AUTHFAILED"), "WARNING", "" },
    { "host", "No mail event of {#MAILHOST} for {ITEM.LASTVALUE1}",
      "last(~mailtally.host[\"{#MAILHOST}\",lastEventAge])>{$MAILTALLY.HOST.SILENT.MAX:\"{#MAILHOST}\"} and "
      "last(~mailtally.host[\"{#MAILHOST}\",lastEventAge])<7d",
      "WARNING", "The row of a host stays when the host is gone: after a week it is taken to be." },
    { "source", "mailtallyd cannot read {#SOURCE}", "min(~mailtally.source[\"{#SOURCE}\",state],{$MAILTALLY.HOLD})>=3",
      "HIGH", "mailtallySourceLastError says what to do." },
    { "queue", "A message waits in the queue {#QUEUE} of {#QUEUEINSTANCE} for {ITEM.LASTVALUE1}",
      "last(~mailtally.queue[\"{#QUEUEINSTANCE}\",\"{#QUEUE}\",oldestAge])>{$MAILTALLY.QUEUE.AGE.MAX:\"{#QUEUE}\"}",
      "WARNING", "" },
    { "queue", "{ITEM.LASTVALUE1} messages wait in the queue {#QUEUE} of {#QUEUEINSTANCE}",
      "last(~mailtally.queue[\"{#QUEUEINSTANCE}\",\"{#QUEUE}\",messages])>{$MAILTALLY.QUEUE.MESSAGES.MAX:\"{#QUEUE}\"}",
      "WARNING", "" },
};

/* New mail moves on at once unless something is stuck; what was put off may wait a day, what is on hold for ever. In
 * the order in which Zabbix exports them. */
static const struct macro {
    const char *name, *value, *description;
} macros[] = {
    { "{$MAILTALLY.AUTHFAILED.MAX}", "200", "Logins refused in 15 minutes" },
    { "{$MAILTALLY.BACKLOG.MAX}", "50M", "Octets of log that wait" },
    { "{$MAILTALLY.BOUNCED.MAX}", "20", "Bounces in 15 minutes" },
    { "{$MAILTALLY.DEFERRED.MAX}", "200", "Delivery attempts put off in 15 minutes" },
    { "{$MAILTALLY.DISCOVERY}", "10m", "How often hosts, blocklists, sources and queues are looked for" },
    { "{$MAILTALLY.HOLD}", "5m", "How long a state lasts before it is an alarm; 30s or more" },
    { "{$MAILTALLY.HOST.SILENT.MAX}", "1h", "Without any mail event of one mail server" },
    { "{$MAILTALLY.INTERVAL}", "1m", "How often values are asked for" },
    { "{$MAILTALLY.QUEUE.AGE.MAX}", "30m", "Age of the oldest message in a queue" },
    { "{$MAILTALLY.QUEUE.AGE.MAX:\"all\"}", "3650d", "Of all" },
    { "{$MAILTALLY.QUEUE.AGE.MAX:\"deferred\"}", "1d", "Of those that were put off" },
    { "{$MAILTALLY.QUEUE.AGE.MAX:\"hold\"}", "3650d", "Of those on hold" },
    { "{$MAILTALLY.QUEUE.MESSAGES.MAX}", "1000", "Messages in a queue" },
    { "{$MAILTALLY.QUEUE.MESSAGES.MAX:\"hold\"}", "100000", "Messages on hold" },
    { "{$MAILTALLY.REJECTED.MAX}", "2000", "Refusals in 15 minutes" },
    { "{$MAILTALLY.SILENT.MAX}", "1h", "Without any mail event" },
    { "{$MAILTALLY.SPAM.MAX}", "500", "Spam messages in 15 minutes" },
    { "{$MAILTALLY.VIRUS.MAX}", "20", "Viruses in 15 minutes" },
};

enum { GRAPH_ITEMS_MAX = 12 };

/* The colours of mailgraph where it had the same. A prefix `-` of an item draws a line where others are areas. */
static const struct graph {
    const char *rule, *name;
    bool stacked;
    struct {
        const char *key, *colour;
    } items[GRAPH_ITEMS_MAX];
} graphs[] = {
    { NULL,
      "Mail sent and received",
      false,
      { { "total[sent]", "000099" }, { "-total[received]", "009900" }, { "-total[delivered]", "0099DD" } } },
    { NULL,
      "Mail bounced and rejected",
      false,
      { { "total[rejected]", "AA0000" },
        { "-total[rejectedTemporarily]", "EE8800" },
        { "-total[bounced]", "000000" } } },
    { NULL,
      "Spam and viruses",
      true,
      { { "total[virus]", "DDBB00" }, { "total[banned]", "CC77AA" }, { "total[spam]", "999999" } } },
    { NULL,
      "Mail deferred and greylisted",
      false,
      { { "total[greylisted]", "999999" }, { "-total[greylistPassed]", "006400" }, { "-total[deferred]", "AA00AA" } } },
    { NULL,
      "Volume of mail",
      false,
      { { "total[receivedOctets]", "009900" },
        { "-total[sentOctets]", "000099" },
        { "-total[deliveredOctets]", "0099DD" } } },
    { NULL,
      "SMTP connections",
      false,
      { { "total[connections]", "7799CC" },
        { "-total[connectionsLost]", "AA0000" },
        { "-total[tlsInbound]", "006400" } } },
    { NULL, "SMTP logins", false, { { "total[authSucceeded]", "88CC88" }, { "-total[authFailed]", "AA0000" } } },
    { NULL,
      "Refusals by reason",
      true,
      { { "reject[unknownUser]", "1F77B4" },
        { "reject[dnsbl]", "AA0000" },
        { "reject[rhsbl]", "EE8800" },
        { "reject[relayDenied]", "2CA02C" },
        { "reject[clientBlocked]", "9467BD" },
        { "reject[heloInvalid]", "8C564B" },
        { "reject[senderInvalid]", "E377C2" },
        { "reject[spam]", "999999" },
        { "reject[virus]", "DDBB00" },
        { "reject[policyService]", "17BECF" },
        { "reject[milter]", "BCBD22" },
        { "reject[other]", "555555" } } },
    { NULL,
      "Deferrals by reason",
      true,
      { { "deferral[connectTimeout]", "1F77B4" },
        { "deferral[connectRefused]", "AA0000" },
        { "deferral[dnsFailure]", "EE8800" },
        { "deferral[greylist]", "999999" },
        { "deferral[rateLimit]", "9467BD" },
        { "deferral[reputation]", "8C564B" },
        { "deferral[mailboxFull]", "DDBB00" },
        { "deferral[remoteTemporary]", "2CA02C" },
        { "deferral[connectionLost]", "17BECF" },
        { "deferral[localTransport]", "E377C2" },
        { "deferral[other]", "555555" } } },
    { NULL,
      "Time to delivery",
      false,
      { { "delay[all]", "CCCCCC" },
        { "delay[3600]", "EE8800" },
        { "delay[300]", "7799CC" },
        { "delay[60]", "009900" } } },
    { NULL, "Lines of log", false, { { "agent[linesRead]", "7799CC" }, { "-agent[linesUnrecognised]", "AA0000" } } },
    { "host",
      "{#MAILHOST}: mail sent and received",
      false,
      { { "host[\"{#MAILHOST}\",sent]", "000099" },
        { "-host[\"{#MAILHOST}\",received]", "009900" },
        { "-host[\"{#MAILHOST}\",delivered]", "0099DD" } } },
    { "host",
      "{#MAILHOST}: mail bounced and rejected",
      false,
      { { "host[\"{#MAILHOST}\",rejected]", "AA0000" },
        { "-host[\"{#MAILHOST}\",rejectedTemporarily]", "EE8800" },
        { "-host[\"{#MAILHOST}\",bounced]", "000000" } } },
    { "host",
      "{#MAILHOST}: spam and viruses",
      true,
      { { "host[\"{#MAILHOST}\",virus]", "DDBB00" }, { "host[\"{#MAILHOST}\",spam]", "999999" } } },
    { "host",
      "{#MAILHOST}: mail deferred and greylisted",
      false,
      { { "host[\"{#MAILHOST}\",greylisted]", "999999" }, { "-host[\"{#MAILHOST}\",deferred]", "AA00AA" } } },
    { "zone",
      "{#ZONE}: refusals",
      false,
      { { "zone[\"{#ZONE}\",permanent]", "AA0000" },
        { "-zone[\"{#ZONE}\",temporary]", "EE8800" },
        { "-zone[\"{#ZONE}\",warned]", "999999" } } },
    { "queue",
      "{#QUEUEINSTANCE} {#QUEUE}: messages",
      false,
      { { "queue[\"{#QUEUEINSTANCE}\",\"{#QUEUE}\",messages]", "7799CC" } } },
    { "queue",
      "{#QUEUEINSTANCE} {#QUEUE}: oldest message",
      false,
      { { "queue[\"{#QUEUEINSTANCE}\",\"{#QUEUE}\",oldestAge]", "EE8800" } } },
};

static bool same_rule(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A YAML string with the template's name for `~`. */
static void put_expression(FILE *out, const char *expression)
{
    char *text = NULL;
    size_t octets;
    FILE *piece = open_memstream(&text, &octets);

    for (; *expression; expression++)
        if (*expression == '~')
            fputs("/" ZABBIX_TEMPLATE "/", piece);
        else
            fputc(*expression, piece);
    fclose(piece);
    put_yaml_string(out, text);
    free(text);
}

static void put_trigger(FILE *out, const struct trigger *t, int indent)
{
    put_zabbix_uuid(out, indent, t->rule ? "trigger prototype" : "trigger", t->name);
    fprintf(out, "%*sexpression: ", indent + 2, "");
    put_expression(out, t->expression);
    fprintf(out, "\n%*sname: ", indent + 2, "");
    put_yaml_string(out, t->name);
    fprintf(out, "\n%*spriority: %s\n", indent + 2, "", t->priority);
    if (*t->description) {
        fprintf(out, "%*sdescription: ", indent + 2, "");
        put_yaml_string(out, t->description);
        fputc('\n', out);
    }
}

/* Whether all items that an expression names are this one. */
static bool only_of(const struct trigger *t, const char *key)
{
    size_t octets = strlen(key);

    for (const char *at = strchr(t->expression, '~'); at; at = strchr(at + 1, '~'))
        if (strncmp(at + 1, key, octets) != 0)
            return false;
    return true;
}

/* Whether it names one item alone, however often. */
static bool of_one_item(const struct trigger *t)
{
    char key[128];
    const char *first = strchr(t->expression, '~') + 1;

    snprintf(key, sizeof key, "%.*s", (int)(strchr(first, ']') + 1 - first), first);
    return only_of(t, key);
}

void put_zabbix_triggers(FILE *out, const char *rule, const char *key, int indent)
{
    bool first = true;

    for (size_t i = 0; i < N(triggers); i++) {
        const struct trigger *t = &triggers[i];

        if (!same_rule(t->rule, rule) || of_one_item(t) != (key != NULL) || (key && !only_of(t, key)))
            continue;
        if (first)
            fprintf(out, "%*s%s:\n", indent, "", rule ? "trigger_prototypes" : "triggers");
        first = false;
        put_trigger(out, t, indent);
    }
}

static void put_graph_items(FILE *out, const struct graph *graph, int indent)
{
    char key[128];

    fprintf(out, "%*sgraph_items:\n", indent, "");
    for (int i = 0; i < GRAPH_ITEMS_MAX && graph->items[i].key; i++) {
        const char *name = graph->items[i].key;
        bool line = name[0] == '-';

        snprintf(key, sizeof key, "mailtally.%s", name + line);
        fprintf(out, "%*s- color: '%s'\n", indent, "", graph->items[i].colour);
        /* What Zabbix would not export is not written: an import of what is there shows no difference. */
        if (i > 0)
            fprintf(out, "%*ssortorder: '%d'\n", indent + 2, "", i);
        if (!graph->stacked)
            fprintf(out, "%*sdrawtype: %s\n", indent + 2, "", line ? "BOLD_LINE" : "FILLED_REGION");
        fprintf(out, "%*sitem:\n%*shost: " ZABBIX_TEMPLATE "\n%*skey: ", indent + 2, "", indent + 4, "", indent + 4,
                "");
        put_yaml_string(out, key);
        fputc('\n', out);
    }
}

void put_zabbix_graphs(FILE *out, const char *rule, int indent)
{
    bool first = true;

    for (size_t i = 0; i < N(graphs); i++) {
        if (!same_rule(graphs[i].rule, rule))
            continue;
        if (first)
            fprintf(out, "%*s%s:\n", indent, "", rule ? "graph_prototypes" : "graphs");
        first = false;
        put_zabbix_uuid(out, indent, rule ? "graph prototype" : "graph", graphs[i].name);
        fprintf(out, "%*sname: ", indent + 2, "");
        put_yaml_string(out, graphs[i].name);
        fprintf(out, "\n%*s", indent + 2, "");
        fputs(graphs[i].stacked ? "type: STACKED\n" : "show_triggers: 'NO'\n", out);
        put_graph_items(out, &graphs[i], indent + 2);
    }
}

void put_zabbix_macros(FILE *out, int indent)
{
    fprintf(out, "%*smacros:\n", indent, "");
    for (size_t i = 0; i < N(macros); i++) {
        fprintf(out, "%*s- macro: ", indent, "");
        put_yaml_string(out, macros[i].name);
        fprintf(out, "\n%*svalue: ", indent + 2, "");
        put_yaml_string(out, macros[i].value);
        fprintf(out, "\n%*sdescription: ", indent + 2, "");
        put_yaml_string(out, macros[i].description);
        fputc('\n', out);
    }
}
