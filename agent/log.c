/* The log queue, and the ear at Net-SNMP's own messages.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"
#include "clock.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUEUE           64
#define MESSAGE_OCTETS  600
#define EXPLAIN_AGAIN_S 60

/* One log per process, as there is one syslog: hence static. The lock is of the queue. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int priority;
    char text[MESSAGE_OCTETS];
} queue[QUEUE];
static unsigned queued, lost;
static pthread_t writer;
static bool started, running;
static int wake = -1;
static unsigned complaints, refusals;

void log_start(int wake_fd)
{
    writer = pthread_self();
    started = true;
    wake = wake_fd;
}

void log_running(void)
{
    running = true;
}

/* On the thread that may call Net-SNMP. */
static void say(int priority, const char *text)
{
    if (!running && priority <= LOG_ERR && !snmp_stderrlog_status())
        fprintf(stderr, "mailtallyd: %s\n", text);
    snmp_log(priority, "%s\n", text);
}

static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static void put(int priority, const char *text)
{
    pthread_mutex_lock(&lock);
    if (queued == QUEUE) {
        lost++;
    } else {
        queue[queued].priority = priority;
        snprintf(queue[queued].text, MESSAGE_OCTETS, "%s", text);
        queued++;
    }
    pthread_mutex_unlock(&lock);
    if (wake >= 0) {
        uint64_t one = 1;
        ssize_t done = write(wake, &one, sizeof one);

        (void)done; /* a full eventfd wakes as well */
    }
}

void log_message(int priority, const char *format, ...)
{
    char text[MESSAGE_OCTETS];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    clean(text);
    if (!started || pthread_equal(pthread_self(), writer))
        say(priority, text);
    else
        put(priority, text);
}

void log_drain(void)
{
    for (;;) {
        char text[MESSAGE_OCTETS];
        int priority;
        unsigned gone;

        pthread_mutex_lock(&lock);
        if (queued == 0) {
            pthread_mutex_unlock(&lock);
            return;
        }
        priority = queue[0].priority;
        memcpy(text, queue[0].text, sizeof text);
        memmove(&queue[0], &queue[1], (QUEUE - 1) * sizeof queue[0]);
        queued--;
        gone = lost;
        lost = 0;
        pthread_mutex_unlock(&lock);
        say(priority, text);
        if (gone)
            snmp_log(LOG_WARNING, "%u messages were lost: they came faster than the log takes them\n", gone);
    }
}

/* ---- what Net-SNMP says ---- */

/* AgentX errors in the library's messages are numbers, and main() is not told of them at all. */
static const struct {
    const char *says;
    const char *means;
} explained[] = {
    { "registering pdu failed: 263",
      "snmpd refuses our OIDs because another subagent has registered them already: it is another mailtallyd, or "
      "something else that uses the same arc; stop it, or give one of the two another arc (make generate "
      "BASE_OID=...)" },
    { "registering pdu failed: 264", "snmpd is busy and refuses to register our OIDs; they are missing until it "
                                     "takes them: restart snmpd if it does not end" },
    { "registering pdu failed: 266", "snmpd's access rules do not let us register our OIDs: look at the lines "
                                     "with agentx in snmpd.conf" },
};

/* One explanation is enough for all the groups that are refused at the same time. */
static void explain(size_t i)
{
    static int64_t last_ms[sizeof explained / sizeof explained[0]];
    int64_t now_ms = monotonic_ms();

    if (last_ms[i] && now_ms - last_ms[i] < EXPLAIN_AGAIN_S * 1000)
        return;
    last_ms[i] = now_ms;
    put(LOG_ERR, explained[i].means);
}

static int hear(int major, int minor, void *server, void *client)
{
    const struct snmp_log_message *message = server;

    (void)major, (void)minor, (void)client;
    /* The library sums its complaints up in one of its own: "net-snmp: 2 error(s) in config file(s)". */
    if (message->priority <= LOG_WARNING && strncmp(message->msg, "net-snmp: ", 10) != 0)
        complaints++;
    if (strstr(message->msg, "registering pdu failed"))
        refusals++;
    for (size_t i = 0; i < sizeof explained / sizeof explained[0]; i++)
        if (strstr(message->msg, explained[i].says))
            explain(i);
    return 0;
}

void log_watch(void)
{
    netsnmp_log_handler *handler = netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);

    (void)handler;
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, hear, NULL);
}

void log_mute(bool mute)
{
    for (netsnmp_log_handler *handler = get_logh_head(); handler; handler = handler->next)
        handler->enabled = !mute;
}

unsigned log_complaints(void)
{
    return complaints;
}

unsigned log_refusals(void)
{
    return refusals;
}
