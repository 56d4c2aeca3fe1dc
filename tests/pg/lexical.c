/* Search by words: what it survives, whose passages it finds, by which index, and how it is fused with vectors. */
#include "fixture.h"
#include "queries.h"

#include <math.h>

static int empty(void **state)
{
    (void)state;
    if (PQtransactionStatus(admin) != PQTRANS_IDLE)
        sql("ROLLBACK"); /* a test has failed within one */
    sql("DELETE FROM v_voice_documents");
    return 0;
}

/* A document of these passages, whose vectors are the axes in turn; the list ends with NULL. */
static const char *write_passages(vdb_tenant *t, const char *name, const char *const *passages)
{
    const vdb_document document = { .document_name = name, .document_type = "text" };
    vdb_document_writer *writer;
    vdb_document_added added;
    ok(vdb_document_writer_open(t, &document, "test", 8, &writer, &failure));
    float vectors[8][8] = { { 0 } };
    vdb_chunk_input chunks[8];
    size_t count = 0;
    for (; passages[count] != NULL; count++) {
        assert_true(count < COUNT(chunks));
        vectors[count][count] = 1;
        chunks[count] = (vdb_chunk_input){ .content = passages[count],
                                           .embedding = vectors[count],
                                           .metadata = text("{\"page\": %zu}", count + 1) };
    }
    ok(vdb_document_writer_append(writer, chunks, count, &failure));
    ok(vdb_document_writer_commit(writer, &added, &failure));
    return text("%s", added.document_uuid);
}

#define PASSAGES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static vdb_search_result *ask(vdb_tenant *t, const vdb_search_request *request)
{
    vdb_search_result *result;
    ok(vdb_search(t, request, &result, &failure));
    return result;
}

#define BY_WORDS(asked, ...) (&(vdb_search_request){ .question = (asked), .mode = VDB_SEARCH_LEXICAL, __VA_ARGS__ })

/* The indexes of the passages that are found, best first: "2,0,". */
static const char *found(vdb_tenant *t, const vdb_search_request *request)
{
    vdb_search_result *result = ask(t, request);
    const char *list = "";
    for (size_t i = 0; i < result->count; i++)
        list = text("%s%d,", list, (int)result->hits[i].chunk_index);
    assert_string_equal(result->verdict, result->count > 0             ? "found"
                                         : result->below_threshold > 0 ? "not_good_enough"
                                                                       : "nothing");
    vdb_search_free(result);
    return list;
}

static void words_are_found_however_they_are_written(void **state)
{
    (void)state;
    static const char *const questions[] = { "ligação",         "ligações",         "LIGACOES",
                                             "ligacao",         "a ligação custa?", "Ligaçoes, por favor",
                                             "quanto é ligação" };
    static const char *const misspelt[] = { "estasionamento", "estacionameto", "estacionamneto", "estacionamemto",
                                            "istacionamento" };
    write_passages(clinic, "a",
                   PASSAGES("As ligações são gratuitas.", "O estacionamento fecha às 20h.",
                            "Salas de reunião no térreo.", "A padaria abre cedo."));
    for (size_t i = 0; i < COUNT(questions); i++)
        assert_string_equal(found(clinic, BY_WORDS(questions[i])), "0,");
    for (size_t i = 0; i < COUNT(misspelt); i++)
        assert_string_equal(found(clinic, BY_WORDS(misspelt[i])), "1,");
    assert_string_equal(found(clinic, BY_WORDS("reuniões")), "2,");
    assert_string_equal(found(clinic, BY_WORDS("reunioes na sala")), "2,");
    assert_string_equal(found(clinic, BY_WORDS("piscina")), "");
    assert_string_equal(found(hotel, BY_WORDS("ligação")), "");
}

static void rare_words_count_more(void **state)
{
    (void)state;
    write_passages(clinic, "a",
                   PASSAGES("A consulta custa cem.", "A consulta dura uma hora.", "A consulta é de manhã.",
                            "Clareamento em consulta própria.", "Nada disso aqui."));
    vdb_search_result *result = ask(clinic, BY_WORDS("consulta de clareamento"));
    assert_int_equal(result->count, 4);
    assert_int_equal(result->hits[0].chunk_index, 3);
    assert_true(result->hits[0].word_share > 0.99 && result->hits[1].word_share < 0.4);
    assert_true(isnan(result->hits[0].similarity));
    assert_string_equal(result->mode, "lexical");
    assert_string_equal(result->strategy, "words");
    assert_string_equal(result->embedded, "no");
    assert_null(result->left_out);
    vdb_search_free(result);
    assert_string_equal(found(clinic, BY_WORDS("consulta de clareamento", .threshold = &(double){ 0.2 })), "3,");
    assert_string_equal(found(clinic, BY_WORDS("consulta de ortodontia", .threshold = &(double){ 0.2 })), "");
}

static void a_question_needs_a_word(void **state)
{
    (void)state;
    vdb_search_result *result;
    refused(VDB_BAD_INPUT, vdb_search(clinic, BY_WORDS("o que é isso?"), &result, &failure));
    refused(VDB_BAD_INPUT, vdb_search(clinic, BY_WORDS(""), &result, &failure));
    refused(VDB_BAD_INPUT, vdb_search(clinic, BY_WORDS("caf\xE9"), &result, &failure));
    refused(VDB_BAD_INPUT, vdb_search(clinic, BY_WORDS("x", .metadata = "[1]"), &result, &failure));
    refused(VDB_USAGE, vdb_search(clinic, BY_WORDS("x", .neighbours = 11), &result, &failure));
    refused(VDB_USAGE, vdb_search(clinic, BY_WORDS("x", .deadline_ms = 5), &result, &failure));
}

/* ---- whose passages ---------------------------------------------------------------------------------------------- */

/* The other tenant has the same words, in a document of the same name. */
static void no_other_tenant_is_found_or_counted(void **state)
{
    (void)state;
    write_passages(clinic, "a", PASSAGES("jabuticaba madura", "abacaxi"));
    vdb_search_result *alone = ask(clinic, BY_WORDS("jabuticaba abacaxi"));
    write_passages(hotel, "a", PASSAGES("jabuticaba", "jabuticaba verde", "jabuticaba cara"));
    vdb_search_result *beside = ask(clinic, BY_WORDS("jabuticaba abacaxi"));
    assert_int_equal(beside->count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(beside->hits[i].chunk_uuid, alone->hits[i].chunk_uuid);
        assert_true(beside->hits[i].word_score == alone->hits[i].word_score);
        assert_true(beside->hits[i].word_share == alone->hits[i].word_share);
    }
    vdb_search_free(alone);
    vdb_search_free(beside);
    assert_string_equal(found(hotel, BY_WORDS("abacaxi")), "");
    sql("BEGIN; SET LOCAL ROLE voicedb_app; SELECT set_config('voicedb.domain_uuid', '%s', true)", CLINIC_UUID);
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_terms"), 2);
    assert_string_equal(sqlstate_on(admin, NULL,
                                    "INSERT INTO v_voice_document_terms SELECT '%s', document_uuid, 7, filter, sizes, "
                                    "keys FROM v_voice_document_terms",
                                    HOTEL_UUID),
                        "42501");
    sql("ROLLBACK");
}

static void what_may_not_answer_does_not(void **state)
{
    (void)state;
    char ana[37];
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana" }, ana, &failure));
    const char *off = write_passages(clinic, "off", PASSAGES("horário um"));
    const char *failed = write_passages(clinic, "failed", PASSAGES("horário dois"));
    const char *of_ana = write_passages(clinic, "of ana", PASSAGES("x", "horário três"));
    ok(vdb_document_enable(clinic, off, false, &failure));
    sql("UPDATE v_voice_documents SET processing_status = 'failed' WHERE document_uuid = '%s'", failed);
    sql("UPDATE v_voice_documents SET voice_secretary_uuid = '%s' WHERE document_uuid = '%s'", ana, of_ana);
    assert_string_equal(found(clinic, BY_WORDS("horário", .secretary = "Ana", .threshold = &(double){ 0 })), "1,");
    char bia[37];
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Bia" }, bia, &failure));
    assert_string_equal(found(clinic, BY_WORDS("horário", .secretary = bia)), "");
    sql("DELETE FROM v_voice_documents; DELETE FROM v_voice_secretaries");
}

/* ---- terms that are not there ------------------------------------------------------------------------------------ */

static bool stop_after_one(void *context, int64_t done, int64_t total)
{
    (void)total;
    *(int64_t *)context = done;
    return false;
}

#define TERMS                                                                                                          \
    "SELECT domain_uuid, first_chunk, md5(filter::text), sizes, keys FROM v_voice_document_terms ORDER BY "            \
    "domain_uuid, "                                                                                                    \
    "first_chunk"

static void terms_are_made_where_they_lack(void **state)
{
    (void)state;
    int64_t chunks;
    write_passages(clinic, "a", PASSAGES("uma jabuticaba", "um abacaxi"));
    write_passages(hotel, "b", PASSAGES("outra jabuticaba"));
    ok(vdb_document_index(clinic, NULL, NULL, &chunks, &failure));
    assert_int_equal(chunks, 0);
    const char *before = rows_on(admin, TERMS);
    sql("UPDATE v_voice_documents SET terms_version = NULL");
    vdb_search_result *result = ask(clinic, BY_WORDS("jabuticaba"));
    assert_int_equal(result->count, 0);
    assert_contains(result->left_out, "voicedb document index");
    vdb_search_free(result);
    ok(vdb_document_index(clinic, NULL, NULL, &chunks, &failure));
    assert_int_equal(chunks, 2);
    assert_int_equal(number("SELECT count(*) FROM v_voice_documents WHERE terms_version IS NULL"), 1);
    result = ask(clinic, BY_WORDS("jabuticaba"));
    assert_int_equal(result->count, 1);
    assert_null(result->left_out);
    vdb_search_free(result);
    ok(vdb_document_index(hotel, NULL, NULL, NULL, &failure));
    assert_string_equal(rows_on(admin, TERMS), before);
}

static void making_terms_can_be_stopped_and_goes_on(void **state)
{
    (void)state;
    int64_t done = 0, chunks;
    for (int i = 0; i < 3; i++)
        write_passages(clinic, text("document %d", i), PASSAGES("um", "dois", "jabuticaba"));
    sql("UPDATE v_voice_documents SET terms_version = NULL; DELETE FROM v_voice_document_terms");
    refused(VDB_USAGE, vdb_document_index(clinic, stop_after_one, &done, &chunks, &failure));
    assert_int_equal(done, 3);
    assert_int_equal(chunks, 3);
    assert_int_equal(number("SELECT count(*) FROM v_voice_documents WHERE terms_version IS NULL"), 2);
    ok(vdb_document_index(clinic, NULL, NULL, &chunks, &failure));
    assert_int_equal(chunks, 6);
    assert_string_equal(found(clinic, BY_WORDS("jabuticaba", .keep_duplicates = true)), "2,2,2,");
}

/* A program that knows nothing of terms changes a text: its words of before find it no longer. */
static void another_text_has_other_words(void **state)
{
    (void)state;
    write_passages(clinic, "a", PASSAGES("uma jabuticaba", "um abacaxi"));
    write_passages(clinic, "b", PASSAGES("uma pitanga"));
    sql("UPDATE v_voice_document_chunks SET content = content, token_count = 3");
    assert_string_equal(found(clinic, BY_WORDS("jabuticaba")), "0,");
    sql("UPDATE v_voice_document_chunks SET content = 'um morango' WHERE content = 'uma jabuticaba'");
    assert_string_equal(found(clinic, BY_WORDS("jabuticaba")), "");
    assert_string_equal(found(clinic, BY_WORDS("abacaxi")), "");
    assert_string_equal(found(clinic, BY_WORDS("pitanga")), "0,");
    ok(vdb_document_index(clinic, NULL, NULL, NULL, &failure));
    assert_string_equal(found(clinic, BY_WORDS("morango")), "0,");
    assert_string_equal(found(clinic, BY_WORDS("abacaxi")), "1,");
    sql("DELETE FROM v_voice_document_chunks WHERE content = 'um morango'");
    assert_string_equal(found(clinic, BY_WORDS("morango")), "");
    assert_string_equal(found(clinic, BY_WORDS("abacaxi")), "1,");
}

static void a_document_goes_with_its_terms(void **state)
{
    (void)state;
    const char *document = write_passages(clinic, "a", PASSAGES("uma jabuticaba", "um abacaxi"));
    write_passages(clinic, "a", PASSAGES("um morango"));
    assert_string_equal(found(clinic, BY_WORDS("jabuticaba")), "");
    assert_string_equal(found(clinic, BY_WORDS("morango")), "0,");
    ok(vdb_document_remove(clinic, document, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_terms"), 0);
}

/* More than one row of terms, one turn of the writer, and one batch of the index. */
static void large_documents_are_found_everywhere(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    float *vectors = calloc(MANY, sizeof *vectors);
    for (size_t i = 0; i < MANY; i++)
        vectors[i] = 1;
    store(clinic, "palavra", NULL, NULL, vectors, MANY, 1);
    free(vectors);
    assert_true(number("SELECT count(*) FROM v_voice_document_terms") > 5);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i += 333)
            assert_string_equal(found(clinic, BY_WORDS(text("%d", i))), text("%d,", i));
        vdb_search_result *result = ask(clinic, BY_WORDS("palavra", .top = 1000));
        assert_int_equal(result->count, 1000);
        vdb_search_free(result);
        sql("UPDATE v_voice_documents SET terms_version = NULL");
        ok(vdb_document_index(clinic, NULL, NULL, NULL, &failure));
    }
}

/* Of 3000 passages half have "comum", 149 of them "raro" too, and one has only this: the frequent word finds none, and
 * counts. */
static void frequent_words_rank_what_rarer_ones_find(void **state)
{
    (void)state;
    enum { BATCH = 8, BATCHES = 375, RARE_EVERY = 20 };
    const vdb_document document = { .document_name = "a", .document_type = "text" };
    static const float vectors[BATCH] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    vdb_document_writer *writer;
    vdb_document_added added;
    ok(vdb_document_writer_open(clinic, &document, "test", 1, &writer, &failure));
    for (int i = 0; i < BATCH * BATCHES; i += BATCH) {
        vdb_chunk_input chunks[BATCH];
        for (int j = 0; j < BATCH; j++)
            chunks[j] = (vdb_chunk_input){ .content = i + j == 2940               ? "raro"
                                                      : (i + j) % RARE_EVERY == 0 ? text("raro comum %d", i + j)
                                                      : (i + j) % 2 == 0          ? text("comum %d", i + j)
                                                                                  : text("outro %d", i + j),
                                           .embedding = &vectors[j] };
        ok(vdb_document_writer_append(writer, chunks, BATCH, &failure));
    }
    ok(vdb_document_writer_commit(writer, &added, &failure));
    vdb_search_result *result = ask(clinic, BY_WORDS("raro comum", .top = 100, .keep_duplicates = true));
    assert_int_equal(result->count, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(result->hits[i].chunk_index % RARE_EVERY, 0);
        assert_int_not_equal(result->hits[i].chunk_index, 2940);
        assert_true(result->hits[i].word_share > 0.999);
    }
    vdb_search_free(result);
    assert_string_equal(found(clinic, BY_WORDS("comum 1234 raro", .top = 1)), "1234,");
    result = ask(clinic, BY_WORDS("comum", .top = 1000));
    assert_int_equal(result->count, 1000);
    vdb_search_free(result);
}

/* As many documents as are looked at for a sample have no term at all. */
static void a_sample_without_words_hides_none(void **state)
{
    (void)state;
    write_passages(clinic, "a", PASSAGES("uma jabuticaba"));
    sql("INSERT INTO v_voice_documents (domain_uuid, document_uuid, document_name, processing_status, chunk_count, "
        "terms_version) SELECT domain_uuid, ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'empty ' || "
        "i, "
        "'ready', 1, terms_version FROM v_voice_documents CROSS JOIN generate_series(1, 64) i");
    assert_string_equal(found(clinic, BY_WORDS("jabuticaba")), "0,");
    assert_string_equal(found(clinic, BY_WORDS("jabuticapa")), "0,");
}

/* Longer than a row of terms: it has one of its own. */
static void a_chunk_of_very_many_words(void **state)
{
    (void)state;
    const char *long_text = "começo";
    for (int i = 0; i < 3000; i++)
        long_text = text("%s n%dx", long_text, i);
    write_passages(clinic, "a", PASSAGES("antes", long_text, "...", "depois n17x"));
    assert_string_equal(found(clinic, BY_WORDS("começo")), "1,");
    assert_string_equal(found(clinic, BY_WORDS("n2999x")), "1,");
    assert_string_equal(found(clinic, BY_WORDS("antes")), "0,");
    assert_string_equal(found(clinic, BY_WORDS("n17x")), "3,1,");
}

/* Without the text of a single one in the plan: what was planned for a small tenant must do for a large one. */
static void a_tenants_rows_are_read_by_their_key(void **state)
{
    (void)state;
    const char *plan;
    sql("INSERT INTO v_domains (domain_uuid, domain_name) SELECT md5('many' || i)::uuid, 'many' || i FROM "
        "generate_series(1, 200) i; "
        "INSERT INTO v_voice_documents (domain_uuid, document_uuid, document_name) SELECT md5('many' || i)::uuid, "
        "md5('document' || i)::uuid, 'x' FROM generate_series(1, 200) i; "
        "INSERT INTO v_voice_document_terms SELECT md5('many' || i)::uuid, md5('document' || i)::uuid, j, "
        "repeat('0', 8192)::bit(8192), '{1}', '{1}' FROM generate_series(1, 200) i, generate_series(1, 20) j; "
        "ANALYZE v_voice_document_terms");
    sql("BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL plan_cache_mode = force_generic_plan; "
        "SELECT set_config('voicedb.domain_uuid', '%s', true)",
        CLINIC_UUID);
    for (int i = 0; i < QUERY_COUNT; i++) {
        if (strcmp(queries[i].name, "search_lexical") == 0)
            sql("PREPARE lexical AS %s", queries[i].text);
    }
    plan = rows_on(admin,
                   "EXPLAIN (COSTS OFF) EXECUTE lexical ('%s', NULL, 1, NULL, NULL, 5, NULL, '{1}', '{}', '{}', "
                   "NULL, NULL)",
                   CLINIC_UUID);
    sql("ROLLBACK; DEALLOCATE lexical; DELETE FROM v_domains WHERE domain_name LIKE 'many%%'");
    assert_contains(plan, "v_voice_document_terms_pkey");
    assert_lacks(plan, "Seq Scan on v_voice_document_terms");
}

/* ---- both ways --------------------------------------------------------------------------------------------------- */

/* By vector 2, 1, 0 and the rest at the same distance; by words 1 and 3. */
static void ranks_are_fused(void **state)
{
    (void)state;
    static const char *const strategies[] = { "none", "tenantvec", "two-stage" };
    static const float vector[8] = { 0.3F, 0.5F, 0.8F };
    write_passages(clinic, "a",
                   PASSAGES("abacaxi", "jabuticaba madura", "morango", "uma cesta de jabuticaba madura e fresca"));
    for (size_t i = 0; i < COUNT(strategies); i++) {
        ok(vdb_index_use(pool, strategies[i], &failure));
        const vdb_search_request request = {
            .question = "jabuticaba madura", .embedding = vector, .dimensions = 8, .embedding_model = "test"
        };
        vdb_search_result *result = ask(clinic, &request);
        assert_string_equal(result->mode, "hybrid");
        assert_string_equal(result->embedded, "given");
        assert_int_equal(result->count, 4);
        const vdb_search_hit *best = &result->hits[0];
        assert_int_equal(best->chunk_index, 1);
        assert_int_equal(best->vector_rank, 2);
        assert_int_equal(best->word_rank, 1);
        assert_true(best->similarity > 0.5 && best->similarity < 0.51);
        assert_true(fabs(best->score - (best->similarity / 62 + 1.0 / 61)) < 1e-12);
        assert_int_equal(result->hits[1].chunk_index, 3);
        assert_true(fabs(result->hits[1].similarity) < 1e-6);
        assert_true(fabs(result->hits[1].score - 1.0 / 62) < 1e-6);
        assert_int_equal(result->hits[2].chunk_index, 2);
        assert_int_equal(result->hits[2].word_rank, 0);
        vdb_search_free(result);
    }
}

/* Good enough by either: of a high similarity or of many words. */
static void either_way_is_good_enough(void **state)
{
    (void)state;
    static const float vector[8] = { 1 };
    write_passages(clinic, "a", PASSAGES("abacaxi", "jabuticaba madura", "morango"));
    const vdb_search_request request = { .question = "jabuticaba madura",
                                         .embedding = vector,
                                         .dimensions = 8,
                                         .embedding_model = "test",
                                         .threshold = &(double){ 0.9 } };
    vdb_search_result *result = ask(clinic, &request);
    assert_int_equal(result->count, 2);
    assert_int_equal(result->below_threshold, 1);
    vdb_search_free(result);
    assert_string_equal(found(clinic, BY_WORDS("jabuticaba importada cara", .threshold = &(double){ 0.9 })), "");
}

/* ---- which passages, and what comes with them -------------------------------------------------------------------- */

static void filters_leave_out_the_rest(void **state)
{
    (void)state;
    static const char *const strategies[] = { "none", "tenantvec", "two-stage" };
    static const float vector[8] = { 1 };
    const char *a = write_passages(clinic, "a", PASSAGES("horário um", "horário dois"));
    write_passages(clinic, "b", PASSAGES("horário", "nada", "horário três"));
    sql("UPDATE v_voice_documents SET document_type = 'pdf' WHERE document_name = 'b'");
    for (size_t i = 0; i < COUNT(strategies); i++) {
        ok(vdb_index_use(pool, strategies[i], &failure));
        for (int mode = VDB_SEARCH_VECTOR; mode <= VDB_SEARCH_HYBRID; mode++) {
            const struct {
                const char *const *documents, *const *types;
                const char *metadata;
                size_t least, most;
            } cases[] = {
                { NULL, NULL, NULL, 4, 5 },
                { (const char *const[]){ "a", NULL }, NULL, NULL, 2, 2 },
                { (const char *const[]){ a, "b", NULL }, NULL, NULL, 4, 5 },
                { (const char *const[]){ "none", NULL }, NULL, NULL, 0, 0 },
                { (const char *const[]){ NULL }, NULL, NULL, 0, 0 },
                { NULL, (const char *const[]){ "pdf", NULL }, NULL, 2, 3 },
                { NULL, NULL, "{\"page\": 3}", 1, 1 },
                { (const char *const[]){ "a", NULL }, (const char *const[]){ "pdf", NULL }, NULL, 0, 0 },
            };
            for (size_t c = 0; c < COUNT(cases); c++) {
                const vdb_search_request request = { .question = "horário",
                                                     .embedding = vector,
                                                     .dimensions = 8,
                                                     .embedding_model = "test",
                                                     .mode = (vdb_search_mode)mode,
                                                     .documents = cases[c].documents,
                                                     .document_types = cases[c].types,
                                                     .metadata = cases[c].metadata };
                vdb_search_result *result = ask(clinic, &request);
                if (result->count < cases[c].least || result->count > cases[c].most)
                    fail_msg("%s, mode %d, case %zu: %zu hits", strategies[i], mode, c, result->count);
                vdb_search_free(result);
            }
        }
    }
}

#define LONG_TEXT                                                                                                         \
    "O estacionamento fica ao lado do prédio, na mesma avenida, e os pacientes têm duas horas grátis quando carimbam " \
    "o tíquete na recepção da clínica antes de sair da sala de espera"

static void copies_are_left_out(void **state)
{
    (void)state;
    write_passages(clinic, "a",
                   PASSAGES(LONG_TEXT ".", LONG_TEXT " hoje.", LONG_TEXT ", por 6 reais.", LONG_TEXT ", por 9 reais.",
                            "Estacionamento."));
    vdb_search_result *result = ask(clinic, BY_WORDS("estacionamento"));
    assert_int_equal(result->count, 4); /* those with other numbers say something else */
    assert_int_equal(result->duplicates, 1);
    vdb_search_free(result);
    result = ask(clinic, BY_WORDS("estacionamento", .keep_duplicates = true));
    assert_int_equal(result->count, 5);
    assert_int_equal(result->duplicates, 0);
    vdb_search_free(result);
}

static void neighbours_are_joined(void **state)
{
    (void)state;
    write_passages(clinic, "a", PASSAGES("zero", "um", "jabuticaba", "três", "quatro"));
    write_passages(clinic, "b", PASSAGES("abacaxi"));
    vdb_search_result *result = ask(clinic, BY_WORDS("jabuticaba abacaxi", .neighbours = 2));
    assert_int_equal(result->count, 2);
    for (size_t i = 0; i < 2; i++) {
        const vdb_search_hit *hit = &result->hits[i];
        bool middle = hit->chunk_index == 2;
        if (middle) {
            assert_string_equal(hit->before, "zero\num");
            assert_string_equal(hit->after, "três\nquatro");
        } else {
            assert_null(hit->before);
            assert_null(hit->after);
        }
    }
    vdb_search_free(result);
    result = ask(clinic, BY_WORDS("jabuticaba"));
    assert_null(result->hits[0].before);
    vdb_search_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(words_are_found_however_they_are_written, empty),
        cmocka_unit_test_setup(rare_words_count_more, empty),
        cmocka_unit_test_setup(a_question_needs_a_word, empty),
        cmocka_unit_test_setup(no_other_tenant_is_found_or_counted, empty),
        cmocka_unit_test_setup(what_may_not_answer_does_not, empty),
        cmocka_unit_test_setup(terms_are_made_where_they_lack, empty),
        cmocka_unit_test_setup(making_terms_can_be_stopped_and_goes_on, empty),
        cmocka_unit_test_setup(another_text_has_other_words, empty),
        cmocka_unit_test_setup(a_document_goes_with_its_terms, empty),
        cmocka_unit_test_setup(large_documents_are_found_everywhere, empty),
        cmocka_unit_test_setup(frequent_words_rank_what_rarer_ones_find, empty),
        cmocka_unit_test_setup(a_sample_without_words_hides_none, empty),
        cmocka_unit_test_setup(a_chunk_of_very_many_words, empty),
        cmocka_unit_test_setup(a_tenants_rows_are_read_by_their_key, empty),
        cmocka_unit_test_setup(ranks_are_fused, empty),
        cmocka_unit_test_setup(either_way_is_good_enough, empty),
        cmocka_unit_test_setup(filters_leave_out_the_rest, empty),
        cmocka_unit_test_setup(copies_are_left_out, empty),
        cmocka_unit_test_setup(neighbours_are_joined, empty),
    };
    return run_with_database(tests);
}
