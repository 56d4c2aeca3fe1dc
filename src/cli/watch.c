#include "cli/watch.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

typedef struct state {
    found_file *file; /* of the look */
    bool told;        /* as it was at that look */
    double retry_at;  /* on clock_ms(); 0: the sink took it */
} state;

struct watch {
    file_list files; /* of the last look, by path */
    state *states;
    bool looked;
};

watch *watch_new(void)
{
    return calloc(1, sizeof(watch));
}

void watch_free(watch *w)
{
    if (w == NULL)
        return;
    files_free(&w->files);
    free(w->states);
    free(w);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const found_file *)a)->path, ((const found_file *)b)->path);
}

static const state *find(const watch *w, const found_file *file)
{
    const found_file *found =
        w->files.count == 0 ? NULL : bsearch(file, w->files.items, w->files.count, sizeof *file, by_path);
    return found == NULL ? NULL : &w->states[found - w->files.items];
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What is known of the file at this look, and whether it is to be told of. */
static bool judge(const watch *w, state *now)
{
    const state *before = find(w, now->file);
    bool still = before != NULL && same(&before->file->about, &now->file->about);
    if (still)
        now->told = before->told;
    if (still && before->told && before->retry_at != 0) {
        now->retry_at = before->retry_at;
        return clock_ms() >= before->retry_at;
    }
    return !now->told && (still || !w->looked);
}

vdb_status watch_look(watch *w, const char *const *paths, int retry_ms, watch_sink sink, void *context,
                      vdb_error *error)
{
    watch new = { .looked = true };
    vdb_status status = files_find(paths, &new.files, error);
    new.states = status == VDB_OK ? calloc(new.files.count + 1, sizeof *new.states) : NULL;
    bool *due = status == VDB_OK ? calloc(new.files.count + 1, sizeof *due) : NULL;
    if (new.states == NULL || due == NULL) {
        files_free(&new.files);
        free(new.states);
        free(due);
        return status == VDB_OK ? error_memory(error) : status;
    }
    file_turn turn = { 0 };
    if (new.files.count > 0)
        qsort(new.files.items, new.files.count, sizeof *new.files.items, by_path);
    for (size_t i = 0; i < new.files.count; i++) {
        new.states[i].file = &new.files.items[i];
        due[i] = judge(w, &new.states[i]);
        turn.count += due[i] ? 1 : 0;
        turn.bytes += due[i] ? new.files.items[i].about.st_size : 0;
    }
    watch_answer answer = WATCH_TAKEN;
    for (size_t i = 0; answer != WATCH_STOP && i < new.files.count; i++) {
        if (!due[i])
            continue;
        turn.place++;
        answer = sink(context, new.states[i].file, &turn);
        turn.bytes_before += new.files.items[i].about.st_size;
        new.states[i].told = true;
        new.states[i].retry_at = answer == WATCH_TAKEN ? 0 : clock_ms() + retry_ms;
    }
    free(due);
    files_free(&w->files);
    free(w->states);
    *w = new;
    return status;
}
