#include "cli/stored.h"

#include "cli/display.h"
#include "cli/output.h"

#include <string.h>

static const char *const outcomes[] = {
    [VDB_DOCUMENT_ADDED] = "added",
    [VDB_DOCUMENT_REPLACED] = "replaced",
    [VDB_DOCUMENT_UNCHANGED] = "unchanged",
};

void stored_begin(stored_printer *p, cli_call *call, bool worker)
{
    *p = (stored_printer){ .call = call, .json = json_writer_on(stdout), .worker = worker };
    if (call->json)
        json_open(&p->json, NULL, '[');
}

void stored_print(stored_printer *p, const char *name, const vdb_document_added *added)
{
    const char *outcome = p->worker ? "processed" : outcomes[added->outcome];
    p->counts[added->outcome]++;
    if (!p->call->json) {
        const char *clean = display_clean(p->call->memory, name, false);
        printf("%-9s  %6lld passage%s  %s  %s\n", outcome, (long long)added->chunk_count,
               added->chunk_count == 1 ? " " : "s", added->document_uuid, clean == NULL ? "" : clean);
        fflush(stdout);
        return;
    }
    json_open(&p->json, NULL, '{');
    json_text(&p->json, "file", name);
    json_text(&p->json, "outcome", outcome);
    json_text(&p->json, "document_uuid", added->document_uuid);
    json_integer_member(&p->json, "chunk_count", added->chunk_count);
    json_text(&p->json, "embedding_model", added->embedding_model);
    json_close(&p->json, '}');
}

void stored_print_failed(stored_printer *p, const char *name, bool several, const vdb_error *error)
{
    if (p->failed++ == 0)
        p->first = *error;
    if (!p->call->json) {
        bool told = !several || strstr(error->message, name) != NULL;
        output_error(false, told ? NULL : display_clean(p->call->memory, name, false), error);
        return;
    }
    json_open(&p->json, NULL, '{');
    json_text(&p->json, "file", name);
    json_text(&p->json, "outcome", "failed");
    json_open(&p->json, "error", '{');
    output_error_members(&p->json, error);
    json_close(&p->json, '}');
    json_close(&p->json, '}');
}

vdb_status stored_end(stored_printer *p, bool several, vdb_error *error)
{
    if (p->call->json)
        json_close(&p->json, ']');
    if (several && p->worker)
        output_note(p->call, "%zu processed, %zu failed", p->counts[VDB_DOCUMENT_REPLACED], p->failed);
    else if (several)
        output_note(p->call, "%zu added, %zu replaced, %zu unchanged, %zu failed", p->counts[VDB_DOCUMENT_ADDED],
                    p->counts[VDB_DOCUMENT_REPLACED], p->counts[VDB_DOCUMENT_UNCHANGED], p->failed);
    if (p->failed == 0)
        return VDB_OK;
    *error = p->first;
    p->call->reported = !p->call->json;
    return error->status;
}
