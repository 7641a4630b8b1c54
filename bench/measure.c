/* What a command costs: measure CPU|all OUTPUT COMMAND [ARGUMENT...]
 *
 * Runs the command on one core, or all of them, with its standard output in the file OUTPUT, and prints, on one line:
 * seconds that passed, seconds of processor time (user and system), greatest resident memory in KiB, exit status. A
 * program of its own because the kernel counts the memory of whoever forks as the child's until it execs: below a
 * Python of 10 MB everything would look that big. And the shell's `time` rounds to milliseconds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COULD_NOT_RUN 127

static void fail(const char *doing, const char *what)
{
    fprintf(stderr, "measure: %s %s: %s\n", doing, what, strerror(errno));
    exit(COULD_NOT_RUN);
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* cpu: below 0: all. */
static void run_child(int cpu, const char *output, char **command)
{
    cpu_set_t one;
    int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
        fail("cannot write", output);
    if (cpu >= 0) {
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        if (sched_setaffinity(0, sizeof one, &one) != 0)
            fail("cannot run on one core:", command[0]);
    }
    execvp(command[0], command);
    fail("cannot run", command[0]);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    double begun;
    int status;
    pid_t child;

    if (argc < 4) {
        fprintf(stderr, "usage: measure CPU|all OUTPUT COMMAND [ARGUMENT...]\n");
        return COULD_NOT_RUN;
    }
    begun = now_s();
    child = fork();
    if (child < 0)
        fail("cannot fork for", argv[3]);
    if (child == 0)
        run_child(strcmp(argv[1], "all") == 0 ? -1 : atoi(argv[1]), argv[2], argv + 3);
    while (wait4(child, &status, 0, &usage) < 0)
        if (errno != EINTR)
            fail("cannot wait for", argv[3]);
    printf("%.6f %.6f %ld %d\n", now_s() - begun, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
           usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
