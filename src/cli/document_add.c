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
    progress bar;   /* of all files */
    char title[64];
    file_turn turn;
    int64_t bytes; /* of the file */
    int64_t passages;
} adding;

/* "37/120 documents [###   ]  31 %  3.1 of 10.0 MB, 812 passages  manual.md"; of one file its name, with no more
 * behind. */
static void begin_bar(adding *a, const found_file *found, const file_turn *turn)
{
    const char *name = display_clean(a->call->memory, found->path, false);
    a->turn = *turn;
    a->bytes = found->about.st_size;
    if (turn->count < 2) {
        progress_begin(&a->bar, name == NULL ? "" : name, a->call->json);
        return;
    }
    if (turn->place == 1) {
        progress_begin(&a->bar, a->title, a->call->json);
        a->passages = 0;
    }
    bool large = turn->bytes >= 1000000;
    double unit = large ? 1e6 : 1e3;
    snprintf(a->title, sizeof a->title, "%zu/%zu documents", turn->place - 1, turn->count);
    snprintf(a->bar.behind, sizeof a->bar.behind, "  %.1f of %.1f %s, %lld passages  %s",
             (double)turn->bytes_before / unit, (double)turn->bytes / unit, large ? "MB" : "kB", (long long)a->passages,
             name == NULL ? "" : name);
    a->bar.done = turn->bytes_before;
    progress_show(&a->bar);
}

/* A vdb_progress: of all files' bytes. */
static bool step(void *context, int64_t done, int64_t total)
{
    adding *a = context;
    if (a->turn.count < 2)
        return progress_step(&a->bar, done, total);
    double part = total > 0 ? (double)done / (double)total : 0;
    return progress_step(&a->bar, a->turn.bytes_before + (int64_t)(part * (double)a->bytes), a->turn.bytes);
}

static vdb_status add_file(adding *a, const found_file *found, const file_turn *turn, vdb_error *error)
{
    const document_values *v = a->call->values;
    vdb_document_file file = {
        .path = found->path,
        .document_name = v->name != NULL ? v->name : found->name,
        .secretary = v->secretary,
        .max_bytes = or_zero(v->max_bytes),
        .chunk_tokens = or_zero(v->chunk_tokens),
        .overlap_tokens = or_zero(v->overlap_tokens),
    };
    vdb_document_added added;
    begin_bar(a, found, turn);
    vdb_status status = vdb_document_add_file(a->call->tenant, &file, step, a, &added, error);
    if (turn->place == turn->count || interrupt_came())
        progress_end(&a->bar);
    else
        progress_hide(&a->bar);
    if (status == VDB_OK) {
        stored_print(&a->out, found->path, &added);
        a->passages += added.chunk_count;
    }
    return status;
}

/* What fails whatever the file is: there is no use in trying the others. */
static bool ends_all(vdb_status status)
{
    return interrupt_came() || status == VDB_UNREACHABLE || status == VDB_SCHEMA;
}

/* A watch_sink. */
static watch_answer take_file(void *context, const found_file *file, const file_turn *turn)
{
    adding *a = context;
    error_clear(&a->last);
    vdb_status status = interrupt_came() ? VDB_USAGE : add_file(a, file, turn, &a->last);
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
    file_turn turn = { .count = list.count };
    for (size_t i = 0; i < list.count; i++)
        turn.bytes += list.items[i].about.st_size;
    for (size_t i = 0; status == VDB_OK && i < list.count; i++) {
        turn.place++;
        if (take_file(a, &list.items[i], &turn) == WATCH_STOP)
            break;
        turn.bytes_before += list.items[i].about.st_size;
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
