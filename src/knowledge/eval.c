#include "knowledge/eval.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/tenant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int eval_cuts[EVAL_CUTS] = { 1, 3, 5, EVAL_DEPTH };

enum { MISSED_CUT = 2 /* of eval_cuts: five */ };

static bool is_right(arena *memory, const vdb_search_hit *hit, const eval_expected *wanted)
{
    bool document = wanted->document == NULL || strcmp(wanted->document, hit->document_name) == 0 ||
                    strcmp(wanted->document, hit->document_uuid) == 0;
    if (!document || wanted->passage == NULL)
        return document;
    const char *folded = text_fold(memory, hit->content, strlen(hit->content));
    return folded != NULL && strstr(folded, wanted->passage) != NULL;
}

/* What one answer is worth. */
typedef struct worth {
    double recall[EVAL_CUTS];
    double reciprocal, gain, ideal;
} worth;

/* Each expected passage counts once, for the first hit that has it; a hit counts once too. */
static worth judge(const eval_question *q, const vdb_search_result *found)
{
    worth w = { .reciprocal = 0 };
    arena *memory = arena_new();
    bool *seen = calloc(q->expected_count, sizeof *seen);
    for (size_t rank = 1; memory != NULL && seen != NULL && rank <= found->count; rank++) {
        bool right = false;
        for (size_t i = 0; i < q->expected_count; i++) {
            if (seen[i] || !is_right(memory, &found->hits[rank - 1], &q->expected[i]))
                continue;
            seen[i] = right = true;
            for (int cut = 0; cut < EVAL_CUTS; cut++)
                w.recall[cut] += rank <= (size_t)eval_cuts[cut] ? 1.0 / (double)q->expected_count : 0;
        }
        if (right && w.reciprocal == 0)
            w.reciprocal = 1.0 / (double)rank;
        w.gain += right ? 1 / log2((double)rank + 1) : 0;
    }
    for (size_t rank = 1; rank <= q->expected_count && rank <= EVAL_DEPTH; rank++)
        w.ideal += 1 / log2((double)rank + 1);
    free(seen);
    arena_free(memory);
    return w;
}

static void add(eval_means *m, const worth *w)
{
    m->questions++;
    for (int cut = 0; cut < EVAL_CUTS; cut++)
        m->recall[cut] += w->recall[cut];
    m->mrr += w->reciprocal;
    m->ndcg += w->gain / w->ideal;
}

static void divide(eval_means *m)
{
    double questions = m->questions > 0 ? (double)m->questions : 1;
    for (int cut = 0; cut < EVAL_CUTS; cut++)
        m->recall[cut] /= questions;
    m->mrr /= questions;
    m->ndcg /= questions;
}

static eval_means *means_of_kind(eval_run *run, const char *kind)
{
    for (size_t i = 0; i < run->kind_count; i++) {
        if (strcmp(run->kinds[i].kind, kind) == 0)
            return &run->kinds[i].means;
    }
    run->kinds[run->kind_count].kind = kind;
    return &run->kinds[run->kind_count++].means;
}

static void count_answer(eval_run *run, const eval_question *q, const vdb_search_result *found, size_t *missed)
{
    if (q->expected_count == 0) {
        run->foreign++;
        run->answered += found->count > 0;
        return;
    }
    const worth w = judge(q, found);
    add(&run->all, &w);
    if (q->kind != NULL)
        add(means_of_kind(run, q->kind), &w);
    if (w.recall[MISSED_CUT] < 1 - 1e-9)
        run->missed[(*missed)++] = q->question;
}

/* ---- times ------------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The nearest rank; `times` are ascending. */
static double percentile(const double *times, size_t count, double share)
{
    size_t rank = (size_t)ceil(share * (double)count);
    return count == 0 ? 0 : times[rank > 0 ? rank - 1 : 0];
}

static void take_times(eval_run *run, double *times, size_t count)
{
    qsort(times, count, sizeof *times, ascending);
    run->p50_ms = percentile(times, count, 0.5);
    run->p90_ms = percentile(times, count, 0.9);
    run->p99_ms = percentile(times, count, 0.99);
    run->max_ms = percentile(times, count, 1);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

typedef struct asking {
    vdb_tenant *tenant;
    const eval_set *set;
    const eval_options *options;
    eval_run *run;
    double *times;
    size_t asked, missed;
} asking;

static vdb_status ask(asking *a, const eval_question *q, bool judged, vdb_error *error)
{
    const vdb_search_request asked = {
        .question = q->question,
        .secretary = q->secretary != NULL ? q->secretary : a->options->secretary,
        .threshold = a->options->threshold,
        .top = EVAL_DEPTH,
        .mode = a->options->mode,
    };
    static const vdb_search_result nothing;
    vdb_search_result *found = NULL;
    double started = clock_ms();
    vdb_status status = vdb_search(a->tenant, &asked, &found, error);
    bool wordless = status == VDB_BAD_INPUT && asked.mode == VDB_SEARCH_LEXICAL;
    if (status != VDB_OK && !wordless) {
        if (error != NULL && error->detail[0] == '\0')
            error_detail(error, "the question \"%s\"", q->question);
        return status;
    }
    a->times[a->asked++] = clock_ms() - started;
    if (judged)
        count_answer(a->run, q, found == NULL ? &nothing : found, &a->missed);
    vdb_search_free(found);
    return VDB_OK;
}

static vdb_status ask_all(asking *a, vdb_error *error)
{
    const eval_options *o = a->options;
    for (int round = 0; round < o->rounds; round++) {
        for (size_t i = 0; i < a->set->count; i++) {
            vdb_status status = ask(a, &a->set->questions[i], round == 0, error);
            if (status != VDB_OK)
                return status;
            if (o->progress != NULL &&
                !o->progress(o->context, (int64_t)a->asked, (int64_t)(a->set->count * (size_t)o->rounds)))
                return error_set(error, VDB_USAGE, "Run it again.", "stopped");
        }
    }
    return VDB_OK;
}

vdb_status eval_ask(vdb_tenant *tenant, const eval_set *set, const eval_options *options, eval_run *run,
                    vdb_error *error)
{
    size_t questions = set->count;
    *run = (eval_run){ .mode = options->mode };
    run->kinds = arena_array(set->memory, questions + 1, sizeof *run->kinds);
    run->missed = arena_array(set->memory, questions + 1, sizeof *run->missed);
    asking a = { .tenant = tenant, .set = set, .options = options, .run = run };
    a.times = arena_array(set->memory, questions * (size_t)options->rounds + 1, sizeof *a.times);
    if (run->kinds == NULL || run->missed == NULL || a.times == NULL)
        return error_memory(error);
    vdb_status status = ask_all(&a, error);
    if (status != VDB_OK)
        return status;
    divide(&run->all);
    for (size_t i = 0; i < run->kind_count; i++)
        divide(&run->kinds[i].means);
    take_times(run, a.times, a.asked);
    return VDB_OK;
}
