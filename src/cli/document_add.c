/* `document add`, of files and folders, once or for as long as they change. */
#include "cli/display.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/stored.h"
#include "cli/values.h"
#include "cli/watch.h"

#include <string.h>

enum { LOOK_EVERY_MS = 2000, RETRY_AFTER_MS = 30000 };

/* The state of one `document add`. */
typedef struct adding {
    cli_call *call;
    stored_printer out;
    bool several;
    vdb_error last; /* of the file that failed last */
} adding;

/* "[3/120] manual.md": what the bar of a file is called. */
static const char *title_of(const adding *a, const char *path, size_t place, size_t count)
{
    const char *name = display_clean(a->call->memory, path, false);
    if (count < 2 || name == NULL)
        return name;
    return arena_printf(a->call->memory, "[%zu/%zu] %s", place, count, name);
}

static vdb_status add_file(adding *a, const found_file *found, size_t place, size_t count, vdb_error *error)
{
    const document_values *v = a->call->values;
    vdb_document_file file = {
        .path = found->path,
        .document_name = v->name != NULL ? v->name : found->name,
        .secretary = v->secretary,
        .max_bytes = v->max_bytes == NULL ? 0 : *v->max_bytes,
        .chunk_tokens = v->chunk_tokens == NULL ? 0 : *v->chunk_tokens,
        .overlap_tokens = v->overlap_tokens == NULL ? 0 : *v->overlap_tokens,
    };
    progress bar;
    vdb_document_added added;
    progress_begin(&bar, title_of(a, found->path, place, count), a->call->json);
    vdb_status status = vdb_document_add_file(a->call->tenant, &file, progress_step, &bar, &added, error);
    progress_end(&bar);
    if (status == VDB_OK)
        stored_print(&a->out, found->path, &added);
    return status;
}

/* What fails whatever the file is: there is no use in trying the others. */
static bool ends_all(vdb_status status)
{
    return interrupt_came() || status == VDB_UNREACHABLE || status == VDB_SCHEMA;
}

/* A watch_sink. */
static watch_answer take_file(void *context, const found_file *file, size_t place, size_t count)
{
    adding *a = context;
    error_clear(&a->last);
    vdb_status status = interrupt_came() ? VDB_USAGE : add_file(a, file, place, count, &a->last);
    if (status == VDB_OK)
        return WATCH_TAKEN;
    if (interrupt_came())
        error_set(&a->last, VDB_USAGE, "Run the same command again to finish.", "interrupted");
    stored_print_failed(&a->out, file->path, a->several, &a->last);
    return ends_all(status) ? WATCH_STOP : WATCH_FAILED;
}

static vdb_status add_once(adding *a, vdb_error *error)
{
    const document_values *v = a->call->values;
    file_list list;
    vdb_status status = files_find(v->files, &list, error);
    a->several = v->files[1] != NULL || list.count > 1;
    if (status == VDB_OK && list.count == 0)
        status = error_set(error, VDB_BAD_INPUT, "Give a file, or a folder that holds some.", "%s holds no file",
                           v->files[0]);
    for (size_t i = 0; status == VDB_OK && i < list.count; i++) {
        if (take_file(a, &list.items[i], i + 1, list.count) == WATCH_STOP)
            break;
    }
    files_free(&list);
    return status;
}

/* Until Ctrl-C, or until the database cannot be reached. */
static vdb_status add_for_ever(adding *a, vdb_error *error)
{
    const document_values *v = a->call->values;
    watch *w = watch_new();
    vdb_status status = w == NULL ? error_memory(error) : VDB_OK;
    a->several = true;
    while (status == VDB_OK && !interrupt_came() && !ends_all(a->last.status)) {
        status = watch_look(w, v->files, RETRY_AFTER_MS, take_file, a, error);
        if (status == VDB_OK)
            interrupt_sleep(LOOK_EVERY_MS);
    }
    watch_free(w);
    return status;
}

static vdb_status check_names(const document_values *v, vdb_error *error)
{
    bool several = v->files[1] != NULL;
    if (several && v->name != NULL)
        return error_set(error, VDB_USAGE, "Add the files one by one, or leave --name out.",
                         "--name cannot name several files");
    for (const char *const *path = v->files; *path != NULL; path++) {
        if (strcmp(*path, "-") == 0 && v->name == NULL)
            return error_set(error, VDB_USAGE, "Write --name NAME.", "a document from standard input needs a name");
        if (strcmp(*path, "-") == 0 && v->watch != NULL)
            return error_set(error, VDB_USAGE, "Name a file or a folder.", "standard input cannot be watched");
        struct stat about;
        if (v->name != NULL && stat(*path, &about) == 0 && S_ISDIR(about.st_mode))
            return error_set(error, VDB_USAGE, "Leave --name out.", "--name cannot name the files of a folder");
    }
    return VDB_OK;
}

vdb_status run_document_add(cli_call *call, vdb_error *error)
{
    const document_values *v = call->values;
    vdb_status status = check_names(v, error);
    if (status != VDB_OK)
        return status;
    adding a = { .call = call };
    interrupt_watch();
    stored_begin(&a.out, call, false);
    status = v->watch != NULL ? add_for_ever(&a, error) : add_once(&a, error);
    vdb_status failed = stored_end(&a.out, a.several, error);
    return status == VDB_OK ? failed : status;
}
