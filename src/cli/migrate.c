#include "cli/output.h"
#include "cli/values.h"

#include <string.h>

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_migration, member)                                                         \
    }
static const field migration_fields[] = {
    F(INTEGER, version), F(TEXT, name), F(TEXT, state), F(INSTANT, applied_at), F(INTEGER, execution_ms),
};
#undef F
static const record migration_record = { sizeof(vdb_migration), sizeof migration_fields / sizeof migration_fields[0],
                                         migration_fields };

static void tell_step(void *context, const vdb_migration *migration, bool done)
{
    const cli_call *call = context;
    if (done)
        output_note(call, "%04lld %s: done in %lld ms", (long long)migration->version, migration->name,
                    (long long)migration->execution_ms);
    else
        output_note(call, "%04lld %s …", (long long)migration->version, migration->name);
}

vdb_status run_migrate(cli_call *call, vdb_error *error)
{
    const migrate_values *v = call->values;
    int applied = 0;
    vdb_status status =
        vdb_migrate(call->pool, v->lock_timeout == NULL ? 0 : (int)*v->lock_timeout, tell_step, call, &applied, error);
    if (status != VDB_OK)
        return status;
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        json_integer_member(&w, "applied", applied);
        json_close(&w, '}');
    } else if (applied == 0) {
        puts("The schema is current.");
    } else {
        printf("%d step%s applied. The schema is current.\n", applied, applied == 1 ? "" : "s");
    }
    return VDB_OK;
}

static size_t count_state(const vdb_migration *rows, size_t count, const char *state)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(rows[i].state, state) == 0;
    return found;
}

static vdb_status verdict(const vdb_migration *rows, size_t count, vdb_error *error)
{
    size_t changed = count_state(rows, count, "changed"), unknown = count_state(rows, count, "unknown");
    size_t pending = count_state(rows, count, "pending");
    if (changed > 0)
        return error_set(error, VDB_DRIFT, "Install the voicedb that applied them, or compare their files with it.",
                         "applied steps that this voicedb has otherwise: %zu", changed);
    if (unknown > 0)
        return error_set(error, VDB_DRIFT, "Install a newer voicedb.",
                         "applied steps that this voicedb does not know: %zu", unknown);
    if (pending > 0)
        return error_set(error, VDB_PENDING, "Run `voicedb migrate`.", "pending steps: %zu", pending);
    return VDB_OK;
}

vdb_status run_migrate_status(cli_call *call, vdb_error *error)
{
    const vdb_migration *rows;
    size_t count;
    vdb_status status = vdb_migrate_status(call->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &migration_record, rows, count, "version name state applied_at execution_ms");
    status = verdict(rows, count, error);
    vdb_rows_free(rows);
    return status;
}
