#include "cli/display.h"
#include "cli/output.h"
#include "cli/values.h"
#include "cli/words.h"
#include "store/records.h"

#include <math.h>
#include <string.h>

/* Microseconds are as fine as a clock is worth reading. */
static double rounded(double milliseconds)
{
    return round(milliseconds * 1000) / 1000;
}

static void write_hit(json_writer *w, const vdb_search_hit *hit, const search_values *v)
{
    json_open(w, NULL, '{');
    output_members(w, &search_hit_record, hit);
    if (v->neighbours != NULL) {
        json_text(w, "before", hit->before);
        json_text(w, "after", hit->after);
    }
    if (v->explain != NULL) {
        json_integer_member(w, "vector_rank", hit->vector_rank);
        json_integer_member(w, "word_rank", hit->word_rank);
        json_number(w, "word_score", hit->word_score);
    }
    json_close(w, '}');
}

static void print_json(const cli_call *call, const char *question, const vdb_search_result *found)
{
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_text(&w, "domain_uuid", vdb_tenant_uuid(call->tenant));
    json_text(&w, "question", question);
    json_text(&w, "verdict", found->verdict);
    json_text(&w, "mode", found->mode);
    json_text(&w, "left_out", found->left_out);
    json_text(&w, "embedding_model", found->embedding_model);
    json_text(&w, "embedded", found->embedded);
    json_text(&w, "strategy", found->strategy);
    json_open(&w, "took_ms", '{');
    json_number(&w, "embed", rounded(found->embed_ms));
    json_number(&w, "search", rounded(found->search_ms));
    json_number(&w, "total", rounded(found->total_ms));
    json_close(&w, '}');
    json_open(&w, "results", '[');
    for (size_t i = 0; i < found->count; i++)
        write_hit(&w, &found->hits[i], call->values);
    json_close(&w, ']');
    json_integer_member(&w, "duplicates", (int64_t)found->duplicates);
    json_integer_member(&w, "below_threshold", (int64_t)found->below_threshold);
    if (found->below_threshold > 0)
        json_number(&w, "best_below_threshold", found->best_below_threshold);
    else
        json_raw(&w, "best_below_threshold", NULL);
    if (((const search_values *)call->values)->explain != NULL) {
        json_raw(&w, "vector_plan", found->vector_plan);
        json_raw(&w, "words_plan", found->words_plan);
    }
    json_close(&w, '}');
}

static const char indent[] = "   ";

/* One line of a passage, broken between words where the terminal ends; a table's row would lose its sense. */
static void print_line(char *line, size_t columns)
{
    size_t room = columns > sizeof indent ? columns - (sizeof indent - 1) : 0;
    size_t used = 0;
    bool whole = room == 0 || line[0] == '|' || display_width(line) <= room;
    for (char *word = line, *rest = NULL; !whole && (word = strtok_r(word, " ", &rest)) != NULL; word = NULL) {
        size_t width = display_width(word);
        bool fits = used == 0 || used + 1 + width <= room;
        printf("%s%s", used == 0 ? indent : fits ? " " : "\n   ", word);
        used = used == 0 || !fits ? width : used + 1 + width;
    }
    if (whole && line[0] != '\0')
        printf("%s%s", indent, line);
    putchar('\n');
}

static void print_text(const cli_call *call, const char *text)
{
    char *content = text == NULL ? NULL : display_clean(call->memory, text, true);
    for (char *line = content; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        print_line(line, display_columns());
        line = end == NULL ? NULL : end + 1;
    }
}

/* "similarity 0.412, place 1; words 71 %, place 2, BM25 3.20; fused 0.0206" */
static void print_scores(const vdb_search_result *found, const vdb_search_hit *hit)
{
    const char *between = "";
    printf("%s", indent);
    if (hit->vector_rank > 0 || !isnan(hit->similarity))
        printf("similarity %.3f", hit->similarity), between = "; ";
    if (hit->vector_rank > 0)
        printf(", place %lld", (long long)hit->vector_rank);
    if (hit->word_rank > 0)
        printf("%swords %.0f %%, place %lld, BM25 %.2f", between, 100 * hit->word_share, (long long)hit->word_rank,
               hit->word_score);
    if (strcmp(found->mode, "hybrid") == 0)
        printf("; fused %.4f", hit->score);
    putchar('\n');
}

static void print_hit(const cli_call *call, const vdb_search_result *found, size_t rank)
{
    const search_values *v = call->values;
    const vdb_search_hit *hit = &found->hits[rank - 1];
    const char *name = display_clean(call->memory, hit->document_name, false);
    bool known = !isnan(hit->similarity);
    printf("%zu. %.3f  %s, passage %lld\n", rank, known ? hit->similarity : hit->word_share, name == NULL ? "" : name,
           (long long)hit->chunk_index);
    if (v->explain != NULL)
        print_scores(found, hit);
    print_text(call, hit->before);
    print_text(call, hit->content);
    print_text(call, hit->after);
    putchar('\n');
}

/* A plan as PostgreSQL tells it, below a line that says of what. */
static void tell_explained(const cli_call *call, const char *what, const char *plan)
{
    char *copy = plan == NULL ? NULL : arena_copy_string(call->memory, plan);
    if (copy == NULL)
        return;
    output_note(call, "plan %s:", what);
    for (char *rest = NULL, *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        output_note(call, "%s%s", indent, line);
}

static void tell_plan(const cli_call *call, const vdb_search_result *found)
{
    bool vector = strcmp(found->mode, "lexical") != 0;
    output_note(call, "vector: %s, model %s, embedding %s in %.1f ms", vector ? found->strategy : "not used",
                found->embedding_model[0] == '\0' ? "none" : found->embedding_model, found->embedded, found->embed_ms);
    output_note(call, "words: %s", strcmp(found->mode, "vector") == 0 ? "not used" : "v_voice_document_terms, BM25");
    output_note(call, "%zu of the rest say the same as a better one, %zu are not good enough", found->duplicates,
                found->below_threshold);
    tell_explained(call, "by vector", found->vector_plan);
    tell_explained(call, "by words", found->words_plan);
}

static void tell_summary(const cli_call *call, const vdb_search_result *found)
{
    const search_values *v = call->values;
    if (v->explain != NULL && strcmp(found->mode, "off") != 0)
        tell_plan(call, found);
    output_note(call, "%zu passage%s (%s, %s, question embedded in %.1f ms, searched in %.1f ms)", found->count,
                found->count == 1 ? "" : "s", found->mode, found->strategy, found->embed_ms, found->search_ms);
    if (found->left_out != NULL)
        output_note(call, "without %s", found->left_out);
    if (strcmp(found->verdict, "not_good_enough") == 0)
        output_note(call, "hint: Lower --threshold to see the %zu that are less similar; the best of them has %.3f.",
                    found->below_threshold, found->best_below_threshold);
}

static vdb_search_mode mode_of(const char *name)
{
    int mode = VDB_SEARCH_AUTO;
    while (name != NULL && strcmp(name, cli_search_modes[mode]) != 0)
        mode++;
    return (vdb_search_mode)mode;
}

vdb_status run_search(cli_call *call, vdb_error *error)
{
    const search_values *v = call->values;
    vdb_search_request request = {
        .question = words_join(call->memory, v->question),
        .secretary = v->secretary,
        .top = (int)or_zero(v->top),
        .threshold = v->threshold,
        .mode = mode_of(v->mode),
        .documents = v->documents,
        .document_types = v->types,
        .metadata = v->metadata,
        .neighbours = (int)or_zero(v->neighbours),
        .deadline_ms = (int)or_zero(v->deadline),
        .keep_duplicates = v->duplicates != NULL,
        .explain = v->explain == NULL ? VDB_EXPLAIN_NOT
                   : call->json       ? VDB_EXPLAIN_JSON
                                      : VDB_EXPLAIN_TEXT,
    };
    if (request.question == NULL)
        return error_memory(error);
    vdb_search_result *found;
    vdb_status status = vdb_search(call->tenant, &request, &found, error);
    if (status != VDB_OK)
        return status;
    if (call->json)
        print_json(call, request.question, found);
    for (size_t i = 1; i <= found->count && !call->json; i++)
        print_hit(call, found, i);
    tell_summary(call, found);
    vdb_search_free(found);
    return VDB_OK;
}
