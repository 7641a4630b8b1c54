/* A file system that can be stopped: files in memory, served by a process through /dev/fuse. While it is stopped
 * whoever touches it hangs, as with a dead NFS server or sshfs.
 *
 * The server is a process of its own (a thread would be killed together with those that wait for it, and nobody could
 * ever wake them), and shares its files with the test. The mount is made in a mount namespace of the test's own: call
 * fuse_begin() in main(), before any thread. Attributes and data are never cached.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FUSE_SERVER_H
#define MAILTALLY_FUSE_SERVER_H

#include <errno.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "scratch.h"

#define FUSE_FILES_MAX   64
#define FUSE_FILE_OCTETS (16 * 1024 * 1024)

struct fuse_file {
    char name[64]; /* "": there is none */
    size_t n;
    uint64_t changed; /* in microseconds */
    char text[FUSE_FILE_OCTETS];
};

struct fuse_server {
    int fd; /* the server's */
    char point[128];
    pid_t process;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool stopped;
    struct fuse_file files[FUSE_FILES_MAX]; /* its node is the index + 2 */
    uint64_t clock, octets_read;
};

/* Why no such file system can be made here; NULL: it can. */
static inline const char *fuse_begin(void)
{
    int fd;

    if (geteuid() != 0)
        return "needs root to mount";
    fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return "there is no /dev/fuse";
    close(fd);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return "needs a mount namespace";
    return NULL;
}

/* ---- the files ---- */

static inline struct fuse_file *fuse_file(struct fuse_server *server, const char *name)
{
    for (size_t i = 0; i < FUSE_FILES_MAX; i++)
        if (strcmp(server->files[i].name, name) == 0)
            return &server->files[i];
    return NULL;
}

static inline void fuse_append(struct fuse_server *server, const char *name, const char *text)
{
    struct fuse_file *file;

    pthread_mutex_lock(&server->lock);
    file = fuse_file(server, name);
    if (!file) {
        file = fuse_file(server, "");
        snprintf(file->name, sizeof file->name, "%s", name);
    }
    memcpy(file->text + file->n, text, strlen(text));
    file->n += strlen(text);
    file->changed = ++server->clock;
    pthread_mutex_unlock(&server->lock);
}

static inline void fuse_rename(struct fuse_server *server, const char *from, const char *to)
{
    pthread_mutex_lock(&server->lock);
    snprintf(fuse_file(server, from)->name, sizeof server->files[0].name, "%s", to);
    pthread_mutex_unlock(&server->lock);
}

static inline void fuse_stop(struct fuse_server *server, bool stopped)
{
    pthread_mutex_lock(&server->lock);
    server->stopped = stopped;
    pthread_cond_signal(&server->news);
    pthread_mutex_unlock(&server->lock);
}

/* ---- the protocol ---- */

static inline struct fuse_attr fuse_attr_of(const struct fuse_server *server, uint64_t node)
{
    struct fuse_attr attr = { .ino = node, .mode = S_IFDIR | 0755, .nlink = 2, .mtime = 1700000000 };

    if (node == FUSE_ROOT_ID)
        return attr;
    attr.mode = S_IFREG | 0644;
    attr.nlink = 1;
    attr.size = server->files[node - 2].n;
    attr.mtime += server->files[node - 2].changed / 1000000;
    attr.mtimensec = (uint32_t)(server->files[node - 2].changed % 1000000 * 1000);
    return attr;
}

static inline size_t fuse_list(const struct fuse_server *server, const struct fuse_read_in *in, char *out)
{
    size_t n = 0;

    for (size_t i = (size_t)in->offset; i < FUSE_FILES_MAX; i++) {
        struct fuse_dirent *entry = (void *)(out + n);
        size_t name_n = strlen(server->files[i].name), octets = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_n);

        if (!name_n)
            continue;
        if (n + octets > in->size)
            break;
        memset(entry, 0, octets);
        *entry = (struct fuse_dirent){ .ino = i + 2, .off = i + 1, .namelen = (uint32_t)name_n, .type = S_IFREG >> 12 };
        memcpy(entry->name, server->files[i].name, name_n);
        n += octets;
    }
    return n;
}

/* Fills `out` with the answer; its octets, or a negative errno. */
static inline int fuse_answer(struct fuse_server *server, const struct fuse_in_header *in, char *out)
{
    const void *argument = in + 1;
    const struct fuse_read_in *read_in = argument;
    const struct fuse_file *file;
    size_t n;

    switch (in->opcode) {
    case FUSE_INIT:
        *(struct fuse_init_out *)(void *)out = (struct fuse_init_out){
            .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096, .max_readahead = 0
        };
        return sizeof(struct fuse_init_out);
    case FUSE_LOOKUP:
        file = *(const char *)argument ? fuse_file(server, argument) : NULL;
        if (!file)
            return -ENOENT;
        n = (size_t)(file - server->files) + 2;
        *(struct fuse_entry_out *)(void *)out =
            (struct fuse_entry_out){ .nodeid = n, .generation = 1, .attr = fuse_attr_of(server, n) };
        return sizeof(struct fuse_entry_out);
    case FUSE_GETATTR:
        *(struct fuse_attr_out *)(void *)out = (struct fuse_attr_out){ .attr = fuse_attr_of(server, in->nodeid) };
        return sizeof(struct fuse_attr_out);
    case FUSE_OPEN:
    case FUSE_OPENDIR:
        *(struct fuse_open_out *)(void *)out = (struct fuse_open_out){ .open_flags = FOPEN_DIRECT_IO };
        return sizeof(struct fuse_open_out);
    case FUSE_READDIR:
        return (int)fuse_list(server, read_in, out);
    case FUSE_READ:
        file = &server->files[in->nodeid - 2];
        n = read_in->offset < file->n ? file->n - read_in->offset : 0;
        n = n < read_in->size ? n : read_in->size;
        memcpy(out, file->text + read_in->offset, n);
        server->octets_read += n;
        return (int)n;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
        return 0;
    default:
        return -ENOSYS;
    }
}

static inline void fuse_serve(struct fuse_server *server)
{
    static _Alignas(8) char request[256 * 1024], answer[1024 * 1024];
    struct fuse_in_header *in = (void *)request;
    struct fuse_out_header *out = (void *)answer;
    ssize_t n;
    int octets;

    for (;;) {
        n = read(server->fd, request, sizeof request);
        if (n < 0 && errno == ENODEV)
            _exit(0); /* unmounted */
        if (n < (ssize_t)sizeof *in || in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET ||
            in->opcode == FUSE_INTERRUPT)
            continue;
        pthread_mutex_lock(&server->lock);
        while (server->stopped && in->opcode != FUSE_INIT)
            pthread_cond_wait(&server->news, &server->lock);
        octets = fuse_answer(server, in, answer + sizeof *out);
        pthread_mutex_unlock(&server->lock);
        *out = (struct fuse_out_header){ .len = (uint32_t)sizeof *out + (uint32_t)(octets > 0 ? octets : 0),
                                         .error = octets < 0 ? octets : 0,
                                         .unique = in->unique };
        (void)!write(server->fd, answer, out->len);
    }
}

/* Mounts it at a directory of the scratch directory, which is made when it is not there. */
static inline struct fuse_server *fuse_mount(struct scratch *scratch, const char *name)
{
    struct fuse_server *server =
        mmap(NULL, sizeof *server, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pthread_mutexattr_t shared_lock;
    pthread_condattr_t shared_news;
    char options[128];
    pid_t process;

    assert_true(server != MAP_FAILED);
    strcpy(server->point, scratch_path(scratch, name));
    mkdir(server->point, 0700);
    pthread_mutexattr_init(&shared_lock);
    pthread_mutexattr_setpshared(&shared_lock, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&server->lock, &shared_lock);
    pthread_condattr_init(&shared_news);
    pthread_condattr_setpshared(&shared_news, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&server->news, &shared_news);
    server->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    assert_true(server->fd >= 0);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", server->fd);
    assert_int_equal(mount("mailtally-test", server->point, "fuse", MS_NODEV | MS_NOSUID, options), 0);
    process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fuse_serve(server);
    }
    server->process = process; /* shared: not the child's to write */
    close(server->fd);
    return server;
}

/* Whoever hangs on it gets an error. */
static inline void fuse_unmount(struct fuse_server *server)
{
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    umount2(server->point, MNT_DETACH);
    munmap(server, sizeof *server);
}

#endif
