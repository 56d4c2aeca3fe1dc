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

static const field plan_fields[] = {
    { "version", FIELD_INTEGER, offsetof(vdb_migration_plan, version) },
    { "name", FIELD_TEXT, offsetof(vdb_migration_plan, name) },
    { "transaction", FIELD_BOOLEAN, offsetof(vdb_migration_plan, transaction) },
    { "locks", FIELD_STRINGS, offsetof(vdb_migration_plan, locks) },
    { "sql", FIELD_TEXT, offsetof(vdb_migration_plan, sql) },
};
static const record plan_record = { sizeof(vdb_migration_plan), sizeof plan_fields / sizeof plan_fields[0],
                                    plan_fields };

static void print_locks(const char *const *locks)
{
    if (locks == NULL) {
        puts("-- outside a transaction; its locks were not tried");
        return;
    }
    printf("-- locks: %s", locks[0] == NULL ? "none beyond those above" : locks[0]);
    for (size_t i = 1; locks[0] != NULL && locks[i] != NULL; i++)
        printf(", %s", locks[i]);
    putchar('\n');
}

static vdb_status dry_run(const cli_call *call, vdb_error *error)
{
    const vdb_migration_plan *rows;
    size_t count;
    vdb_status status = vdb_migrate_plan(call->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    if (call->json)
        output_rows(call, &plan_record, rows, count, "");
    else if (count == 0)
        puts("-- Nothing is pending.");
    for (size_t i = 0; !call->json && i < count; i++) {
        printf("-- %04lld %s\n", (long long)rows[i].version, rows[i].name);
        print_locks(rows[i].locks);
        printf("%s\n", rows[i].sql);
    }
    vdb_rows_free(rows);
    return VDB_OK;
}

/* Secrets that stand in the tables as they are, from before there was a key or written by somebody else, if there is a
 * key now. */
static vdb_status seal(const cli_call *call, int64_t *sealed, vdb_error *error)
{
    vdb_status status = vdb_key_seal(call->pool, sealed, error);
    if (status == VDB_NOT_ALLOWED) {
        output_note(call, "Secrets were not sealed: %s. %s", error->message, error->hint);
        return VDB_OK;
    }
    if (status == VDB_OK && *sealed > 0)
        output_note(call, "Secrets sealed: %lld.", (long long)*sealed);
    return status;
}

vdb_status run_migrate(cli_call *call, vdb_error *error)
{
    const migrate_values *v = call->values;
    if (v->dry_run != NULL)
        return dry_run(call, error);
    int applied = 0;
    vdb_status status = vdb_migrate(call->pool, (int)or_zero(v->lock_timeout), tell_step, call, &applied, error);
    int64_t sealed = 0;
    if (status == VDB_OK)
        status = seal(call, &sealed, error);
    if (status != VDB_OK)
        return status;
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        json_integer_member(&w, "applied", applied);
        json_integer_member(&w, "sealed", sealed);
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

static const char *names_of(const cli_call *call, const vdb_migration *rows, size_t count, const char *state)
{
    const char *names = "";
    for (size_t i = 0; i < count && names != NULL; i++) {
        if (strcmp(rows[i].state, state) == 0)
            names = arena_printf(call->memory, "%s%s%04lld_%s", names, *names == '\0' ? "" : ", ",
                                 (long long)rows[i].version, rows[i].name);
    }
    return names == NULL ? "" : names;
}

static vdb_status verdict(const cli_call *call, const vdb_migration *rows, size_t count, vdb_error *error)
{
    static const struct {
        const char *state;
        vdb_status status;
        const char *message, *hint;
    } verdicts[] = {
        { "changed", VDB_DRIFT, "applied steps that this voicedb has otherwise",
          "Install the voicedb that applied them, or accept each with `voicedb migrate repair --version N`." },
        { "unknown", VDB_DRIFT, "applied steps that this voicedb does not know", "Install a newer voicedb." },
        { "pending", VDB_PENDING, "pending steps", "Run `voicedb migrate`." },
    };
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        size_t found = count_state(rows, count, verdicts[i].state);
        if (found == 0)
            continue;
        error_set(error, verdicts[i].status, verdicts[i].hint, "%s: %zu", verdicts[i].message, found);
        return error_detail(error, "%s", names_of(call, rows, count, verdicts[i].state));
    }
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
    status = verdict(call, rows, count, error);
    vdb_rows_free(rows);
    return status;
}

vdb_status run_migrate_repair(cli_call *call, vdb_error *error)
{
    const migrate_values *v = call->values;
    bool changed;
    vdb_status status = vdb_migrate_repair(call->pool, (int)*v->version, &changed, error);
    if (status != VDB_OK)
        return status;
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        json_integer_member(&w, "version", *v->version);
        json_flag(&w, "changed", changed);
        json_close(&w, '}');
    } else {
        printf("Step %lld: %s.\n", (long long)*v->version,
               changed ? "its file is accepted" : "its file is the one that was applied");
    }
    return VDB_OK;
}

static const field adoption_fields[] = {
    { "kind", FIELD_TEXT, offsetof(vdb_adoption, kind) },
    { "name", FIELD_TEXT, offsetof(vdb_adoption, name) },
    { "before", FIELD_TEXT, offsetof(vdb_adoption, before) },
    { "after", FIELD_TEXT, offsetof(vdb_adoption, after) },
};
static const record adoption_record = { sizeof(vdb_adoption), sizeof adoption_fields / sizeof adoption_fields[0],
                                        adoption_fields };

vdb_status run_migrate_adopt(cli_call *call, vdb_error *error)
{
    const migrate_values *v = call->values;
    const vdb_adoption *rows;
    size_t count;
    bool adopted;
    vdb_status status =
        vdb_migrate_adopt(call->pool, v->dry_run != NULL, v->drop_cross_tenant != NULL, &rows, &count, &adopted, error);
    if (status != VDB_OK)
        return status;
    size_t statements = 0;
    while (statements < count && strcmp(rows[count - 1 - statements].kind, "schema") == 0)
        statements++;
    if (call->json)
        output_rows(call, &adoption_record, rows, count, "");
    else if (count > 0)
        output_rows(call, &adoption_record, rows, count - statements, "kind name before after");
    vdb_rows_free(rows);
    if (statements > 0)
        output_note(call, "Statements that change the schema: %zu; --json lists them.", statements);
    if (count == 0)
        output_note(call, "There is nothing to adopt: the schema is voicedb's already.");
    else
        output_note(call, adopted ? "Adopted." : "Nothing was changed: this was a dry run.");
    return VDB_OK;
}

static const field drift_fields[] = {
    { "kind", FIELD_TEXT, offsetof(vdb_drift, kind) },       { "name", FIELD_TEXT, offsetof(vdb_drift, name) },
    { "problem", FIELD_TEXT, offsetof(vdb_drift, problem) }, { "expected", FIELD_TEXT, offsetof(vdb_drift, expected) },
    { "found", FIELD_TEXT, offsetof(vdb_drift, found) },     { "mend", FIELD_TEXT, offsetof(vdb_drift, mend) },
};
static const record drift_record = { sizeof(vdb_drift), sizeof drift_fields / sizeof drift_fields[0], drift_fields };

static void print_side(const char *label, const char *definition)
{
    if (definition != NULL && strchr(definition, '\n') == NULL)
        printf("--   %s: %s\n", label, definition);
}

/* SQL with comments, so that it can be read, saved, and given to psql. */
static void print_drift(const vdb_drift *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("-- %s %s: %s\n", rows[i].problem, rows[i].kind, rows[i].name);
        print_side("expected", rows[i].expected);
        print_side("found", rows[i].found);
        printf("%s\n", rows[i].mend);
    }
}

vdb_status run_migrate_verify(cli_call *call, vdb_error *error)
{
    const vdb_drift *rows;
    size_t count;
    vdb_status status = vdb_migrate_verify(call->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    if (call->json)
        output_rows(call, &drift_record, rows, count, "");
    else if (count == 0)
        puts("-- The schema is as the migrations made it.");
    else
        print_drift(rows, count);
    vdb_rows_free(rows);
    if (count == 0)
        return VDB_OK;
    return error_set(error, VDB_DRIFT, "Read the statements and run them: `voicedb migrate verify | psql`.",
                     "differences from what the migrations made: %zu", count);
}
