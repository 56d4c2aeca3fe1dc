/* From a file to a document: complete or as before, whatever happens on the way. */
#include "fixture.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/voicedb-documents-XXXXXX";

static int begin_group(void **state)
{
    (void)state;
    char uuid[37];
    assert_non_null(mkdtemp(folder));
    const vdb_provider_input builtin = { .provider_type = "embeddings",
                                         .provider_name = "builtin",
                                         .is_default = &(bool){ true } };
    ok(vdb_provider_add(clinic, &builtin, uuid, &failure));
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana" }, uuid, &failure));
    return 0;
}

static int end_group(void **state)
{
    (void)state;
    return system(text("rm -r %s", folder));
}

static int empty(void **state)
{
    (void)state;
    sql("DELETE FROM v_voice_documents");
    return 0;
}

static const char *write_bytes(const char *name, const char *bytes, size_t length)
{
    const char *path = text("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *write_file(const char *name, const char *content)
{
    return write_bytes(name, content, strlen(content));
}

/* Paragraphs with words of their own, about 300 bytes each. */
static const char *write_pages(const char *name, int paragraphs, const char *word)
{
    const char *path = text("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < paragraphs; i++) {
        fprintf(file, "## %s %d\n\n", word, i);
        for (int j = 0; j < 6; j++)
            fprintf(file, "O %s número %d abre às %d horas e atende %d pessoas. ", word, i * 7 + j, j + 8, i % 90);
        fprintf(file, "\n\n");
    }
    assert_int_equal(fclose(file), 0);
    return path;
}

static vdb_document_added add(const char *path)
{
    vdb_document_added added;
    ok(vdb_document_add_file(clinic, &(vdb_document_file){ .path = path }, NULL, NULL, &added, &failure));
    return added;
}

static int64_t chunks_of(const char *document_uuid)
{
    return number("SELECT count(*) FROM v_voice_document_chunks WHERE document_uuid = '%s'", document_uuid);
}

static int64_t documents(void)
{
    return number("SELECT count(*) FROM v_voice_documents");
}

/* ---- added, unchanged, replaced ------------------------------------------------------------------------------------
 */

static void a_file_becomes_a_document(void **state)
{
    (void)state;
    const char *content = "# Clínica\n\nAbrimos às 8h.\n\n## Preços\n\nA limpeza custa R$ 200.";
    const char *path = write_file("clinica.md", content);
    vdb_document_added added = add(path);
    assert_int_equal(added.outcome, VDB_DOCUMENT_ADDED);
    assert_true(added.chunk_count > 0);
    const vdb_document *d;
    ok(vdb_document_get(clinic, "clinica.md", &d, &failure));
    assert_string_equal(d->document_uuid, added.document_uuid);
    assert_string_equal(d->document_type, "markdown");
    assert_string_equal(d->mime_type, "text/markdown");
    assert_string_equal(d->file_path, path);
    assert_int_equal(d->file_size, strlen(content));
    assert_int_equal(d->chunk_count, added.chunk_count);
    assert_string_equal(d->embedding_model, added.embedding_model);
    assert_string_equal(d->processing_status, "ready");
    assert_string_equal(d->content_sha256,
                        value("SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') FROM v_voice_documents"));
    vdb_rows_free(d);
    assert_string_equal(value("SELECT content FROM v_voice_documents"), content);
    assert_int_equal(
        number("SELECT count(*) FROM v_voice_document_chunks WHERE embedding IS NULL OR embedding_dimensions <> 1536 "
               "OR token_count < 1 OR content = ''"),
        0);
    assert_string_equal(
        value("SELECT string_agg(chunk_index::text, ' ' ORDER BY chunk_index) FROM v_voice_document_chunks"),
        value("SELECT string_agg(i::text, ' ' ORDER BY i) FROM generate_series(0, %d) i", (int)added.chunk_count - 1));
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_chunks WHERE NOT (metadata->>'offset')::int + "
                            "(metadata->>'length')::int "
                            "BETWEEN 1 AND %d",
                            (int)strlen(content)),
                     0);
    vdb_search_result *found;
    ok(vdb_search(clinic, &(vdb_search_request){ .question = "quanto custa a limpeza?" }, &found, &failure));
    assert_true(found->count > 0);
    assert_contains(found->hits[0].content, "200");
    assert_string_equal(found->embedding_model, added.embedding_model);
    vdb_search_free(found);
}

static void plain_text_is_text(void **state)
{
    (void)state;
    add(write_file("a.txt", "Sem título.\n"));
    assert_string_equal(value("SELECT concat_ws(' ', document_type, mime_type) FROM v_voice_documents"),
                        "text text/plain");
    vdb_document_added added;
    const vdb_document_file named = { .path = write_file("b", "Texto."),
                                      .document_name = "Horário",
                                      .secretary = "Ana" };
    ok(vdb_document_add_file(clinic, &named, NULL, NULL, &added, &failure));
    assert_int_equal(
        number("SELECT count(*) FROM v_voice_documents d JOIN v_voice_secretaries s USING (voice_secretary_uuid) "
               "WHERE document_name = 'Horário' AND s.name = 'Ana'"),
        1);
}

static void the_same_bytes_write_nothing(void **state)
{
    (void)state;
    const char *path = write_pages("pages.md", 20, "guichê");
    vdb_document_added first = add(path);
    const char *before = value("SELECT md5(string_agg(concat(c.xmin, c), '')) FROM v_voice_document_chunks c"),
               *rows = rows_of(CLINIC_UUID);
    vdb_document_added again = add(path);
    assert_int_equal(again.outcome, VDB_DOCUMENT_UNCHANGED);
    assert_string_equal(again.document_uuid, first.document_uuid);
    assert_int_equal(again.chunk_count, first.chunk_count);
    assert_string_equal(again.embedding_model, first.embedding_model);
    assert_string_equal(value("SELECT md5(string_agg(concat(c.xmin, c), '')) FROM v_voice_document_chunks c"), before);
    assert_string_equal(rows_of(CLINIC_UUID), rows);
}

static void other_bytes_replace_the_document(void **state)
{
    (void)state;
    vdb_document_added first = add(write_pages("pages.md", 20, "guichê"));
    ok(vdb_document_enable(clinic, first.document_uuid, false, &failure));
    vdb_document_added second = add(write_pages("pages.md", 3, "balcão"));
    assert_int_equal(second.outcome, VDB_DOCUMENT_REPLACED);
    assert_string_equal(second.document_uuid, first.document_uuid);
    assert_int_equal(chunks_of(first.document_uuid), second.chunk_count);
    assert_true(second.chunk_count < first.chunk_count);
    assert_int_equal(documents(), 1);
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_chunks WHERE content LIKE '%%guichê%%'"), 0);
    assert_string_equal(value("SELECT enabled FROM v_voice_documents"), "f");
}

static void the_same_bytes_of_another_model_or_unfinished_are_replaced(void **state)
{
    (void)state;
    const char *path = write_file("a.md", "Abrimos às 8h.");
    vdb_document_added first = add(path);
    sql("UPDATE v_voice_document_chunks SET embedding_model = 'older'");
    vdb_document_added again = add(path);
    assert_int_equal(again.outcome, VDB_DOCUMENT_REPLACED);
    assert_string_equal(value("SELECT embedding_model FROM v_voice_document_chunks"), first.embedding_model);
    sql("UPDATE v_voice_documents SET processing_status = 'failed', processing_error = 'x'");
    again = add(path);
    assert_int_equal(again.outcome, VDB_DOCUMENT_REPLACED);
    assert_string_equal(again.document_uuid, first.document_uuid);
    assert_string_equal(value("SELECT concat(processing_status, processing_error) FROM v_voice_documents"), "ready");
}

/* ---- the writer ----------------------------------------------------------------------------------------------------
 */

static vdb_document_writer *open_writer(const char *name)
{
    vdb_document_writer *writer;
    ok(vdb_document_writer_open(clinic, &(vdb_document){ .document_name = name }, "test", 2, &writer, &failure));
    return writer;
}

static void an_aborted_writer_leaves_all_as_before(void **state)
{
    (void)state;
    const float v[] = { 1, 2 };
    const vdb_chunk_input chunk = { .content = "x", .embedding = v };
    const char *kept = store(clinic, "kept", NULL, NULL, v, 1, 2), *before = rows_of(CLINIC_UUID);
    static const char *const names[] = { "kept", "new" };
    for (size_t i = 0; i < COUNT(names); i++) {
        vdb_document_writer *writer = open_writer(names[i]);
        assert_false(vdb_document_writer_is_unchanged(writer));
        for (int n = 0; n < 300; n++)
            ok(vdb_document_writer_append(writer, &chunk, 1, &failure));
        vdb_document_writer_abort(writer);
        assert_string_equal(rows_of(CLINIC_UUID), before);
    }
    vdb_document_writer_abort(NULL);
    assert_int_equal(chunks_of(kept), 1);
}

static void a_chunk_that_cannot_be_stored_leaves_all_as_before(void **state)
{
    (void)state;
    const float v[] = { 1, 2 }, zeros[2] = { 0 }, odd[] = { 1, NAN };
    const vdb_chunk_input good = { .content = "x", .embedding = v };
    const vdb_chunk_input bad[] = {
        { .content = "x", .embedding = zeros },
        { .content = "x", .embedding = odd },
        { .content = "x" },
        { .content = "x", .embedding = v, .metadata = "not json" },
        { .content = "caf\xE9", .embedding = v },
        { .content = "x", .embedding = v, .metadata = "{\"a\": \"caf\xE9\"}" },
    };
    const char *before = rows_of(CLINIC_UUID);
    for (size_t i = 0; i < COUNT(bad); i++) {
        vdb_document_writer *writer = open_writer("new");
        ok(vdb_document_writer_append(writer, &good, 1, &failure));
        refused(VDB_BAD_INPUT, vdb_document_writer_append(writer, (vdb_chunk_input[]){ good, bad[i] }, 2, &failure));
        vdb_document_writer_abort(writer);
        assert_string_equal(rows_of(CLINIC_UUID), before);
    }
    vdb_document_writer *writer = open_writer("new");
    refused(VDB_USAGE, vdb_document_writer_append(writer, &(vdb_chunk_input){ .embedding = v }, 1, &failure));
    vdb_document_writer_abort(writer);
    assert_string_equal(rows_of(CLINIC_UUID), before);
    const vdb_document document = { .document_name = "new" };
    refused(VDB_BAD_INPUT, vdb_document_writer_open(clinic, &document, "test", 0, &writer, &failure));
    refused(VDB_BAD_INPUT, vdb_document_writer_open(clinic, &document, "test", 1537, &writer, &failure));
    refused(VDB_USAGE, vdb_document_writer_open(clinic, &document, "", 2, &writer, &failure));
    refused(VDB_USAGE, vdb_document_writer_open(clinic, &(vdb_document){ 0 }, "test", 2, &writer, &failure));
    refused(VDB_NOT_FOUND, vdb_document_writer_open(
                               clinic, &(vdb_document){ .document_name = "new", .voice_secretary_uuid = NOBODY_UUID },
                               "test", 2, &writer, &failure));
}

/* A failed batch must not be committed by a caller who did not look. */
static void a_failed_writer_commits_nothing(void **state)
{
    (void)state;
    const float v[] = { 1, 2 };
    const char *before = rows_of(CLINIC_UUID);
    const vdb_chunk_input bad[] = { { .content = "x", .embedding = v },
                                    { .content = "x", .embedding = v, .metadata = "{" } };
    vdb_document_added added;
    vdb_document_writer *writer = open_writer("new");
    refused(VDB_BAD_INPUT, vdb_document_writer_append(writer, bad, 2, &failure));
    refused(VDB_USAGE, vdb_document_writer_commit(writer, &added, &failure));
    assert_string_equal(rows_of(CLINIC_UUID), before);
    writer = open_writer("new");
    refused(VDB_BAD_INPUT,
            vdb_document_writer_append(writer, (vdb_chunk_input[]){ bad[0], { .content = "x" } }, 2, &failure));
    refused(VDB_USAGE, vdb_document_writer_commit(writer, &added, &failure));
    assert_string_equal(rows_of(CLINIC_UUID), before);
}

static void vectors_are_stored_as_given(void **state)
{
    (void)state;
    const float v[] = { 1.5F, -2.25F, 1e-30F, 3e30F };
    store(clinic, "numbers", NULL, NULL, v, 1, 4);
    assert_string_equal(value("SELECT left(embedding::text, 24) FROM v_voice_document_chunks"),
                        "[1.5,-2.25,1e-30,3e+30,0");
    assert_string_equal(
        value("SELECT concat_ws(' ', vector_dims(embedding), embedding_dimensions) FROM v_voice_document_chunks"),
        "1536 4");
    assert_int_equal(
        number("SELECT count(*) FROM v_voice_document_chunks, unnest((embedding::real[])[5:]) rest WHERE rest <> 0"),
        0);
}

/* ---- many at once
 * ---------------------------------------------------------------------------------------------------- */

typedef struct adder {
    const char *path;
    vdb_status status;
    vdb_document_added added;
} adder;

static void add_one(void *item)
{
    adder *a = item;
    a->status = vdb_document_add_file(clinic, &(vdb_document_file){ .path = a->path, .document_name = "one" }, NULL,
                                      NULL, &a->added, NULL);
}

static void many_adders_of_a_name_make_one_document(void **state)
{
    (void)state;
    const char *same = write_pages("same.md", 30, "guichê"), *other = write_pages("other.md", 10, "balcão");
    adder adders[8];
    for (size_t i = 0; i < COUNT(adders); i++)
        adders[i] = (adder){ .path = same };
    in_threads(add_one, adders, COUNT(adders), sizeof adders[0]);
    int outcomes[3] = { 0 };
    for (size_t i = 0; i < COUNT(adders); i++) {
        assert_int_equal(adders[i].status, VDB_OK);
        assert_string_equal(adders[i].added.document_uuid, adders[0].added.document_uuid);
        outcomes[adders[i].added.outcome]++;
    }
    assert_int_equal(outcomes[VDB_DOCUMENT_ADDED], 1);
    assert_int_equal(outcomes[VDB_DOCUMENT_UNCHANGED], 7);
    assert_int_equal(documents(), 1);
    assert_int_equal(chunks_of(adders[0].added.document_uuid), adders[0].added.chunk_count);
    for (size_t i = 0; i < COUNT(adders); i++)
        adders[i].path = i % 2 == 0 ? same : other;
    in_threads(add_one, adders, COUNT(adders), sizeof adders[0]);
    for (size_t i = 0; i < COUNT(adders); i++)
        assert_int_equal(adders[i].status, VDB_OK);
    assert_int_equal(documents(), 1);
    assert_int_equal(number("SELECT count(DISTINCT content ~ 'balcão') FROM v_voice_document_chunks"), 1);
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_chunks"),
                     number("SELECT chunk_count FROM v_voice_documents"));
}

/* ---- stopped on the way
 * ---------------------------------------------------------------------------------------------- */

typedef struct watch {
    int64_t last, total;
    int calls, stop_at; /* 0: never */
    const char *append_to;
    bool disorder;
} watch;

static bool look(void *context, int64_t done, int64_t total)
{
    watch *w = context;
    w->disorder = w->disorder || done < w->last || done > total;
    w->last = done;
    w->total = total;
    w->calls++;
    FILE *file = w->append_to == NULL ? NULL : fopen(w->append_to, "a");
    if (file != NULL) {
        fputs("mais uma linha\n", file);
        fclose(file);
    }
    return w->calls != w->stop_at;
}

static void progress_tells_and_may_stop(void **state)
{
    (void)state;
    vdb_document_added added;
    const vdb_document_file file = { .path = write_pages("long.md", 700, "guichê") };
    const char *before = rows_of(CLINIC_UUID);
    watch w = { .stop_at = 2 };
    refused(VDB_USAGE, vdb_document_add_file(clinic, &file, look, &w, &added, &failure));
    assert_int_equal(w.calls, 2);
    assert_string_equal(rows_of(CLINIC_UUID), before);
    w = (watch){ 0 };
    ok(vdb_document_add_file(clinic, &file, look, &w, &added, &failure));
    assert_int_equal(added.outcome, VDB_DOCUMENT_ADDED);
    assert_true(w.calls > 2 && !w.disorder);
    assert_true(w.last <= w.total && w.last > w.total - 1000);
    assert_int_equal(chunks_of(added.document_uuid), added.chunk_count);
}

/* The process that reads the file has another one write to it first. */
static void a_file_that_changes_while_it_is_read_is_not_stored(void **state)
{
    (void)state;
    vdb_document_added added;
    const vdb_document_file file = { .path = write_file("growing.txt", "Abrimos às 8h.\n") };
    const char *before = rows_of(CLINIC_UUID), *real = text("%s", getenv("VOICEDB_EXTRACT_DIR"));
    const char *program = write_file(
        "voicedb-extract", text("#!/bin/sh\necho mais >>%s\nexec %s/voicedb-extract \"$@\"\n", file.path, real));
    assert_int_equal(chmod(program, 0700), 0);
    assert_int_equal(setenv("VOICEDB_EXTRACT_DIR", folder, 1), 0);
    refused(VDB_CONFLICT, vdb_document_add_file(clinic, &file, NULL, NULL, &added, &failure));
    assert_int_equal(setenv("VOICEDB_EXTRACT_DIR", real, 1), 0);
    assert_string_equal(rows_of(CLINIC_UUID), before);
    ok(vdb_document_add_file(clinic, &file, NULL, NULL, &added, &failure));
}

static void a_file_that_changes_later_is_stored_as_it_was(void **state)
{
    (void)state;
    vdb_document_added added;
    const vdb_document_file file = { .path = write_pages("growing.md", 700, "guichê") };
    watch w = { .append_to = file.path };
    ok(vdb_document_add_file(clinic, &file, look, &w, &added, &failure));
    assert_true(w.calls > 1);
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_chunks WHERE content LIKE '%%mais uma linha%%'"), 0);
    ok(vdb_document_add_file(clinic, &file, NULL, NULL, &added, &failure));
    assert_int_equal(added.outcome, VDB_DOCUMENT_REPLACED);
    assert_true(number("SELECT count(*) FROM v_voice_document_chunks WHERE content LIKE '%%mais uma linha%%'") > 0);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A process with connections of its own. */
static pid_t add_in_child(const char *path)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    vdb_pool *own;
    vdb_tenant *t;
    vdb_status status = vdb_pool_open(NULL, &own, NULL);
    if (status == VDB_OK)
        status = vdb_tenant_open(own, CLINIC_UUID, &t, NULL);
    if (status == VDB_OK)
        status = vdb_document_add_file(t, &(vdb_document_file){ .path = path, .document_name = "killed" }, NULL, NULL,
                                       NULL, NULL);
    _exit(status);
}

/* The chunks' words and their number tell which of the versions is there: "", or "guichê 57". */
static const char *version_there(void)
{
    return rows_on(admin,
                   "SELECT string_agg(DISTINCT (regexp_match(c.content, 'guichê|balcão'))[1], '+'), "
                   "count(*), count(DISTINCT chunk_index) = count(*) AND max(chunk_index) = count(*) - 1 "
                   "AND count(*) = max(d.chunk_count), d.processing_status "
                   "FROM v_voice_documents d LEFT JOIN v_voice_document_chunks c USING (domain_uuid, document_uuid) "
                   "GROUP BY d.document_uuid, d.processing_status");
}

static void wait_for_end_of_others(void)
{
    for (int i = 0; i < 12000; i++) {
        if (number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND "
                   "pid <> pg_backend_pid()") == 0)
            return;
        sleep_ms(5);
    }
    fail_msg("a killed client's session does not end");
}

/*
 * Kills the process at moments spread over its work, each time from the same start: `before` (NULL: no document) is
 * there, `path` is to be added. Returns how often it was killed before it was done.
 */
static int kill_at_moments(const char *before, const char *path, int moments)
{
    const char *old = "", *complete = "";
    double took = 0;
    int status, killed = 0;
    for (int i = -1; i < moments; i++) {
        sql("DELETE FROM v_voice_documents");
        if (before != NULL)
            waitpid(add_in_child(before), &status, 0);
        old = version_there();
        double began = now();
        pid_t child = add_in_child(path);
        if (i >= 0) {
            sleep_ms((int)(1000 * took * i / moments));
            kill(child, SIGKILL);
        }
        waitpid(child, &status, 0);
        if (i >= 0 && WIFEXITED(status))
            took *= 0.8; /* the machine has become faster since */
        wait_for_end_of_others();
        const char *there = version_there();
        if (i < 0) { /* undisturbed, to know what and how long */
            took = now() - began;
            complete = there;
            assert_string_not_equal(complete, old);
            assert_contains(complete, "|t|ready");
        }
        if (strcmp(there, old) != 0 && strcmp(there, complete) != 0)
            fail_msg("killed at %d of %d: \"%s\", neither \"%s\" nor \"%s\"", i, moments, there, old, complete);
        killed += strcmp(there, old) == 0;
    }
    waitpid(add_in_child(path), &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == VDB_OK);
    assert_string_equal(version_there(), complete);
    return killed;
}

static void a_killed_process_leaves_the_document_as_before_or_complete(void **state)
{
    (void)state;
    const char *before = write_pages("before.md", 20, "balcão"), *after = write_pages("after.md", 60, "guichê");
    assert_true(kill_at_moments(NULL, after, 25) > 0);
    assert_true(kill_at_moments(before, after, 25) > 0);
}

/* ---- what is no document
 * ---------------------------------------------------------------------------------------------- */

static void bad_files_are_refused(void **state)
{
    (void)state;
    static char long_name[257];
    memset(long_name, 'x', 256);
    const char *good = write_file("good.md", "Abrimos às 8h.");
    const struct {
        const char *why;
        vdb_status status;
        vdb_document_file file;
    } cases[] = {
        { "binary", VDB_BAD_INPUT, { .path = write_bytes("binary.txt", "abc\0def", 7) } },
        { "empty", VDB_BAD_INPUT, { .path = write_file("empty.txt", "") } },
        { "blank", VDB_BAD_INPUT, { .path = write_file("blank.txt", " \n\t \n\n") } },
        { "no words", VDB_BAD_INPUT, { .path = write_file("signs.txt", "!!! ??? ...") } },
        { "cut in a character", VDB_BAD_INPUT, { .path = write_file("cut.txt", "Olá, caf\xC3") } },
        { "too large", VDB_BAD_INPUT, { .path = good, .max_bytes = 5 } },
        { "missing", VDB_BAD_INPUT, { .path = "/nonexistent/file.txt" } },
        { "a folder", VDB_BAD_INPUT, { .path = folder } },
        { "no path", VDB_USAGE, { .path = NULL } },
        { "an empty path", VDB_USAGE, { .path = "" } },
        { "an empty name", VDB_BAD_INPUT, { .path = good, .document_name = "" } },
        { "a long name", VDB_BAD_INPUT, { .path = good, .document_name = long_name } },
        { "a name that is no UTF-8", VDB_BAD_INPUT, { .path = good, .document_name = "caf\xE9" } },
        { "standard input without a name", VDB_USAGE, { .path = "-" } },
        { "an unknown secretary", VDB_NOT_FOUND, { .path = good, .secretary = "Carla" } },
    };
    vdb_document_added added;
    const char *before = rows_of(CLINIC_UUID);
    for (size_t i = 0; i < COUNT(cases); i++) {
        failure.message[0] = '\0';
        refused(cases[i].status, vdb_document_add_file(clinic, &cases[i].file, NULL, NULL, &added, &failure));
        assert_string_equal(rows_of(CLINIC_UUID), before);
    }
    refused(VDB_NOT_FOUND,
            vdb_document_add_file(hotel, &(vdb_document_file){ .path = good }, NULL, NULL, &added, &failure));
    ok(vdb_document_add_file(clinic,
                             &(vdb_document_file){ .path = good, .max_bytes = (int64_t)strlen("Abrimos às 8h.") }, NULL,
                             NULL, &added, &failure));
}

static void feed_fifo(void *item)
{
    int out = open(*(char **)item, O_WRONLY | O_CLOEXEC);
    static const char content[] = "Pelo cano: abrimos às 8h.";
    if (write(out, content, sizeof content - 1) != (ssize_t)sizeof content - 1)
        abort();
    close(out);
}

static void take_fifo(void *item)
{
    adder *a = item;
    a->status = vdb_document_add_file(clinic, &(vdb_document_file){ .path = a->path }, NULL, NULL, &a->added, NULL);
}

typedef struct end_of_pipe {
    adder reader; /* without a path: this is the writer */
    const char *path;
} end_of_pipe;

static void work_at_pipe(void *item)
{
    end_of_pipe *e = item;
    if (e->reader.path == NULL)
        feed_fifo(&e->path);
    else
        take_fifo(&e->reader);
}

static void what_can_be_read_once_is_stored_too(void **state)
{
    (void)state;
    const char *path = text("%s/pipe.txt", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    end_of_pipe ends[2] = { { .path = path }, { .reader = { .path = path } } };
    in_threads(work_at_pipe, ends, COUNT(ends), sizeof ends[0]);
    assert_int_equal(ends[1].reader.status, VDB_OK);
    assert_string_equal(value("SELECT content FROM v_voice_documents WHERE document_name = 'pipe.txt'"),
                        "Pelo cano: abrimos às 8h.");

    vdb_document_added added;
    assert_non_null(freopen(write_file("stdin.md", "# Entrada\n\nAbrimos às 9h."), "r", stdin));
    const vdb_document_file file = { .path = "-", .document_name = "entrada.md" };
    ok(vdb_document_add_file(clinic, &file, NULL, NULL, &added, &failure));
    assert_string_equal(value("SELECT concat_ws(' ', document_type, file_path) FROM v_voice_documents WHERE "
                              "document_name = 'entrada.md'"),
                        "markdown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_becomes_a_document, begin_group),
        cmocka_unit_test_setup(plain_text_is_text, empty),
        cmocka_unit_test_setup(the_same_bytes_write_nothing, empty),
        cmocka_unit_test_setup(other_bytes_replace_the_document, empty),
        cmocka_unit_test_setup(the_same_bytes_of_another_model_or_unfinished_are_replaced, empty),
        cmocka_unit_test_setup(an_aborted_writer_leaves_all_as_before, empty),
        cmocka_unit_test_setup(a_chunk_that_cannot_be_stored_leaves_all_as_before, empty),
        cmocka_unit_test_setup(a_failed_writer_commits_nothing, empty),
        cmocka_unit_test_setup(vectors_are_stored_as_given, empty),
        cmocka_unit_test_setup(many_adders_of_a_name_make_one_document, empty),
        cmocka_unit_test_setup(progress_tells_and_may_stop, empty),
        cmocka_unit_test_setup(a_file_that_changes_while_it_is_read_is_not_stored, empty),
        cmocka_unit_test_setup(a_file_that_changes_later_is_stored_as_it_was, empty),
        cmocka_unit_test_setup(a_killed_process_leaves_the_document_as_before_or_complete, empty),
        cmocka_unit_test_setup(bad_files_are_refused, empty),
        cmocka_unit_test_setup_teardown(what_can_be_read_once_is_stored_too, empty, end_group),
    };
    return run_with_database(tests);
}
