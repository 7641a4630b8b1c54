/* What Cacti shows: a row for each graph, and a row for each thing in it. The only place for titles, legends and
 * colours.
 *
 * Areas stand before lines, since what comes later is drawn over what came before. Sent and received look as mailgraph
 * draws them. Names are of counters.def and reasons.def; a counter or reason that is in no graph stops `make generate`.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti.h"

#define N(array) (sizeof(array) / sizeof(array)[0])

/* ---- colours ---- */

#define BLUE   "000099" /* mailgraph's sent */
#define GREEN  "009900" /* mailgraph's received */
#define DARK   "333333"
#define RED    "AA0000" /* mailgraph's rejected */
#define GREY   "999999" /* mailgraph's spam */
#define YELLOW "DDBB00" /* mailgraph's virus */
#define LIGHT  "B5CBE4"
#define ORANGE "F28E2B"
#define PURPLE "8E5EA2"
#define SKY    "4E79A7"
#define SAND   "EAC98B"

/* Of stacks: neighbours differ in lightness, too, for those who see few colours. */
const char *const cacti_palette[] = {
    "2F4B7C", "F28E2B", "76B7B2", "C0392B", "EDC948", "59A14F",
    "B07AA1", "FF9DA7", "7F5539", "A0CBE8", "4E4E4E", "BAB0AC",
};
const size_t cacti_palette_n = N(cacti_palette);

/* ---- graphs of all mail, and of each mail server ---- */

#define COUNTED(draw, colour, legend, name)         \
    {                                               \
        draw, colour, legend, COUNTER_OF_MAIL, name \
    }

static const struct item mail[] = {
    COUNTED(AREA, BLUE, "Sent", "sent"),
    COUNTED(LINE2, GREEN, "Received", "received"),
};
static const struct item local[] = {
    COUNTED(AREA, SKY, "Delivered here", "delivered"),
    COUNTED(STACK, SAND, "Forwarded", "forwarded"),
};
static const struct item errors[] = {
    COUNTED(AREA, DARK, "Bounced", "bounced"),
    COUNTED(LINE2, RED, "Rejected", "rejected"),
    COUNTED(LINE1, ORANGE, "Expired in the queue", "expired"),
};
static const struct item spam[] = {
    COUNTED(AREA, GREY, "Spam", "spam"),
    COUNTED(LINE2, YELLOW, "Virus", "virus"),
    COUNTED(LINE1, RED, "Banned file", "banned"),
    COUNTED(LINE1, SKY, "Bad header", "badHeader"),
};
static const struct item deferred[] = {
    COUNTED(AREA, SAND, "Deferred deliveries", "deferred"),
    COUNTED(LINE2, GREY, "Greylisted", "greylisted"),
    COUNTED(LINE2, GREEN, "Passed greylisting", "greylistPassed"),
    COUNTED(LINE1, RED, "Refused for a while", "rejectedTemporarily"),
};
static const struct item volume[] = {
    COUNTED(AREA, BLUE, "Sent", "sentOctets"),
    COUNTED(LINE2, GREEN, "Received", "receivedOctets"),
    COUNTED(LINE1, ORANGE, "Delivered here", "deliveredOctets"),
};
static const struct item connections[] = {
    COUNTED(AREA, LIGHT, "Connections", "connections"),
    COUNTED(LINE2, RED, "Lost or timed out", "connectionsLost"),
};
static const struct item logins[] = {
    COUNTED(AREA, RED, "Logins refused", "authFailed"),
    COUNTED(LINE2, GREEN, "Mail after a login", "authSucceeded"),
};
static const struct item tls[] = {
    COUNTED(AREA, LIGHT, "From clients", "tlsInbound"),
    COUNTED(LINE2, BLUE, "To servers", "tlsOutbound"),
};
static const struct item senders[] = {
    COUNTED(AREA, NULL, "SPF failed", "spfFailed"),
    COUNTED(STACK, NULL, "DKIM failed", "dkimFailed"),
    COUNTED(STACK, NULL, "DMARC failed", "dmarcFailed"),
};
static const struct item filter[] = { COUNTED(AREA, LIGHT, "Back from the filter", "reinjected") };
static const struct item aside[] = {
    COUNTED(AREA, SAND, "Held", "held"),
    COUNTED(LINE2, PURPLE, "Discarded", "discarded"),
    COUNTED(LINE1, RED, "Reject warnings", "rejectWarnings"),
};

/* ---- reasons ---- */

/* Thirty-four colours cannot be told apart: so three stacks of permanent refusals, and one of the temporary ones that
 * are usual. */
static const struct item refused_clients[] = {
    { AREA, NULL, "Unknown user", REFUSED, "unknownUser" },
    { STACK, NULL, "Relaying denied", REFUSED, "relayDenied" },
    { STACK, NULL, "Client blocked", REFUSED, "clientBlocked" },
    { STACK, NULL, "No reverse DNS", REFUSED, "clientReverseDns" },
    { STACK, NULL, "Bad HELO", REFUSED, "heloInvalid" },
    { STACK, NULL, "Sender refused", REFUSED, "senderInvalid" },
    { STACK, NULL, "Sender's domain", REFUSED, "senderDomain" },
    { STACK, NULL, "Recipient's domain", REFUSED, "recipientDomain" },
    { STACK, NULL, "Too many or too fast", REFUSED, "rateLimit" },
    { STACK, NULL, "Early talker", REFUSED, "earlyTalker" },
    { STACK, NULL, "Pipelining", REFUSED, "pipelining" },
    { STACK, NULL, "Protocol error", REFUSED, "protocol" },
};
static const struct item refused_content[] = {
    { AREA, NULL, "Blocklisted address", REFUSED, "dnsbl" },
    { STACK, NULL, "Blocklisted name", REFUSED, "rhsbl" },
    { STACK, NULL, "Spam", REFUSED, "spam" },
    { STACK, NULL, "Virus", REFUSED, "virus" },
    { STACK, NULL, "Banned file", REFUSED, "banned" },
    { STACK, NULL, "Header check", REFUSED, "header" },
    { STACK, NULL, "Body check", REFUSED, "body" },
    { STACK, NULL, "SPF", REFUSED, "spf" },
    { STACK, NULL, "DKIM", REFUSED, "dkim" },
    { STACK, NULL, "DMARC", REFUSED, "dmarc" },
    { STACK, NULL, "Milter", REFUSED, "milter" },
    { STACK, NULL, "Policy service", REFUSED, "policyService" },
};
static const struct item refused_server[] = {
    { AREA, NULL, "Login required", REFUSED, "authRequired" },
    { STACK, NULL, "Login refused", REFUSED, "authFailed" },
    { STACK, NULL, "TLS required", REFUSED, "tlsRequired" },
    { STACK, NULL, "Message too big", REFUSED, "messageSize" },
    { STACK, NULL, "Mailbox full", REFUSED, "mailboxFull" },
    { STACK, NULL, "Storage", REFUSED, "storage" },
    { STACK, NULL, "Lookup failed", REFUSED, "lookupFailure" },
    { STACK, NULL, "Configuration", REFUSED, "serverConfiguration" },
    { STACK, NULL, "Other", REFUSED, "other" },
};
static const struct item refused_for_a_while[] = {
    { AREA, NULL, "Greylisting", REFUSED_FOR_A_WHILE, "greylist" },
    { STACK, NULL, "Blocklisted address", REFUSED_FOR_A_WHILE, "dnsbl" },
    { STACK, NULL, "Policy service", REFUSED_FOR_A_WHILE, "policyService" },
    { STACK, NULL, "Milter", REFUSED_FOR_A_WHILE, "milter" },
    { STACK, NULL, "Too many or too fast", REFUSED_FOR_A_WHILE, "rateLimit" },
    { STACK, NULL, "No reverse DNS", REFUSED_FOR_A_WHILE, "clientReverseDns" },
    { STACK, NULL, "Sender's domain", REFUSED_FOR_A_WHILE, "senderDomain" },
    { STACK, NULL, "Recipient's domain", REFUSED_FOR_A_WHILE, "recipientDomain" },
    { STACK, NULL, "Lookup failed", REFUSED_FOR_A_WHILE, "lookupFailure" },
    { STACK, NULL, "Storage", REFUSED_FOR_A_WHILE, "storage" },
    { STACK, NULL, "Mailbox full", REFUSED_FOR_A_WHILE, "mailboxFull" },
    { STACK, NULL, "Other", REFUSED_FOR_A_WHILE, "other" },
};
static const struct item put_off_network[] = {
    { AREA, NULL, "Connect timed out", PUT_OFF, "connectTimeout" },
    { STACK, NULL, "Connection refused", PUT_OFF, "connectRefused" },
    { STACK, NULL, "Connection lost", PUT_OFF, "connectionLost" },
    { STACK, NULL, "Network unreachable", PUT_OFF, "networkUnreachable" },
    { STACK, NULL, "DNS failed", PUT_OFF, "dnsFailure" },
    { STACK, NULL, "Host not found", PUT_OFF, "hostNotFound" },
    { STACK, NULL, "TLS failed", PUT_OFF, "tlsFailure" },
    { STACK, NULL, "Login failed", PUT_OFF, "authFailure" },
};
static const struct item put_off_answers[] = {
    { AREA, NULL, "Greylisted there", PUT_OFF, "greylist" },
    { STACK, NULL, "Too much for them", PUT_OFF, "rateLimit" },
    { STACK, NULL, "Our reputation", PUT_OFF, "reputation" },
    { STACK, NULL, "Mailbox full", PUT_OFF, "mailboxFull" },
    { STACK, NULL, "Other answer", PUT_OFF, "remoteTemporary" },
    { STACK, NULL, "Storage", PUT_OFF, "storage" },
    { STACK, NULL, "Delivery here", PUT_OFF, "localTransport" },
    { STACK, NULL, "Suspended", PUT_OFF, "suspended" },
    { STACK, NULL, "Other", PUT_OFF, "other" },
};
/* The sum over all blocklists. Which ones there are is known only when they are met: the graph of one of them is made
 * by the data query of zones. */
static const struct item blocklists[] = {
    { AREA, NULL, "Address", REFUSED, "dnsbl" },
    { STACK, NULL, "Address, for a while", REFUSED_FOR_A_WHILE, "dnsbl" },
    { STACK, NULL, "Name", REFUSED, "rhsbl" },
    { STACK, NULL, "Name, for a while", REFUSED_FOR_A_WHILE, "rhsbl" },
};
static const struct item zone[] = {
    { AREA, RED, "Refused", ZONE, "permanent" },
    { STACK, SAND, "Refused for a while", ZONE, "temporary" },
    { LINE2, SKY, "Only warned about", ZONE, "warned" },
};

/* ---- deliveries, queues, the agent ---- */

/* Each number holds those before it, so the areas are drawn over each other, the slowest first: what is seen of an area
 * are those that took longer than the next. */
static const struct item delays[] = {
    { AREA, "8C2D19", "All", DELAY, "any" },
    { AREA, "D7672B", "Within a day", DELAY, "day" },
    { AREA, "F2A541", "Within an hour", DELAY, "hour" },
    { AREA, "F6DC7F", "Within 15 minutes", DELAY, "minutes15" },
    { AREA, "B9D98B", "Within a minute", DELAY, "minute" },
    { AREA, "6DB56D", "Within 5 seconds", DELAY, "seconds5" },
    { AREA, "1F7A4D", "Within a second", DELAY, "second" },
};
static const struct item queue_messages[] = { { AREA, SKY, "Messages", QUEUE, "messages" } };
static const struct item queue_octets[] = { { AREA, LIGHT, "Size", QUEUE, "octets" } };
static const struct item queue_age[] = { { AREA, ORANGE, "Oldest message", QUEUE, "oldestAge" } };
static const struct item agent_age[] = { { AREA, ORANGE, "Age of the last event", AGENT, "lastEventAge" } };
static const struct item agent_backlog[] = { { AREA, LIGHT, "Not read yet", AGENT, "backlogOctets" } };
static const struct item agent_lines[] = {
    { AREA, PURPLE, "Lines not understood", AGENT, "linesUnrecognised" },
    { LINE2, RED, "State not saved", AGENT, "stateSaveFailures" },
};
static const struct item host_age[] = { { AREA, ORANGE, "Age of the last event", HOST, "lastEventAge" } };

/* ---- the graphs ---- */

#define BOTH                            \
    {                                   \
        [TOTALS] = true, [HOSTS] = true \
    }
#define ONLY(scope)    \
    {                  \
        [scope] = true \
    }
#define ITEMS_OF(name) name, N(name)

const struct graph cacti_graphs[] = {
    { "mail", "Mail sent and received", "messages per minute", RATE, BOTH, ITEMS_OF(mail) },
    { "local", "Mail delivered here", "recipients per minute", RATE, BOTH, ITEMS_OF(local) },
    { "errors", "Bounced and rejected", "per minute", RATE, BOTH, ITEMS_OF(errors) },
    { "spam", "Spam and viruses", "messages per minute", RATE, BOTH, ITEMS_OF(spam) },
    { "deferred", "Deferred and greylisted", "per minute", RATE, BOTH, ITEMS_OF(deferred) },
    { "volume", "Volume of mail", "octets per second", OCTET_RATE, BOTH, ITEMS_OF(volume) },
    { "connections", "Connections", "connections per minute", RATE, BOTH, ITEMS_OF(connections) },
    { "logins", "Logins", "per minute", RATE, BOTH, ITEMS_OF(logins) },
    { "tls", "TLS connections", "connections per minute", RATE, BOTH, ITEMS_OF(tls) },
    { "senders", "Failures of SPF, DKIM and DMARC", "messages per minute", RATE, BOTH, ITEMS_OF(senders) },
    { "filter", "Mail through a content filter", "messages per minute", RATE, BOTH, ITEMS_OF(filter) },
    { "aside", "Held, discarded, warned about", "per minute", RATE, BOTH, ITEMS_OF(aside) },
    { "refusedClients", "Reject reasons: clients and addresses", "refusals per minute", RATE, ONLY(TOTALS),
      ITEMS_OF(refused_clients) },
    { "refusedContent", "Reject reasons: lists and content", "refusals per minute", RATE, ONLY(TOTALS),
      ITEMS_OF(refused_content) },
    { "refusedServer", "Reject reasons: logins and server", "refusals per minute", RATE, ONLY(TOTALS),
      ITEMS_OF(refused_server) },
    { "refusedForAWhile", "Reject reasons: temporary", "refusals per minute", RATE, ONLY(TOTALS),
      ITEMS_OF(refused_for_a_while) },
    { "blocklists", "DNS blocklists", "refusals per minute", RATE, ONLY(TOTALS), ITEMS_OF(blocklists) },
    { "putOffNetwork", "Deferral reasons: network", "attempts per minute", RATE, ONLY(TOTALS),
      ITEMS_OF(put_off_network) },
    { "putOffAnswers", "Deferral reasons: answers and delivery", "attempts per minute", RATE, ONLY(TOTALS),
      ITEMS_OF(put_off_answers) },
    { "delays", "Time to delivery", "recipients per minute", RATE, ONLY(TOTALS), ITEMS_OF(delays) },
    { "agentAge", "Agent: age of the last event", "minutes", MINUTES, ONLY(TOTALS), ITEMS_OF(agent_age) },
    { "agentBacklog", "Agent: backlog", "octets", OCTETS, ONLY(TOTALS), ITEMS_OF(agent_backlog) },
    { "agentLines", "Agent: troubles", "per minute", RATE, ONLY(TOTALS), ITEMS_OF(agent_lines) },
    { "age", "Age of the last event", "minutes", MINUTES, ONLY(HOSTS), ITEMS_OF(host_age) },
    { "zone", "DNS blocklist", "refusals per minute", RATE, ONLY(ZONES), ITEMS_OF(zone) },
    { "queueMessages", "Mail queue", "messages", NUMBER, ONLY(QUEUES), ITEMS_OF(queue_messages) },
    { "queueOctets", "Size of mail queue", "octets", OCTETS, ONLY(QUEUES), ITEMS_OF(queue_octets) },
    { "queueAge", "Oldest message of mail queue", "hours", HOURS, ONLY(QUEUES), ITEMS_OF(queue_age) },
};
const size_t cacti_graphs_n = N(cacti_graphs);
