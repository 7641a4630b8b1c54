/* See supervisor.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"

#define STATUS_GAP_MS 2000 /* each change wakes systemd and all who listen to it */

#ifdef MAILTALLY_JOURNAL /* built with libsystemd */
#include <systemd/sd-daemon.h>

static void tell(const char *message)
{
    (void)sd_notify(0, message); /* nobody listens: it does not matter */
}

static uint64_t watchdog_us(void)
{
    uint64_t us = 0;

    return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}
#else
static void tell(const char *message)
{
    (void)message;
}

static uint64_t watchdog_us(void)
{
    return 0;
}
#endif

void supervisor_begin(struct supervisor *s)
{
    *s = (struct supervisor){ .period_ms = (int64_t)(watchdog_us() / 2000) };
}

void supervisor_reloads(struct supervisor *s)
{
    char message[80];
    struct timespec now;

    /* Type=notify-reload of systemd 253 and later compares the time; Type=notify only wants to know. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    tell(message);
    s->reloading = true;
}

static void look_at_watchdog(struct supervisor *s, uint64_t beats, int64_t now_ms)
{
    if (!s->ready || s->period_ms == 0 || now_ms - s->sign_ms < s->period_ms)
        return;
    s->sign_ms = now_ms;
    if (beats != s->beats) {
        tell("WATCHDOG=1");
        s->warned = false;
    } else if (!s->warned) {
        log_message(LOG_ERR, "the thread that reads the logs hangs: systemd will start mailtallyd anew");
        s->warned = true;
    }
    s->beats = beats;
}

/* A text with a new line in it, of a file's name, would be a message of its own: status.c has made it printable. */
static void say_status(struct supervisor *s, const char *text, int64_t now_ms)
{
    char message[sizeof "STATUS=" + AGENT_TEXT_OCTETS] = "STATUS=";

    if ((s->said_ms && now_ms - s->said_ms < STATUS_GAP_MS) || strcmp(s->said, text) == 0)
        return;
    snprintf(s->said, sizeof s->said, "%s", text);
    strcat(message, s->said);
    tell(message);
    s->said_ms = now_ms;
}

void supervisor_look(struct supervisor *s, uint64_t beats, bool reloaded, const char *text, int64_t now_ms)
{
    if (!s->ready && beats > 0) {
        tell("READY=1");
        s->ready = true;
        s->sign_ms = now_ms; /* systemd's own watch begins now */
    } else if (s->reloading && reloaded) {
        tell("READY=1");
        s->reloading = false;
    }
    look_at_watchdog(s, beats, now_ms);
    if (s->ready)
        say_status(s, text, now_ms);
}

void supervisor_ends(void)
{
    tell("STOPPING=1\nSTATUS=saving the last state");
}
