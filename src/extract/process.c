#include "extract/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_MS = 2000 /* from the end of its output to its own */ };

static const char name_of_all[] = "voicedb-extract", name_of_pdf[] = "voicedb-extract-pdf";

/* PDF's mark stands at the beginning, or near it. */
static bool is_pdf(int file)
{
    char front[1024];
    ssize_t got = pread(file, front, sizeof front, 0);
    return got > 0 && memmem(front, (size_t)got, "%PDF-", 5) != NULL;
}

/* The folder of the running program, as in a build directory or where everything is in one folder. */
static bool find_beside_program(const char *name, char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash + 1 - path) + strlen(name) >= PATH_MAX)
        return false;
    memcpy(slash + 1, name, strlen(name) + 1);
    return access(path, X_OK) == 0;
}

/* The program: in the folder that VOICEDB_EXTRACT_DIR names, else beside the running program, else where it was
 * installed. */
static void find_program(const char *name, char path[PATH_MAX])
{
    const char *said = secure_getenv("VOICEDB_EXTRACT_DIR");
    if (said != NULL && said[0] != '\0')
        snprintf(path, PATH_MAX, "%s/%s", said, name);
    else if (!find_beside_program(name, path))
        snprintf(path, PATH_MAX, "%s/%s", VOICEDB_EXTRACT_DIR, name);
}

/* Moves a descriptor out of the way of those that the other process gets. */
static int move_up(int descriptor)
{
    if (descriptor > STDERR_FILENO)
        return descriptor;
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(descriptor);
    return moved;
}

static bool make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    ends[0] = move_up(ends[0]);
    ends[1] = move_up(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0)
        return true;
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
    }
    return false;
}

static void describe_descriptors(posix_spawn_file_actions_t *files, int file, int output)
{
    posix_spawn_file_actions_init(files);
    posix_spawn_file_actions_adddup2(files, file, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}

/* A session of its own: what is typed at the terminal does not reach it, we end it ourselves. */
static void describe_process(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
}

/*
 * Parsers take and give back small blocks by the million, and the process ends soon: it keeps what was given back at
 * hand instead of joining it, and asks for memory in large pieces. That is a tenth of the time of reading a PDF.
 */
static char allocation[] =
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65000:glibc.malloc.top_pad=4194304:glibc.malloc.hugetlb=1:"
    "glibc.malloc.trim_threshold=67108864:glibc.malloc.mmap_threshold=33554432";

static int spawn(char *path, int file, int output, const extract_limits *limits, pid_t *pid)
{
    char seconds[16], megabytes[16];
    char *arguments[] = { path, seconds, megabytes, NULL }, *environment[] = { allocation, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    snprintf(seconds, sizeof seconds, "%u", limits->seconds);
    snprintf(megabytes, sizeof megabytes, "%u", limits->megabytes);
    describe_descriptors(&files, file, output);
    describe_process(&attributes);
    int reason = posix_spawn(pid, path, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return reason;
}

vdb_status extract_start(int file, const extract_limits *limits, extract_process *p, vdb_error *error)
{
    char path[PATH_MAX];
    int ends[2];
    find_program(is_pdf(file) ? name_of_pdf : name_of_all, path);
    int own = fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (own < 0 || !make_pipe(ends)) {
        int reason = errno;
        if (own >= 0)
            close(own);
        return error_set(error, VDB_DEFECT, "Raise the limit of open files.", "cannot open a pipe: %s",
                         strerror(reason));
    }
    int reason = spawn(path, own, ends[1], limits, &p->pid);
    close(own);
    close(ends[1]);
    p->output = ends[0];
    if (reason == 0)
        return VDB_OK;
    close(ends[0]);
    return error_set(error, VDB_DEFECT, "Install voicedb-extract, or set VOICEDB_EXTRACT_DIR to its folder.",
                     "cannot start %s: %s", path, strerror(reason));
}

int extract_stop(extract_process *p, bool kill_it)
{
    int status = 0;
    close(p->output);
    for (int waited = 0;; waited++) {
        kill_it = kill_it || waited == END_MS;
        if (kill_it)
            kill(p->pid, SIGKILL);
        pid_t ended = waitpid(p->pid, &status, kill_it ? 0 : WNOHANG);
        if (ended == p->pid)
            return status;
        if (ended < 0 && errno != EINTR)
            return 0; /* the program has its children waited for elsewhere */
        if (ended == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
}
