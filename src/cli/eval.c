#include "knowledge/eval.h"
#include "base/json.h"
#include "cli/display.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_SAVED = 1 << 20, MODES = 3, GUARDED_CUT = 2 /* of eval_cuts: five */ };

static const double tolerated = 0.01;

static const char *name_of(const eval_run *run)
{
    return cli_search_modes[run->mode];
}

/* ---- JSON, which is also what is compared with later ---------------------------------------------------------------
 */

static double rounded(double number)
{
    return round(number * 1e4) / 1e4;
}

static void write_means(json_writer *w, const eval_means *m)
{
    json_integer_member(w, "questions", (int64_t)m->questions);
    json_open(w, "recall", '{');
    for (int cut = 0; cut < EVAL_CUTS; cut++) {
        char name[12];
        snprintf(name, sizeof name, "%d", eval_cuts[cut]);
        json_number(w, name, rounded(m->recall[cut]));
    }
    json_close(w, '}');
    json_number(w, "mrr", rounded(m->mrr));
    json_number(w, "ndcg", rounded(m->ndcg));
}

static void write_run(json_writer *w, const eval_run *run)
{
    json_open(w, NULL, '{');
    json_text(w, "mode", name_of(run));
    write_means(w, &run->all);
    json_open(w, "kinds", '[');
    for (size_t i = 0; i < run->kind_count; i++) {
        json_open(w, NULL, '{');
        json_text(w, "kind", run->kinds[i].kind);
        write_means(w, &run->kinds[i].means);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_integer_member(w, "foreign_questions", (int64_t)run->foreign);
    json_integer_member(w, "foreign_answered", (int64_t)run->answered);
    json_open(w, "took_ms", '{');
    json_number(w, "p50", rounded(run->p50_ms));
    json_number(w, "p90", rounded(run->p90_ms));
    json_number(w, "p99", rounded(run->p99_ms));
    json_number(w, "max", rounded(run->max_ms));
    json_close(w, '}');
    json_open(w, "missed", '[');
    for (const char **missed = run->missed; missed != NULL && *missed != NULL; missed++)
        json_text(w, NULL, *missed);
    json_close(w, ']');
    json_close(w, '}');
}

/* ---- a table -------------------------------------------------------------------------------------------------------
 */

typedef struct line {
    const char *mode, *kind;
    int64_t questions;
    double recall_1, recall_3, recall_5, recall_10, mrr, ndcg;
    const char *foreign, *p50, *p99;
} line;

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(line, member)                                                                  \
    }
static const field line_fields[] = {
    F(TEXT, mode),      F(TEXT, kind), F(INTEGER, questions), F(REAL, recall_1), F(REAL, recall_3), F(REAL, recall_5),
    F(REAL, recall_10), F(REAL, mrr),  F(REAL, ndcg),         F(TEXT, foreign),  F(TEXT, p50),      F(TEXT, p99),
};
#undef F
static const record line_record = { sizeof(line), sizeof line_fields / sizeof line_fields[0], line_fields };

static line make_line(const eval_run *run, const char *kind, const eval_means *m)
{
    return (line){ .mode = name_of(run),
                   .kind = kind,
                   .questions = (int64_t)m->questions,
                   .recall_1 = m->recall[0],
                   .recall_3 = m->recall[1],
                   .recall_5 = m->recall[2],
                   .recall_10 = m->recall[3],
                   .mrr = m->mrr,
                   .ndcg = m->ndcg };
}

static vdb_status print_table(cli_call *call, const eval_run *runs, size_t count, vdb_error *error)
{
    size_t used = 0, room = 0;
    for (size_t i = 0; i < count; i++)
        room += 1 + runs[i].kind_count;
    line *lines = arena_array(call->memory, room, sizeof *lines);
    if (lines == NULL)
        return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        const eval_run *run = &runs[i];
        line *whole = &lines[used++];
        *whole = make_line(run, "all", &run->all);
        whole->foreign = arena_printf(call->memory, "%zu of %zu", run->answered, run->foreign);
        whole->p50 = arena_printf(call->memory, "%.2f ms", run->p50_ms);
        whole->p99 = arena_printf(call->memory, "%.2f ms", run->p99_ms);
        for (size_t k = 0; k < run->kind_count; k++)
            lines[used++] = make_line(run, run->kinds[k].kind, &run->kinds[k].means);
    }
    output_table(call, &line_record, lines, used,
                 "mode kind questions recall_1 recall_3 recall_5 recall_10 mrr ndcg foreign p50 p99");
    return VDB_OK;
}

static void tell_missed(const cli_call *call, const eval_run *run)
{
    for (const char **missed = run->missed; *missed != NULL; missed++)
        output_note(call, "not among the first five (%s): %s", name_of(run),
                    display_clean(call->memory, *missed, false));
}

/* ---- comparison ----------------------------------------------------------------------------------------------------
 */

static const json_t *saved_run(const json_t *saved, const char *mode)
{
    const json_t *run;
    size_t i;
    json_array_foreach(json_object_get(saved, "runs"), i, run)
    {
        const char *name = json_string_value(json_object_get(run, "mode"));
        if (name != NULL && strcmp(name, mode) == 0)
            return run;
    }
    return NULL;
}

/* What has dropped, appended to the error's detail. */
typedef struct comparison {
    double tolerance;
    size_t compared, dropped;
    char text[400];
} comparison;

static void compare_figure(comparison *c, const char *mode, const char *figure, const json_t *before, double now)
{
    if (!json_is_number(before))
        return;
    c->compared++;
    if (rounded(now) >= json_number_value(before) - c->tolerance - 1e-9)
        return;
    size_t length = strlen(c->text);
    snprintf(c->text + length, sizeof c->text - length, "%s%s %s %.4f, was %.4f", c->dropped++ == 0 ? "" : "; ", mode,
             figure, now, json_number_value(before));
}

static void compare_run(comparison *c, const eval_run *run, const json_t *before)
{
    const char *mode = name_of(run);
    const json_t *recall = json_object_get(before, "recall");
    compare_figure(c, mode, "recall@5", json_object_get(recall, "5"), run->all.recall[GUARDED_CUT]);
    compare_figure(c, mode, "MRR", json_object_get(before, "mrr"), run->all.mrr);
    compare_figure(c, mode, "nDCG", json_object_get(before, "ndcg"), run->all.ndcg);
}

static vdb_status tell_nothing_saved(const char *path, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Give a file that `voicedb --json eval` has printed.",
                     "%s holds no figure to compare with", path);
}

static vdb_status read_saved(cli_call *call, const char *path, json_t **saved, vdb_error *error)
{
    const char *text;
    vdb_status status = cli_read_file(call->memory, path, LARGEST_SAVED, &text, error);
    if (status != VDB_OK)
        return status;
    *saved = json_parse_object(text, "the saved evaluation", error);
    if (*saved == NULL)
        return VDB_BAD_INPUT;
    return json_array_size(json_object_get(*saved, "runs")) == 0 ? tell_nothing_saved(path, error) : VDB_OK;
}

static vdb_status compare(const json_t *saved, const eval_values *v, const eval_run *runs, size_t count,
                          vdb_error *error)
{
    comparison c = { .tolerance = v->tolerance == NULL ? tolerated : *v->tolerance };
    for (size_t i = 0; i < count; i++)
        compare_run(&c, &runs[i], saved_run(saved, name_of(&runs[i])));
    if (c.compared == 0)
        return tell_nothing_saved(v->compare, error);
    if (c.dropped == 0)
        return VDB_OK;
    error_set(error, VDB_WORSE, "Look at the questions that are missed now, and at what has changed since.",
              "%zu of %zu figures have dropped by more than %g", c.dropped, c.compared, c.tolerance);
    error_detail(error, "%s", c.text);
    return VDB_WORSE;
}

/* ---- the command ---------------------------------------------------------------------------------------------------
 */

static vdb_status ask_ways(cli_call *call, const eval_set *set, eval_run runs[MODES], size_t *count, vdb_error *error)
{
    static const vdb_search_mode all[MODES] = { VDB_SEARCH_VECTOR, VDB_SEARCH_LEXICAL, VDB_SEARCH_HYBRID };
    const eval_values *v = call->values;
    for (int i = 0; i < MODES; i++) {
        progress bar;
        eval_options options = {
            .mode = all[i],
            .secretary = v->secretary,
            .threshold = v->threshold,
            .rounds = v->rounds == NULL ? 1 : (int)*v->rounds,
            .progress = progress_step,
            .context = &bar,
        };
        if (v->mode != NULL && strcmp(v->mode, cli_search_modes[all[i]]) != 0)
            continue;
        progress_begin(&bar, "eval", call->json);
        vdb_status status = eval_ask(call->tenant, set, &options, &runs[*count], error);
        progress_end(&bar);
        if (status != VDB_OK)
            return status;
        ++*count;
    }
    return VDB_OK;
}

static vdb_status print_runs(cli_call *call, const eval_run *runs, size_t count, vdb_error *error)
{
    if (!call->json) {
        vdb_status status = print_table(call, runs, count, error);
        tell_missed(call, &runs[count - 1]);
        return status;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_text(&w, "domain_uuid", vdb_tenant_uuid(call->tenant));
    json_open(&w, "runs", '[');
    for (size_t i = 0; i < count; i++)
        write_run(&w, &runs[i]);
    json_close(&w, ']');
    json_close(&w, '}');
    return VDB_OK;
}

vdb_status run_eval(cli_call *call, vdb_error *error)
{
    const eval_values *v = call->values;
    eval_set set = { .memory = call->memory };
    eval_run runs[MODES] = { 0 };
    size_t count = 0;
    json_t *saved = NULL;
    vdb_status status = v->compare == NULL ? VDB_OK : read_saved(call, v->compare, &saved, error);
    for (const char *const *file = v->files; status == VDB_OK && *file != NULL; file++)
        status = eval_read(&set, *file, error);
    interrupt_watch();
    if (status == VDB_OK)
        status = ask_ways(call, &set, runs, &count, error);
    if (status == VDB_OK)
        status = print_runs(call, runs, count, error);
    if (status == VDB_OK && saved != NULL)
        status = compare(saved, v, runs, count, error);
    json_decref(saved);
    eval_free(&set);
    return status;
}
