#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Takes the numbers 0 to 2 if the caller closed them, lest a socket gets one and output goes to the server. Such a
 * stdout stays unwritable.
 */
static void keep_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) < 0)
            _exit(VDB_DEFECT);
    }
}

/* --json is wanted for errors of parsing too. */
static bool wants_json(int count, char **words)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--json") == 0)
            return true;
    }
    return false;
}

static vdb_status open_database(cli_call *call, vdb_error *error)
{
    vdb_options options;
    vdb_status status = cli_database(call, &options, error);
    return status == VDB_OK ? vdb_pool_open(&options, &call->pool, error) : status;
}

static vdb_status run_command(cli_call *call, vdb_error *error)
{
    vdb_status status = output_check(error);
    const char *domain = cli_domain(call);
    if (status == VDB_OK && call->command->needs == CLI_TENANT && domain == NULL)
        status = error_set(error, VDB_USAGE,
                           "Write --domain NAME or set VOICEDB_DOMAIN; `voicedb tenant list` shows the names.",
                           "no tenant is given");
    if (status == VDB_OK && call->command->needs != CLI_NOTHING)
        status = open_database(call, error);
    if (status == VDB_OK && call->command->needs == CLI_TENANT)
        status = vdb_tenant_open(call->pool, domain, &call->tenant, error);
    return status == VDB_OK ? call->command->run(call, error) : status;
}

static vdb_status run(cli_call *call, int count, char **words, vdb_error *error)
{
    call->json = wants_json(count, words);
    vdb_status status = cli_parse(call, count, words, error);
    if (status != VDB_OK)
        return status;
    if (call->globals.help != NULL) {
        help_print(stdout, call->noun, call->command);
        return VDB_OK;
    }
    return call->command == NULL ? run_version(call, error) : run_command(call, error);
}

/* The first failure counts: the command's, else that of its output. */
static vdb_status report(const cli_call *call, vdb_status status, const vdb_error *error)
{
    if (status != VDB_OK && !call->reported)
        output_error(call->json, NULL, error);
    vdb_error unwritten;
    error_clear(&unwritten);
    vdb_status written = output_finish(&unwritten);
    if (written != VDB_OK && status == VDB_OK)
        output_error(call->json, NULL, &unwritten);
    return status == VDB_OK ? written : status;
}

/* Opened secrets stay out of core dumps. The sanitizers' own look at the process needs it to be dumpable. */
static void keep_secrets(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int main(int count, char **words)
{
    keep_descriptors();
    keep_secrets();
    signal(SIGPIPE, SIG_IGN);
    vdb_error error;
    error_clear(&error);
    cli_call call = { .memory = arena_new() };
    vdb_status status = call.memory == NULL ? error_memory(&error) : run(&call, count - 1, words + 1, &error);
    vdb_tenant_close(call.tenant);
    vdb_pool_close(call.pool);
    status = report(&call, status, &error);
    arena_free(call.memory);
    if (interrupt_came())
        interrupt_follow();
    return (int)status;
}
