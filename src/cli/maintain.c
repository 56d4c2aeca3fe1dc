#include "cli/output.h"
#include "cli/progress.h"
#include "cli/values.h"

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_maintenance, member)                                                       \
    }
static const field fields[] = {
    F(TEXT, kind),
    F(TEXT, name),
    F(TEXT, action),
    F(TEXT, reason),
    F(INTEGER, bloat_percent),
    F(INTEGER, size_before),
    F(INTEGER, size_after),
    F(INTEGER, dead_before),
    F(INTEGER, dead_after),
    F(INTEGER, took_ms),
};
#undef F
static const record maintenance_record = { sizeof(vdb_maintenance), sizeof fields / sizeof fields[0], fields };

/* What was due in front of the rest, which only programs want to see. */
static const vdb_maintenance *due_first(const cli_call *call, const vdb_maintenance *rows, size_t count, size_t *due)
{
    vdb_maintenance *sorted = arena_array(call->memory, count + 1, sizeof *sorted);
    size_t used = 0;
    for (size_t i = 0; sorted != NULL && i < count; i++) {
        if (rows[i].reason != NULL)
            sorted[used++] = rows[i];
    }
    *due = used;
    for (size_t i = 0; sorted != NULL && i < count; i++) {
        if (rows[i].reason == NULL)
            sorted[used++] = rows[i];
    }
    return sorted;
}

vdb_status run_maintain(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    progress p;
    progress_begin(&p, "maintain", call->json);
    interrupt_watch();
    const vdb_maintain_options options = {
        .dry_run = v->dry_run != NULL,
        .bloat_percent = (int)or_zero(v->bloat),
        .progress = progress_step,
        .context = &p,
    };
    const vdb_maintenance *rows;
    size_t count, due_count;
    vdb_status status = vdb_maintain(call->pool, &options, &rows, &count, error);
    progress_end(&p);
    if (status != VDB_OK)
        return status;
    const vdb_maintenance *due = due_first(call, rows, count, &due_count);
    if (due == NULL)
        return error_memory(error);
    output_rows(call, &maintenance_record, due, call->json ? count : due_count,
                options.dry_run ? "kind name action size_before dead_before bloat_percent reason"
                                : "kind name action size_before size_after dead_before dead_after took_ms reason");
    output_note(call,
                options.dry_run ? "%zu of %zu are due. Bloat is estimated; -1: it cannot be." : "%zu of %zu were due.",
                due_count, count);
    vdb_rows_free(rows);
    return VDB_OK;
}
