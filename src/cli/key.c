/* Master keys: making, looking, sealing, rotating. */
#include "cli/output.h"

#include "cli/values.h"

#define TYPE vdb_master_key
#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(TYPE, member)                                                                  \
    }
static const field key_fields[] = { F(TEXT, key_id), F(TEXT, state), F(INTEGER, tenants) };
#undef TYPE
#define TYPE vdb_key_report
static const field report_fields[] = {
    F(TEXT, path), F(INTEGER, tenants), F(INTEGER, sealed), F(INTEGER, plain), F(INTEGER, broken),
};
#undef TYPE
#undef F
static const record key_record = { sizeof(vdb_master_key), sizeof key_fields / sizeof key_fields[0], key_fields };
static const record report_record = { sizeof(vdb_key_report), sizeof report_fields / sizeof report_fields[0],
                                      report_fields };

static void print_number(const cli_call *call, const char *name, int64_t number)
{
    if (!call->json) {
        printf("%s %lld\n", name, (long long)number);
        return;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_integer_member(&w, name, number);
    json_close(&w, '}');
}

vdb_status run_key_init(cli_call *call, vdb_error *error)
{
    const key_values *v = call->values;
    char id[17];
    vdb_status status = vdb_key_init(v->path, v->after, id, error);
    if (status != VDB_OK)
        return status;
    output_uuid(call, "key_id", id);
    output_note(call, "%s: keep a copy of it somewhere else, apart from backups; without it no secret can be opened.",
                v->path);
    return VDB_OK;
}

static int64_t count_missing(const vdb_key_report *report)
{
    int64_t missing = 0;
    for (size_t i = 0; i < report->key_count; i++)
        missing += report->keys[i].state[0] == 'm' ? report->keys[i].tenants : 0;
    return missing;
}

static vdb_status verdict(const vdb_key_report *report, vdb_error *error)
{
    int64_t missing = count_missing(report);
    if (missing > 0)
        return error_set(error, VDB_FINDINGS, "Add the missing keys' lines to the key file.",
                         "tenants whose master key is missing: %lld", (long long)missing);
    if (report->broken > 0)
        return error_set(error, VDB_FINDINGS, "Restore those rows, or set the configs anew.",
                         "sealed values that do not open: %lld", (long long)report->broken);
    if (report->plain > 0)
        return error_set(error, VDB_FINDINGS,
                         report->path == NULL ? "Run `voicedb key init FILE`, then `voicedb key seal`."
                                              : "Run `voicedb key seal`.",
                         "secrets that are not sealed: %lld", (long long)report->plain);
    return VDB_OK;
}

vdb_status run_key_status(cli_call *call, vdb_error *error)
{
    const vdb_key_report *report;
    vdb_status status = vdb_key_status(call->pool, &report, error);
    if (status != VDB_OK)
        return status;
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        output_members(&w, &report_record, report);
        output_array(&w, "keys", &key_record, report->keys, report->key_count);
        json_close(&w, '}');
    } else {
        output_pairs(call, &report_record, report);
        putchar('\n');
        output_table(call, &key_record, report->keys, report->key_count, "key_id state tenants");
    }
    status = verdict(report, error);
    vdb_rows_free(report);
    return status;
}

vdb_status run_key_seal(cli_call *call, vdb_error *error)
{
    int64_t sealed = 0;
    vdb_status status = vdb_key_seal(call->pool, &sealed, error);
    if (status == VDB_OK)
        print_number(call, "sealed", sealed);
    return status;
}

vdb_status run_key_rotate(cli_call *call, vdb_error *error)
{
    int64_t tenants = 0;
    vdb_status status = vdb_key_rotate(call->pool, &tenants, error);
    if (status == VDB_OK)
        print_number(call, "tenants", tenants);
    return status;
}
