#include "backup/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static vdb_status cannot_start(const char *name, int reason, vdb_error *error)
{
    return error_set(error, VDB_UNREACHABLE,
                     "Install postgresql-client of the server's version, or set VOICEDB_PG_DUMP to its pg_dump.",
                     "cannot run %s: %s", name, strerror(reason));
}

/* Signals as a program expects them, whatever this process ignores: a pg_dump whose reader is gone must end. */
static int spawn(const char *const *arguments, char **environment, const int ends[2], process *p)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t standard;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, p->errors, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int failed =
        posix_spawnp(&p->pid, arguments[0], &files, &attributes, (char *const *)(uintptr_t)arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

vdb_status process_start(const char *const *arguments, char **environment, process *p, vdb_error *error)
{
    int ends[2];
    *p = (process){ .name = arguments[0], .pid = -1 };
    p->errors = memfd_create("errors", MFD_CLOEXEC);
    if (p->errors < 0)
        return cannot_start(p->name, errno, error);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        int reason = errno;
        close(p->errors);
        return cannot_start(p->name, reason, error);
    }
    (void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
    int failed = spawn(arguments, environment, ends, p);
    close(ends[1]);
    p->out = ends[0];
    if (failed == 0)
        return VDB_OK;
    close(p->out);
    close(p->errors);
    return cannot_start(p->name, failed, error);
}

vdb_status process_read(process *p, char *bytes, size_t room, size_t *length, vdb_error *error)
{
    for (;;) {
        ssize_t n = read(p->out, bytes, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(error, VDB_DEFECT, "Report this.", "cannot read from %s: %s", p->name, strerror(errno));
        *length = (size_t)n;
        return VDB_OK;
    }
}

static int wait_for(process *p)
{
    int ended = 0;
    while (waitpid(p->pid, &ended, 0) < 0 && errno == EINTR)
        ;
    close(p->out);
    return ended;
}

/* pg_dump's first line names the reason; the rest is the statement. */
static vdb_status explain(process *p, int ended, vdb_error *error)
{
    char said[512];
    ssize_t length = pread(p->errors, said, sizeof said - 1, 0);
    said[length < 0 ? 0 : length] = '\0';
    said[strcspn(said, "\n")] = '\0';
    vdb_status status =
        error_set(error, VDB_UNREACHABLE, "Check that the server is running and run the same command again.",
                  WIFSIGNALED(ended) ? "%s was ended by signal %d" : "%s failed with status %d", p->name,
                  WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended));
    if (strstr(said, "version mismatch") != NULL)
        status = error_set(error, VDB_UNREACHABLE,
                           "Install postgresql-client of the server's version, or set VOICEDB_PG_DUMP to its pg_dump.",
                           "%s is older than the server", p->name);
    if (said[0] != '\0')
        status = error_detail(error, "%s", said);
    return status;
}

vdb_status process_finish(process *p, vdb_error *error)
{
    vdb_error local;
    int ended = wait_for(p);
    vdb_status status =
        WIFEXITED(ended) && WEXITSTATUS(ended) == 0 ? VDB_OK : explain(p, ended, error == NULL ? &local : error);
    close(p->errors);
    return status;
}

void process_kill(process *p)
{
    kill(p->pid, SIGKILL);
    (void)wait_for(p);
    close(p->errors);
}
