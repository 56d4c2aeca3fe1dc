#include "extract/helper/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NOBODY = 65534 };

/* What memory, the C library and an orderly end need. Anything else fails with EPERM, which libraries survive. */
static const int allowed[] = {
    SCMP_SYS(brk),          SCMP_SYS(clock_getres),    SCMP_SYS(clock_gettime), SCMP_SYS(exit),
    SCMP_SYS(exit_group),   SCMP_SYS(futex),           SCMP_SYS(getpid),        SCMP_SYS(getrandom),
    SCMP_SYS(gettimeofday), SCMP_SYS(gettid),          SCMP_SYS(madvise),       SCMP_SYS(mremap),
    SCMP_SYS(munmap),       SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield),     SCMP_SYS(sysinfo),
};

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
    const struct rlimit l = { .rlim_cur = soft, .rlim_max = hard };
    return setrlimit((__rlimit_resource_t)resource, &l) == 0;
}

/* Root's processes could be taken over by root's helper. Without the right to change, it stays who it is. */
static void drop_root(void)
{
    if (geteuid() != 0 || setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0)
        return;
    if (setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return;
}

/* Memory that is data, never code; writing to standard output; signals to itself, for abort(). */
static bool add_rules(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp no_code = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0 };
    const struct scmp_arg_cmp to_output = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = STDOUT_FILENO };
    const struct scmp_arg_cmp to_itself = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
    int failed = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_code);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_code);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, &to_output);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &to_itself);
    return failed == 0;
}

static void filter_system_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return;
    if (add_rules(filter))
        (void)seccomp_load(filter); /* where the kernel has none, the limits stand alone */
    seccomp_release(filter);
}

bool sandbox_enter(size_t memory, unsigned seconds)
{
    drop_root();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return false;
    if (!limit(RLIMIT_DATA, memory, memory) || !limit(RLIMIT_CPU, seconds, seconds + 1) || !limit(RLIMIT_CORE, 0, 0) ||
        !limit(RLIMIT_FSIZE, 0, 0) || !limit(RLIMIT_NPROC, 0, 0) || !limit(RLIMIT_NOFILE, 0, 0))
        return false;
    filter_system_calls();
    return true;
}

void sandbox_leave(void)
{
    _exit(0);
}
