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

static void print_json(const cli_call *call, const char *question, const vdb_search_result *found)
{
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_text(&w, "domain_uuid", vdb_tenant_uuid(call->tenant));
    json_text(&w, "question", question);
    json_text(&w, "embedding_model", found->embedding_model);
    json_text(&w, "strategy", found->strategy);
    json_open(&w, "took_ms", '{');
    json_number(&w, "embed", rounded(found->embed_ms));
    json_number(&w, "search", rounded(found->search_ms));
    json_close(&w, '}');
    output_array(&w, "results", &search_hit_record, found->hits, found->count);
    json_integer_member(&w, "below_threshold", (int64_t)found->below_threshold);
    if (found->below_threshold > 0)
        json_number(&w, "best_below_threshold", found->best_below_threshold);
    else
        json_raw(&w, "best_below_threshold", NULL);
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

static void print_hit(const cli_call *call, size_t rank, const vdb_search_hit *hit)
{
    const char *name = display_clean(call->memory, hit->document_name, false);
    char *content = display_clean(call->memory, hit->content, true);
    printf("%zu. %.3f  %s, passage %lld\n", rank, hit->similarity, name == NULL ? "" : name,
           (long long)hit->chunk_index);
    for (char *line = content; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        print_line(line, display_columns());
        line = end == NULL ? NULL : end + 1;
    }
    putchar('\n');
}

static void tell_summary(const cli_call *call, const vdb_search_result *found)
{
    output_note(call, "%zu passage%s (%s, question embedded in %.1f ms, searched in %.1f ms)", found->count,
                found->count == 1 ? "" : "s", found->strategy, found->embed_ms, found->search_ms);
    if (found->count == 0 && found->below_threshold > 0)
        output_note(call, "hint: Lower --threshold to see the %zu that are less similar; the best of them has %.3f.",
                    found->below_threshold, found->best_below_threshold);
}

vdb_status run_search(cli_call *call, vdb_error *error)
{
    const search_values *v = call->values;
    vdb_search_request request = {
        .question = words_join(call->memory, v->question),
        .secretary = v->secretary,
        .top = v->top == NULL ? 0 : (int)*v->top,
        .threshold = v->threshold,
    };
    if (request.question == NULL)
        return error_memory(error);
    vdb_search_result *found;
    vdb_status status = vdb_search(call->tenant, &request, &found, error);
    if (status != VDB_OK)
        return status;
    if (call->json)
        print_json(call, request.question, found);
    for (size_t i = 0; i < found->count && !call->json; i++)
        print_hit(call, i + 1, &found->hits[i]);
    tell_summary(call, found);
    vdb_search_free(found);
    return VDB_OK;
}
