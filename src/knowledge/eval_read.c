/* Files of questions whose answers are known. */
#include "base/json.h"
#include "base/text.h"
#include "knowledge/eval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

static const char hint[] =
    "Give lines like {\"question\": \"…\", \"document\": \"prices.md\", \"answer_contains\": \"…\"}.";

/* `*text` is NULL when the member is missing or null. False: it is no text, or an empty one. */
static bool read_text(arena *memory, const json_t *object, const char *name, const char **text)
{
    const json_t *value = json_object_get(object, name);
    *text = NULL;
    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    *text = arena_copy_string(memory, json_string_value(value));
    return *text != NULL;
}

/* One passage, by its document, by what it contains, or by both. */
static bool read_expected(arena *memory, const json_t *object, eval_expected *expected)
{
    const char *passage;
    if (!read_text(memory, object, "document", &expected->document) ||
        !read_text(memory, object, "answer_contains", &passage))
        return false;
    expected->passage = passage == NULL ? NULL : text_fold(memory, passage, strlen(passage));
    return expected->document != NULL || (expected->passage != NULL && expected->passage[0] != '\0');
}

static bool read_expected_list(arena *memory, const json_t *list, eval_question *q)
{
    size_t count = json_array_size(list);
    eval_expected *all = arena_array(memory, count + 1, sizeof *all);
    for (size_t i = 0; all != NULL && i < count; i++) {
        if (!read_expected(memory, json_array_get(list, i), &all[i]))
            return false;
    }
    q->expected = all;
    q->expected_count = count;
    return all != NULL && count > 0;
}

static bool read_documents(arena *memory, const json_t *list, eval_question *q)
{
    size_t count = json_array_size(list);
    eval_expected *all = arena_array(memory, count + 1, sizeof *all);
    for (size_t i = 0; all != NULL && i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name == NULL)
            return false;
        all[i].document = arena_copy_string(memory, name);
    }
    q->expected = all;
    q->expected_count = count;
    return all != NULL && count > 0;
}

/* NULL: it is as it should be. */
static const char *read_question(arena *memory, const json_t *line, eval_question *q)
{
    *q = (eval_question){ 0 };
    if (!read_text(memory, line, "question", &q->question) || q->question == NULL)
        return "`question` must be a text";
    if (!read_text(memory, line, "kind", &q->kind) || !read_text(memory, line, "secretary", &q->secretary))
        return "`kind` and `secretary` must be texts";
    const json_t *expected = json_object_get(line, "expected"), *documents = json_object_get(line, "documents");
    if (json_is_true(json_object_get(line, "nothing")))
        return NULL;
    if (expected != NULL)
        return read_expected_list(memory, expected, q) ? NULL : "`expected` must be a list of passages";
    if (documents != NULL)
        return read_documents(memory, documents, q) ? NULL : "`documents` must be a list of names";
    eval_expected *one = arena_alloc(memory, sizeof *one);
    q->expected = one;
    q->expected_count = 1;
    if (one == NULL || !read_expected(memory, line, one))
        return "it does not say what answers the question (`document`, `answer_contains`, `expected` or `nothing`)";
    return NULL;
}

static bool add(eval_set *set, const eval_question *q)
{
    if (set->count == set->room) {
        size_t room = set->room == 0 ? FIRST_ROOM : 2 * set->room;
        eval_question *questions = realloc(set->questions, room * sizeof *questions);
        if (questions == NULL)
            return false;
        set->questions = questions;
        set->room = room;
    }
    set->questions[set->count++] = *q;
    return true;
}

static vdb_status read_line(eval_set *set, const char *path, long number, const char *text, vdb_error *error)
{
    eval_question q;
    json_t *line = json_parse_object(text, "a line", NULL);
    if (line == NULL)
        return error_set(error, VDB_BAD_INPUT, hint, "%s, line %ld: it is no JSON object", path, number);
    const char *wrong = read_question(set->memory, line, &q);
    json_decref(line);
    if (wrong != NULL)
        return error_set(error, VDB_BAD_INPUT, hint, "%s, line %ld: %s", path, number, wrong);
    return add(set, &q) ? VDB_OK : error_memory(error);
}

vdb_status eval_read(eval_set *set, const char *path, vdb_error *error)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return error_set(error, VDB_BAD_INPUT, "Give a file that can be read.", "%s: %s", path, strerror(errno));
    vdb_status status = VDB_OK;
    char *line = NULL;
    size_t room = 0, before = set->count;
    long number = 1;
    for (; status == VDB_OK && getline(&line, &room, file) >= 0; number++) {
        if (line[strspn(line, " \t\r\n")] != '\0')
            status = read_line(set, path, number, line, error);
    }
    if (status == VDB_OK && ferror(file) != 0)
        status = error_set(error, VDB_BAD_INPUT, "Give a file that can be read.", "%s: %s", path, strerror(errno));
    if (status == VDB_OK && set->count == before)
        status = error_set(error, VDB_BAD_INPUT, hint, "%s has no question", path);
    free(line);
    fclose(file);
    return status;
}

void eval_free(eval_set *set)
{
    free(set->questions);
    set->questions = NULL;
    set->count = set->room = 0;
}
