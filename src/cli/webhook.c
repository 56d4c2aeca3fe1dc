/* Notices about calls: sending them, what became of them, what signs them. */
#include "cli/output.h"
#include "cli/values.h"
#include "store/records.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked_to_stop;

static void remember(int signal_number)
{
    (void)signal_number;
    asked_to_stop = 1;
}

/* The first one lets what is on its way arrive; the second one ends the process, and what it was sending is sent again.
 */
static void watch_signals(void)
{
    struct sigaction action = { .sa_handler = remember, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static bool stopping(void *context)
{
    (void)context;
    return asked_to_stop != 0;
}

static void note(void *context, const char *line)
{
    output_note(context, "%s", line);
}

static void print_summary(const cli_call *call, const vdb_webhook_summary *s)
{
    if (!call->json) {
        output_note(call, "delivered: %lld, failed attempts: %lld, dead notices: %lld", (long long)s->delivered,
                    (long long)s->failed, (long long)s->dead);
        return;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_integer_member(&w, "delivered", s->delivered);
    json_integer_member(&w, "failed", s->failed);
    json_integer_member(&w, "dead", s->dead);
    json_close(&w, '}');
}

vdb_status run_webhook_run(cli_call *call, vdb_error *error)
{
    const webhook_values *v = call->values;
    const vdb_webhook_options options = {
        .workers = (int)or_zero(v->workers),
        .in_flight = (int)or_zero(v->in_flight),
        .per_tenant = (int)or_zero(v->per_tenant),
        .timeout_ms = (int)or_zero(v->timeout),
        .once = v->once != NULL,
        .allow = v->allow,
        .ca_file = v->ca_file,
        .stopping = stopping,
        .note = note,
        .context = call,
    };
    vdb_webhook_summary summary = { 0 };
    watch_signals();
    vdb_status status = vdb_webhook_run(call->pool, &options, &summary, error);
    if (status != VDB_OK)
        return status;
    print_summary(call, &summary);
    if (v->once == NULL || summary.failed == 0)
        return VDB_OK;
    return error_set(error, VDB_PROVIDER,
                     "Run `voicedb webhook list` for the reasons; they are sent again by themselves.",
                     "%lld attempt%s failed", (long long)summary.failed, summary.failed == 1 ? "" : "s");
}

vdb_status run_webhook_list(cli_call *call, vdb_error *error)
{
    const webhook_values *v = call->values;
    const vdb_webhook_filter filter = { v->state, v->conversation, (int)or_zero(v->limit) };
    const vdb_webhook_delivery *rows;
    size_t count;
    vdb_status status = vdb_webhook_list(call->tenant, &filter, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &webhook_delivery_record, rows, count,
                "created_at state attempts next_attempt_at last_status last_error url delivery_uuid");
    vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status run_webhook_retry(cli_call *call, vdb_error *error)
{
    const webhook_values *v = call->values;
    int64_t count;
    vdb_status status = vdb_webhook_retry(call->tenant, v->delivery, &count, error);
    if (status != VDB_OK)
        return status;
    if (!call->json) {
        output_note(call, "%lld to be sent again.", (long long)count);
        return VDB_OK;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_integer_member(&w, "notices", count);
    json_close(&w, '}');
    return VDB_OK;
}

/* ---- secrets ----------------------------------------------------------------------------------------------------- */

static vdb_status cannot_write(const char *path, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Choose a directory that can be written to.", "cannot write %s: %s", path,
                     strerror(errno));
}

/* A new file with a new secret; `*made` false: there is a file of this name. */
static vdb_status make_file(const char *path, char secret[VDB_WEBHOOK_SECRET_ROOM], bool *made, vdb_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    *made = fd >= 0;
    if (fd < 0)
        return errno == EEXIST ? VDB_OK : cannot_write(path, error);
    vdb_webhook_secret_make(secret);
    size_t length = strlen(secret);
    secret[length] = '\n';
    bool written = write(fd, secret, length + 1) == (ssize_t)length + 1 && fsync(fd) == 0;
    secret[length] = '\0';
    if (close(fd) == 0 && written)
        return VDB_OK;
    unlink(path);
    return cannot_write(path, error);
}

static vdb_status read_file(const cli_call *call, const char *path, char secret[VDB_WEBHOOK_SECRET_ROOM],
                            vdb_error *error)
{
    const char *text;
    vdb_status status = cli_read_file(call->memory, path, 4096, &text, error);
    if (status == VDB_OK)
        snprintf(secret, VDB_WEBHOOK_SECRET_ROOM, "%.*s", (int)strcspn(text, "\r\n"), text);
    return status;
}

vdb_status run_webhook_secret(cli_call *call, vdb_error *error)
{
    const webhook_values *v = call->values;
    char secret[VDB_WEBHOOK_SECRET_ROOM] = "";
    bool made = false;
    vdb_status status =
        v->remove != NULL || strcmp(v->path, "-") == 0 ? VDB_OK : make_file(v->path, secret, &made, error);
    if (status == VDB_OK && v->remove == NULL && !made)
        status = read_file(call, v->path, secret, error);
    if (status == VDB_OK)
        status = vdb_webhook_secret_set(call->tenant, v->remove != NULL ? NULL : secret, error);
    explicit_bzero(secret, sizeof secret);
    if (status == VDB_OK && made)
        output_note(call, "%s: made with a new secret; give it to the receiver.", v->path);
    return status;
}
