#include "cli/output.h"
#include "cli/values.h"

#include <errno.h>
#include <string.h>

enum { DEFAULT_TIMEOUT = 60, DEFAULT_IDLE = 3600 };

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_spool, member)                                                             \
    }
static const field fields[] = {
    F(TEXT, name), F(TEXT, state), F(INTEGER, process), F(INTEGER, waiting), F(INTEGER, bytes), F(INSTANT, since),
};
#undef F
static const record spool_record = { sizeof(vdb_spool), sizeof fields / sizeof fields[0], fields };

static void print_note(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "voicedb: %s\n", line);
}

static vdb_status send_all(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    vdb_options database;
    vdb_log *log;
    vdb_status status = cli_database(call, &database, error);
    if (status == VDB_OK)
        status =
            vdb_log_open(&database, &(vdb_log_options){ .spool_directory = v->spool, .senders = 1, .note = print_note },
                         &log, error);
    if (status != VDB_OK)
        return status;
    int64_t seconds = v->timeout == NULL ? DEFAULT_TIMEOUT : *v->timeout;
    status = vdb_log_flush(log, (int)seconds * 1000, error);
    vdb_log_close(log);
    return status;
}

static vdb_status print_dead(const cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    const char *path = arena_printf(call->memory, "%s/dead.jsonl", v->spool);
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return VDB_OK;
    if (file == NULL)
        return error_system(error, "Check the file's owner and mode.", "%s cannot be read", path);
    char block[4096];
    for (size_t length; (length = fread(block, 1, sizeof block, file)) > 0;)
        fwrite(block, 1, length, stdout);
    fclose(file);
    return VDB_OK;
}

static vdb_status print_spools(const cli_call *call, const vdb_spool *rows, size_t count)
{
    output_rows(call, &spool_record, rows, count, "state name process waiting bytes since");
    vdb_rows_free(rows);
    return VDB_OK;
}

/* The directory is looked at first: a log would make one that is misspelt. */
vdb_status run_conversation_spool(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    const vdb_spool *rows;
    size_t count;
    vdb_status status = vdb_log_spools(v->spool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    if (v->send == NULL && v->dead == NULL)
        return print_spools(call, rows, count);
    vdb_rows_free(rows);
    if (v->dead != NULL)
        return print_dead(call, error);
    status = send_all(call, error);
    if (status == VDB_OK)
        status = vdb_log_spools(v->spool, &rows, &count, error);
    return status == VDB_OK ? print_spools(call, rows, count) : status;
}

vdb_status run_conversation_sweep(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    const char *domain = cli_domain(call);
    int64_t idle = v->idle == NULL ? DEFAULT_IDLE : *v->idle, ended = 0;
    vdb_status status = domain == NULL ? vdb_conversation_sweep_all(call->pool, idle, &ended, error)
                                       : vdb_tenant_open(call->pool, domain, &call->tenant, error);
    if (status == VDB_OK && domain != NULL)
        status = vdb_conversation_sweep(call->tenant, idle, &ended, error);
    if (status != VDB_OK)
        return status;
    if (!call->json) {
        printf("%lld\n", (long long)ended);
        return VDB_OK;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_integer_member(&w, "ended", ended);
    json_close(&w, '}');
    return VDB_OK;
}
