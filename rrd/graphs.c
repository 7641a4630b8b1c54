/* Which graphs there are.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "graph_rows.h"

const struct graph_span graph_spans[GRAPH_SPANS] = {
    { "day", "Last day", 86400, 480 },
    { "week", "Last week", 7 * 86400, 3360 },
    { "month", "Last month", 31 * 86400, 16800 },
    { "year", "Last year", 365 * 86400, 201600 },
};

/* mailgraph's colours where it has some, with others that can be seen on black. */
static const struct graph_row rows[] = {
    { "mail",
      "Mail sent and received",
      160,
      0,
      {
          { "sent", "Sent", RRD_MAIL, SHAPE_AREA, 0x000099, 0x5577ff },
          { "recv", "Received", RRD_MAIL, SHAPE_LINE, 0x009900, 0x44cc44 },
      } },
    { "errors",
      "Bounced, viruses, spam, rejected",
      96,
      0,
      {
          { "bounced", "Bounced", RRD_MAIL, SHAPE_AREA, 0x000000, 0xeeeeee },
          { "virus", "Viruses", RRD_VIRUS, SHAPE_STACK, 0xddbb00, 0xddbb00 },
          { "spam", "Spam", RRD_VIRUS, SHAPE_STACK, 0x999999, 0x888888 },
          { "rejected", "Rejected", RRD_MAIL, SHAPE_LINE, 0xaa0000, 0xff5555 },
      } },
    { "greylist",
      "Greylisting",
      96,
      0,
      {
          { "greylisted", "Greylisted", RRD_GREYLIST, SHAPE_AREA, 0x999999, 0x888888 },
          { "delayed", "Delayed", RRD_GREYLIST, SHAPE_LINE, 0x006400, 0x44cc44 },
      } },
    { "delivery",
      "Delivered here, deferred, held",
      120,
      0,
      {
          { "delivered", "Delivered", RRD_DELIVERY, SHAPE_AREA, 0x2a7ab8, 0x4aa3e0 },
          { "forwarded", "Forwarded", RRD_DELIVERY, SHAPE_STACK, 0x7fb8de, 0x2a5f85 },
          { "deferred", "Deferred", RRD_DELIVERY, SHAPE_LINE, 0xd2691e, 0xff9a4d },
          { "expired", "Expired", RRD_DELIVERY, SHAPE_LINE, 0x800080, 0xd070d0 },
          { "held", "Held", RRD_DELIVERY, SHAPE_LINE, 0xb8860b, 0xe0b040 },
          { "discarded", "Discarded", RRD_DELIVERY, SHAPE_LINE, 0x708090, 0xa0b0c0 },
      } },
    { "refusals",
      "Refusals",
      120,
      0,
      {
          { "rejected", "Permanent", RRD_REFUSAL, SHAPE_AREA, 0xaa0000, 0xe04545 },
          { "rejectedTemporarily", "Temporary", RRD_REFUSAL, SHAPE_STACK, 0xe08020, 0xe08020 },
          { "greylisted", "Greylisted", RRD_GREYLIST, SHAPE_STACK, 0xaaaaaa, 0x888888 },
          { "rejectWarnings", "Warned", RRD_REFUSAL, SHAPE_LINE, 0x555500, 0xcccc55 },
      } },
    { .name = "reasons", .title = "Reasons of refusals", .height = 140, .all_of = RRD_REJECT_REASONS },
    { .name = "deferrals", .title = "Reasons of deferrals", .height = 140, .all_of = RRD_DEFER_REASONS },
    { "queue",
      "Mail queue",
      120,
      0,
      {
          { "deferred", "Deferred", RRD_QUEUE, SHAPE_AREA, 0xd2691e, 0xff9a4d },
          { "active", "Active", RRD_QUEUE, SHAPE_STACK, 0x2a7ab8, 0x4aa3e0 },
          { "incoming", "Incoming", RRD_QUEUE, SHAPE_STACK, 0x7fb8de, 0x2a5f85 },
          { "hold", "On hold", RRD_QUEUE, SHAPE_LINE, 0x6a51a3, 0xb9a5e8 },
      } },
    { "volume",
      "Volume",
      120,
      0,
      {
          { "sentOctets", "Sent", RRD_VOLUME, SHAPE_AREA, 0x000099, 0x5577ff },
          { "deliveredOctets", "Delivered", RRD_VOLUME, SHAPE_STACK, 0x2a7ab8, 0x4aa3e0 },
          { "receivedOctets", "Received", RRD_VOLUME, SHAPE_LINE, 0x009900, 0x44cc44 },
      } },
    { "connections",
      "Connections and logins",
      120,
      0,
      {
          { "connections", "Connections", RRD_CONNECTION, SHAPE_AREA, 0x9fb6cd, 0x50677f },
          { "tlsInbound", "with TLS", RRD_CONNECTION, SHAPE_LINE, 0x009900, 0x44cc44 },
          { "connectionsLost", "Lost", RRD_CONNECTION, SHAPE_LINE, 0x708090, 0xc0c0c0 },
          { "authSucceeded", "Logged in", RRD_CONNECTION, SHAPE_LINE, 0x000099, 0x5577ff },
          { "authFailed", "Login refused", RRD_CONNECTION, SHAPE_LINE, 0xaa0000, 0xff5555 },
      } },
};
#define ROWS (sizeof rows / sizeof rows[0])

const struct graph_row *graph_row(unsigned graph)
{
    return graph < ROWS ? &rows[graph] : NULL;
}

const char *graph_name(unsigned graph)
{
    return graph < ROWS ? rows[graph].name : NULL;
}

const char *graph_title(unsigned graph)
{
    return rows[graph].title;
}

bool graph_has_hosts(unsigned graph)
{
    return rows[graph].all_of == 0 && rows[graph].series[0].kind < RRD_KINDS;
}

int graph_named(const char *name)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (strcmp(name, rows[i].name) == 0)
            return (int)i;
    return -1;
}

/* ---- spans ---- */

const struct graph_span *graph_span_named(const char *name)
{
    for (unsigned i = 0; i < GRAPH_SPANS; i++)
        if (strcmp(name, graph_spans[i].name) == 0)
            return &graph_spans[i];
    return NULL;
}

struct graph_view graph_view_of(const char *directory, const char *host, unsigned graph, const struct graph_span *span,
                                int64_t now)
{
    const int64_t end = now - now % span->step_s;

    return (struct graph_view){ .directory = directory,
                                .host = host,
                                .graph = graph,
                                .start = end - span->seconds,
                                .end = end,
                                .step_s = span->step_s };
}
