/* The lines: of the ends of all logs, as the daemon would read them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../config/hosts.h"
#include "inside.h"
#include "lines.h"

#define TAIL_OCTETS  (256 << 10)
#define FILES_MAX    200
#define LINES_ENOUGH 20 /* less say nothing */
#define OLD_S        86400
#define AHEAD_S      3600
#define QUARTER_S    900 /* zones differ by multiples of it */
#define NEAR_S       120
#define ZONES_S      (14 * 3600)

/* ---- reading ---- */

static void take_line(struct sample *s, struct log_file *file, struct parser_source *source, struct span text)
{
    struct header header;
    bool good = header_parse(&header, &source->clock, text);

    file->lines++;
    sample_note(s, text);
    if (good && header.time != TIME_UNKNOWN) {
        file->timed++;
        file->last = header.time;
        /* A stamp without a zone begins with the name of a month. */
        file->last_is_local = isalpha((unsigned char)text.p[0]) || text.p[0] == '<';
        snprintf(file->last_host, sizeof file->last_host, "%.*s", (int)(header.host.n < 200 ? header.host.n : 200),
                 header.host.n ? header.host.p : "");
        if (!s->hosts || header.host.n == 0 || host_filter_wants(s->hosts, header.host))
            file->wanted++;
    }
    parser_line_parsed(s->parser, source, text, &header, good);
}

static void take_text(struct sample *s, struct log_file *file, char *text, size_t n, bool from_middle)
{
    struct parser_source source = { .name = file->path };
    struct span host = span_of(file->host ? file->host : s->doctor->host);
    const char *end = text + n, *p = text, *stop;

    parser_source_host(&source, host);
    header_clock_set(&source.clock, s->doctor->now);
    if (from_middle)
        p = memchr(text, '\n', n) ? (char *)memchr(text, '\n', n) + 1 : end;
    for (; p < end && (stop = memchr(p, '\n', (size_t)(end - p))); p = stop + 1)
        take_line(s, file, &source, span_from(p, stop));
}

static void read_tail(struct sample *s, struct log_file *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = malloc(TAIL_OCTETS);
    struct stat status;
    off_t from;
    ssize_t n;

    if (fd >= 0 && text && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        from = status.st_size > TAIL_OCTETS ? status.st_size - TAIL_OCTETS : 0;
        n = pread(fd, text, TAIL_OCTETS, from);
        file->written = (int64_t)status.st_mtime;
        if (n > 0 && !memchr(text, '\0', (size_t)n))
            take_text(s, file, text, (size_t)n, from > 0);
    }
    free(text);
    if (fd >= 0)
        close(fd);
}

static void add_file(void *context, const char *path, const char *host)
{
    struct sample *s = context;
    struct log_file *file = &s->files[s->files_n];

    if (s->files_n == FILES_MAX) {
        not_checked(s->doctor, "the lines of more than %d logs", FILES_MAX);
        return;
    }
    *file = (struct log_file){ .path = strdup(path), .host = host };
    s->file = (uint32_t)s->files_n++;
    if (file->path)
        read_tail(s, file);
}

/* ---- what is wrong with a file ---- */

/* "2 h", "45 min", "3 days". */
static const char *span_text(char text[32], int64_t seconds)
{
    if (seconds < 5400)
        snprintf(text, 32, "%lld min", (long long)(seconds + 30) / 60);
    else if (seconds < 2 * 86400)
        snprintf(text, 32, "%lld h", (long long)(seconds + 1800) / 3600);
    else
        snprintf(text, 32, "%lld days", (long long)seconds / 86400);
    return text;
}

static void check_format(struct doctor *d, const struct log_file *file)
{
    char command[COMMAND_OCTETS] = "";
    struct conf_line line;

    if (file->lines < LINES_ENOUGH || file->timed * 2 >= file->lines)
        return;
    if (access("/etc/rsyslog.d", F_OK) == 0 && strncmp(file->path, "/var/log/", 9) == 0) {
        add(command, "echo '$ActionFileDefaultTemplate RSYSLOG_FileFormat' >/etc/rsyslog.d/zz-mailtally.conf");
        add_service(d, command, " && ", SERVICE_SYSLOG, DEED_RESTART);
    } else if (conf_find(d, "source", file->path, &line)) {
        add_comment_out(command, &line);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
    }
    found(d, "time-unknown", command,
          "the time stamps of %s are of no known form: %u of its last %u lines could not be read", file->path,
          file->lines - file->timed, file->lines);
}

static bool is_mine(const struct doctor *d, const char *host)
{
    size_t n = strcspn(d->host, ".");

    return strncasecmp(d->host, host, n) == 0 && (host[n] == '\0' || host[n] == '.');
}

/* A line is written when its time is, so the file's time tells its zone. */
static bool check_zone(struct doctor *d, const struct log_file *file)
{
    int64_t apart = file->last - file->written, rest;
    char command[COMMAND_OCTETS] = "", text[32];

    rest = ((apart % QUARTER_S) + QUARTER_S) % QUARTER_S;
    if (!file->timed || !file->last_is_local || !is_mine(d, file->last_host) || llabs(apart) < QUARTER_S - NEAR_S ||
        llabs(apart) > ZONES_S + NEAR_S || (rest > NEAR_S && rest < QUARTER_S - NEAR_S))
        return false;
    add_service(d, command, "", SERVICE_SYSLOG, DEED_RESTART);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, d->daemon.pid ? DEED_RESTART : DEED_START);
    add(command, " && logger -p mail.info -t mailtally 'is the time zone right?'");
    found(d, "time-zone", command,
          "the lines of %s are written in another time zone than this machine's: they are %s %s", file->path,
          span_text(text, llabs(apart)), apart > 0 ? "ahead" : "behind");
    return true;
}

static void check_times(struct doctor *d, const struct log_file *file)
{
    char command[COMMAND_OCTETS] = "", text[32];
    pid_t pid;

    if (check_zone(d, file))
        return;
    if (file->timed && file->last > d->now + AHEAD_S) {
        add(command, "date && tail -n 1 ");
        add_quoted(command, file->path);
        found_to_see(d, "future-lines", command,
                     "the last line of %s is %s ahead of this machine's clock: one of the two clocks is wrong",
                     file->path, span_text(text, file->last - d->now));
    }
    if (d->now - file->written < OLD_S || file->lines == 0)
        return;
    add_service(d, command, "", SERVICE_SYSLOG, syslog_daemon(&pid) ? DEED_RESTART : DEED_START);
    add(command, " && logger -p mail.info -t mailtally 'is this line written?'");
    found(d, "log-old", command, "nothing was written to %s for %s%s", file->path,
          span_text(text, d->now - file->written), syslog_daemon(&pid) ? "" : ", and no syslog daemon runs");
}

static void check_hosts(struct sample *s)
{
    char command[COMMAND_OCTETS] = "";
    unsigned timed = 0, wanted = 0;
    struct conf_line line;

    for (size_t i = 0; i < s->files_n; i++) {
        timed += s->files[i].timed;
        wanted += s->files[i].wanted;
    }
    if (!s->hosts || timed < LINES_ENOUGH || wanted > 0)
        return;
    if (conf_find(s->doctor, "host", NULL, &line)) {
        add_comment_out(command, &line);
        add_service(s->doctor, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
    }
    found(s->doctor, "host-filter", command, "no line is of a host that \"host %s\" allows: nothing is counted",
          s->doctor->config->host_regex);
}

void check_lines(struct doctor *d)
{
    struct sample *s = sample_new(d, FILES_MAX);

    if (!s) {
        not_checked(d, "the lines of the logs: there is no memory");
        return;
    }
    config_each_file(d->config, add_file, s);
    config_each_file_in_directories(d->config, add_file, s);
    parser_settle(s->parser, INT64_MAX);
    for (size_t i = 0; i < s->files_n; i++) {
        check_format(d, &s->files[i]);
        check_times(d, &s->files[i]);
    }
    check_hosts(s);
    sample_check_programs(s);
    sample_check_verdicts(s);
    sample_check_twice(s);
    sample_free(s);
}
