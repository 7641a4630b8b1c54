/* What runs here, from /proc.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inside.h"

#define WORDS_MAX 64

/* Octets that were read, 0 for none; the text ends with two zeros. */
static size_t read_proc(pid_t pid, const char *name, char *text, size_t octets)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    memset(text, 0, octets);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, text, octets - 2);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

/* Not in a container or chroot, where other files lie. Who may not see that takes it for ours. */
static bool has_our_root(pid_t pid)
{
    struct stat ours, its;
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld/root/", (long)pid);
    return stat(path, &its) != 0 || stat("/", &ours) != 0 || (its.st_dev == ours.st_dev && its.st_ino == ours.st_ino);
}

pid_t process_named(const char *name, pid_t but)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char comm[32];
    pid_t first = 0;

    while (proc && (entry = readdir(proc))) {
        pid_t pid = (pid_t)atol(entry->d_name);

        if (pid <= 0 || pid == but || !read_proc(pid, "comm", comm, sizeof comm))
            continue;
        comm[strcspn(comm, "\n")] = '\0';
        if (strcmp(comm, name) == 0 && (first == 0 || pid < first) && has_our_root(pid))
            first = pid;
    }
    if (proc)
        closedir(proc);
    return first;
}

const char *syslog_daemon(pid_t *pid)
{
    static const char *const names[] = { "rsyslogd", "syslog-ng", "syslogd", "busybox-syslogd", "metalog" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((*pid = process_named(names[i], 0)))
            return names[i];
    return NULL;
}

/* mailtallyd's own options, as options.c of the daemon reads them. */
static void take_options(struct running *r, int argc, char **argv)
{
    static const char letters[] = "+CD:EHL:Tc:fg:hp:u:vx:";
    int option;

    optind = 0;
    opterr = 0;
    while ((option = getopt(argc, argv, letters)) != -1) {
        if (option == 'f')
            r->foreground = true;
        else if (option == 'E')
            r->embedded = true;
        else if (option == 'C')
            r->own_config_only = true;
        else if (option == 'c')
            snprintf(r->config, sizeof r->config, "%s", optarg);
        else if (option == 'x')
            snprintf(r->agentx, sizeof r->agentx, "%s", optarg);
        else if (option == 'L' && optarg[0] == 'f' && !optarg[1])
            optind++; /* -Lf FILE */
    }
    if (r->embedded)
        snprintf(r->address, sizeof r->address, "%s", optind < argc ? argv[optind] : "udp:127.0.0.1:1161");
}

void process_look(pid_t pid, struct running *r)
{
    char text[COMMAND_OCTETS], *words[WORDS_MAX + 1], *state;
    size_t octets = read_proc(pid, "cmdline", text, sizeof text);
    char link[64], status[512];
    ssize_t n;
    int argc = 0;

    *r = (struct running){ .pid = pid };
    for (char *p = text; p < text + octets && argc < WORDS_MAX; p += strlen(p) + 1)
        words[argc++] = p;
    words[argc] = NULL;
    for (int i = 0; i < argc; i++) {
        add(r->words, "%s", i ? " " : "");
        add_quoted(r->words, words[i]);
    }
    take_options(r, argc, words);
    snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    n = readlink(link, r->program, sizeof r->program - 1);
    r->program[n > 0 ? n : 0] = '\0';
    read_proc(pid, "status", status, sizeof status);
    state = strstr(status, "\nState:");
    if (state) {
        state += strlen("\nState:");
        while (isspace((unsigned char)*state))
            state++;
        r->suspended = *state == 'T';
    }
}
