/* `document run`: a worker for the documents that other programs have put into the database. */
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/stored.h"
#include "cli/values.h"

enum {
    LOOK_EVERY_MS = 1000,
    LONGEST_WAIT_MS = 30000,
    TURN = 10 /* documents of a tenant, then it is the next one's turn */
};

typedef struct running {
    cli_call *call;
    stored_printer out;
    vdb_process_options options;
    bool once;
    bool more; /* documents wait that another tenant's were put before */
} running;

static vdb_status process_turn(running *r, vdb_tenant *tenant, vdb_error *error)
{
    for (int n = 0; n < TURN && !interrupt_came(); n++) {
        progress bar;
        vdb_processed done;
        progress_begin(&bar, "processing", r->call->json);
        vdb_status status = vdb_document_process(tenant, &r->options, progress_step, &bar, &done, error);
        progress_end(&bar);
        if (status != VDB_OK || done.document_uuid[0] == '\0')
            return status;
        if (done.error.status == VDB_OK)
            stored_print(&r->out, done.document_name, &done.added);
        else if (!interrupt_came())
            stored_print_failed(&r->out, done.document_name, true, &done.error);
    }
    r->more = true;
    return VDB_OK;
}

static vdb_status process_tenant(running *r, const char *domain, vdb_error *error)
{
    vdb_tenant *tenant;
    vdb_status status = vdb_tenant_open(r->call->pool, domain, &tenant, error);
    if (status != VDB_OK)
        return status;
    status = process_turn(r, tenant, error);
    vdb_tenant_close(tenant);
    return status;
}

static vdb_status process_tenants(running *r, vdb_error *error)
{
    const vdb_document_queue *rows;
    size_t count;
    vdb_status status = vdb_document_waiting(r->call->pool, &rows, &count, error);
    if (status == VDB_NOT_ALLOWED)
        error_set(error, status, "Write --domain NAME, or connect as the tables' owner.",
                  "this role may not see which tenants have documents that wait");
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count && !interrupt_came(); i++)
        status = process_tenant(r, rows[i].domain_uuid, error);
    vdb_rows_free(rows);
    return status;
}

/* A server that is restarted ends no worker: it asks again, less often each time. */
static bool wait_for_server(const running *r, vdb_status status, int *wait_ms, const vdb_error *error)
{
    if (status != VDB_UNREACHABLE || r->once)
        return false;
    output_note(r->call, "%s; trying again in %d s", error->message, *wait_ms / 1000);
    interrupt_sleep(*wait_ms);
    *wait_ms = 2 * *wait_ms < LONGEST_WAIT_MS ? 2 * *wait_ms : LONGEST_WAIT_MS;
    return true;
}

static vdb_status run(running *r, const char *domain, vdb_error *error)
{
    int wait_ms = LOOK_EVERY_MS;
    while (!interrupt_came()) {
        r->more = false;
        vdb_status status = domain != NULL ? process_tenant(r, domain, error) : process_tenants(r, error);
        if (status != VDB_OK && !wait_for_server(r, status, &wait_ms, error))
            return status;
        if (status != VDB_OK)
            continue;
        if (r->once && !r->more)
            break;
        wait_ms = LOOK_EVERY_MS;
        if (!r->more)
            interrupt_sleep(LOOK_EVERY_MS);
    }
    error_clear(error);
    return VDB_OK;
}

vdb_status run_document_run(cli_call *call, vdb_error *error)
{
    const document_values *v = call->values;
    running r = { .call = call,
                  .options = { .files = v->folder, .lease_s = (int)or_zero(v->lease) },
                  .once = v->once != NULL };
    interrupt_watch();
    interrupt_watch_termination();
    stored_begin(&r.out, call, true);
    vdb_status status = run(&r, cli_domain(call), error);
    vdb_error first;
    vdb_status failed = stored_end(&r.out, r.once, &first);
    if (status == VDB_OK && r.once && failed != VDB_OK)
        *error = first;
    return status != VDB_OK ? status : r.once ? failed : VDB_OK;
}
