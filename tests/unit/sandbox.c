/* What a process can no longer do in the sandbox: each is tried in a child of its own. */
#include "extract/helper/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MB ((size_t)1 << 20)

enum { MEMORY_MB = 64, SECONDS = 1 };

typedef int (*deed)(void); /* 0: it was done */

/* How a child ended that entered the sandbox and did this: waitpid()'s status. */
static int in_sandbox(deed d)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!sandbox_enter(MEMORY_MB * MB, SECONDS))
            _exit(100);
        _exit(d() == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void is_refused(deed d)
{
    assert_int_equal(d(), 0); /* outside it can be done */
    int status = in_sandbox(d);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static int succeeded(int result)
{
    return result < 0 ? -1 : 0;
}

static int open_file(void)
{
    int file = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    return file < 0 ? -1 : close(file);
}

static int open_socket(void)
{
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return s < 0 ? -1 : close(s);
}

static int duplicate(void)
{
    int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -1 : close(copy);
}

static int start_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : succeeded(waitpid(child, NULL, 0));
}

static int see_parent(void)
{
    return kill(getppid(), 0);
}

static int raise_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_CPU, &l) != 0)
        return -1;
    return setrlimit(RLIMIT_CPU, &l);
}

static int map_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int write_elsewhere(void)
{
    return write(STDERR_FILENO, "", 0) < 0 ? -1 : 0;
}

static int take_memory(void)
{
    void *p = malloc(2 * MEMORY_MB * MB);
    if (p == NULL)
        return -1;
    free(p);
    return 0;
}

static int take_little_memory(void)
{
    void *p = malloc(MEMORY_MB / 2 * MB);
    if (p == NULL)
        return -1;
    for (size_t i = 0; i < MEMORY_MB / 2 * MB; i += 4096)
        ((volatile char *)p)[i] = 1;
    free(p);
    return 0;
}

static int loop(void)
{
    volatile bool forever = true;
    while (forever)
        continue;
    return 0;
}

static void nothing_is_reached(void **state)
{
    (void)state;
    is_refused(open_file);
    is_refused(open_socket);
    is_refused(duplicate);
    is_refused(start_process);
    is_refused(see_parent);
    is_refused(raise_limit);
    is_refused(map_code);
    is_refused(write_elsewhere);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    is_refused(take_memory);
    assert_int_equal(in_sandbox(take_little_memory), 0);
}

static void time_is_bounded(void **state)
{
    (void)state;
    int status = in_sandbox(loop);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGXCPU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_reached),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(time_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
