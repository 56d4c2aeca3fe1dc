/* The library's calls that take a tenant, each with whatever it may be given. */
#include "leak.h"

#include "store/records.h"

#include <unistd.h>
#include <zstd.h>

static const double zero = 0;
static const bool yes = true;

static const bool *flag(actor *a)
{
    static const bool values[] = { true, false };
    return chance(a, 50) ? NULL : &values[below(a, 2)];
}

static const char *type_of_provider(actor *a)
{
    static const char *const types[] = { "stt", "tts", "llm", "embeddings" };
    return one_of(a, types);
}

/* A thing by its UUID or by a name. */
static const char *by_key_or(actor *a, thing key, thing name)
{
    return chance(a, 50) ? draw(a, key) : draw(a, name);
}

static const char *secretary(actor *a)
{
    static const thing ways[] = { SECRETARY, SECRETARY_NAME, EXTENSION };
    return draw(a, one_of(a, ways));
}

static const char *secretary_or_null(actor *a)
{
    return chance(a, 40) ? NULL : secretary(a);
}

/* What one row's call handed out. */
static vdb_status told(actor *a, vdb_status status, const record *shape, const void *rows, size_t count)
{
    if (status == VDB_OK) {
        say_rows(a, shape, rows, count);
        vdb_rows_free(rows);
    }
    return status;
}

static vdb_status told_uuid(actor *a, vdb_status status, const char *uuid)
{
    if (status == VDB_OK)
        say(a, uuid);
    return status;
}

/* ---- the handle -------------------------------------------------------------------------------------------------- */

static vdb_status handle_again(actor *a)
{
    say(a, vdb_tenant_uuid(a->tenant));
    say(a, vdb_tenant_name(a->tenant));
    vdb_tenant **handle = &a->self->handles[a->way - a->world->ways];
    const char *domain = chance(a, 50) ? a->self->domain : a->self->name;
    vdb_tenant *other = NULL;
    vdb_status status = vdb_tenant_open(a->way->pool, domain, &other, &a->error);
    if (status != VDB_OK)
        return status;
    vdb_tenant_close(*handle);
    *handle = a->tenant = other;
    return VDB_OK;
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

static vdb_provider_input provider_input(actor *a)
{
    return (vdb_provider_input){
        .display_name = word_or_null(a),
        .config = chance(a, 50) ? json_with_word(a) : NULL,
        .is_default = flag(a),
        .enabled = chance(a, 80) ? NULL : flag(a),
    };
}

static vdb_status provider_add(actor *a)
{
    char uuid[37];
    vdb_provider_input input = provider_input(a);
    bool builtin = chance(a, 30);
    input.provider_type = builtin ? "embeddings" : type_of_provider(a);
    input.provider_name = builtin ? "builtin" : chance(a, 80) ? word(a) : draw(a, PROVIDER_NAME);
    input.is_default = builtin ? &yes : input.is_default;
    return told_uuid(a, vdb_provider_add(a->tenant, &input, uuid, &a->error), uuid);
}

static vdb_status provider_list(actor *a)
{
    const vdb_provider *rows;
    size_t count = 0;
    const char *type = chance(a, 50) ? NULL : type_of_provider(a);
    vdb_status status = vdb_provider_list(a->tenant, type, &rows, &count, &a->error);
    return told(a, status, &provider_record, rows, count);
}

static vdb_status provider_get(actor *a)
{
    const vdb_provider *row;
    const char *type = chance(a, 70) ? NULL : type_of_provider(a);
    vdb_status status = vdb_provider_get(a->tenant, type, by_key_or(a, PROVIDER, PROVIDER_NAME), &row, &a->error);
    return told(a, status, &provider_record, row, 1);
}

static vdb_status provider_update(actor *a)
{
    vdb_provider_input input = provider_input(a);
    input.provider_name = chance(a, 70) ? NULL : chance(a, 50) ? word(a) : draw(a, PROVIDER_NAME);
    return vdb_provider_update(a->tenant, draw(a, PROVIDER), &input, &a->error);
}

static vdb_status provider_ask(actor *a)
{
    const vdb_provider_test *row;
    vdb_status status = vdb_provider_ask(a->tenant, by_key_or(a, PROVIDER, PROVIDER_NAME), word(a), &row, &a->error);
    return told(a, status, &provider_test_record, row, 1);
}

static vdb_status provider_usage_list(actor *a)
{
    const vdb_provider_usage *rows;
    size_t count = 0;
    vdb_status status = vdb_provider_usage_list(a->tenant, 1 + (int)below(a, 40), &rows, &count, &a->error);
    return told(a, status, &provider_usage_record, rows, count);
}

static vdb_status provider_remove(actor *a)
{
    return vdb_provider_remove(a->tenant, draw(a, PROVIDER), &a->error);
}

/* ---- secretaries ------------------------------------------------------------------------------------------------- */

static vdb_secretary_input secretary_input(actor *a)
{
    return (vdb_secretary_input){
        .description = word_or_null(a),
        .extension = chance(a, 40)   ? NULL
                     : chance(a, 60) ? word(a)
                                     : draw(a, EXTENSION),
        .stt_provider_uuid = chance(a, 75) ? NULL : draw(a, PROVIDER),
        .tts_provider_uuid = chance(a, 75) ? NULL : draw(a, PROVIDER),
        .llm_provider_uuid = chance(a, 75) ? NULL : draw(a, PROVIDER),
        .embeddings_provider_uuid = chance(a, 85) ? NULL : draw(a, PROVIDER),
        .system_prompt = word_or_null(a),
        .greeting_message = word_or_null(a),
        .goodbye_message = word_or_null(a),
        .voice_name = word_or_null(a),
        .rag_similarity_threshold = chance(a, 50) ? NULL : &zero,
        .webhook_enabled = &yes,
        .webhook_url = chance(a, 40) ? NULL : arena_printf(a->memory, "https://%s.example/", word(a)),
    };
}

static vdb_status secretary_add(actor *a)
{
    char uuid[37];
    vdb_secretary_input input = secretary_input(a);
    input.name = chance(a, 80) ? word(a) : draw(a, SECRETARY_NAME);
    return told_uuid(a, vdb_secretary_add(a->tenant, &input, uuid, &a->error), uuid);
}

static vdb_status secretary_list(actor *a)
{
    const vdb_secretary *rows;
    size_t count = 0;
    vdb_status status = vdb_secretary_list(a->tenant, &rows, &count, &a->error);
    return told(a, status, &secretary_record, rows, count);
}

static vdb_status secretary_get(actor *a)
{
    const vdb_secretary *row;
    vdb_status status = vdb_secretary_get(a->tenant, secretary(a), &row, &a->error);
    return told(a, status, &secretary_record, row, 1);
}

static vdb_status secretary_update(actor *a)
{
    vdb_secretary_input input = secretary_input(a);
    input.name = word_or_null(a);
    return vdb_secretary_update(a->tenant, draw(a, SECRETARY), &input, &a->error);
}

static vdb_status secretary_remove(actor *a)
{
    return vdb_secretary_remove(a->tenant, draw(a, SECRETARY), &a->error);
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

static void say_added(actor *a, const vdb_document_added *added)
{
    say(a, added->document_uuid);
    say(a, added->embedding_model);
}

static vdb_status document_add_file(actor *a)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%zu.txt", a->world->folder, a->number);
    FILE *file = fopen(path, "w");
    assert(file != NULL);
    for (size_t i = 0, paragraphs = 1 + below(a, 3); i < paragraphs; i++)
        fprintf(file, "Horário %s: das oito às dezoito, %s.\n\n", word(a), word(a));
    fclose(file);
    const vdb_document_file input = { .path = path,
                                      .document_name = chance(a, 60) ? word(a) : draw(a, DOCUMENT_NAME),
                                      .secretary = secretary_or_null(a) };
    vdb_document_added added = { 0 };
    vdb_status status = vdb_document_add_file(a->tenant, &input, NULL, NULL, &added, &a->error);
    unlink(path);
    say_added(a, &added);
    return status;
}

static vdb_status append_chunks(actor *a, vdb_document_writer *writer, int dimensions)
{
    float vectors[3 * 8];
    vdb_chunk_input chunks[3];
    numbers(a, vectors, COUNT(vectors));
    for (size_t i = 0; i < COUNT(chunks); i++) {
        chunks[i] = (vdb_chunk_input){ .content = word(a),
                                       .embedding = vectors + i * (size_t)dimensions,
                                       .metadata = chance(a, 50) ? NULL : json_with_word(a) };
    }
    return vdb_document_writer_append(writer, chunks, 1 + below(a, COUNT(chunks)), &a->error);
}

static vdb_status document_write(actor *a)
{
    const int dimensions = 8;
    vdb_document_writer *writer;
    vdb_document_added added = { 0 };
    const vdb_document document = { .document_name = chance(a, 60) ? word(a) : draw(a, DOCUMENT_NAME),
                                    .voice_secretary_uuid = draw_or_null(a, SECRETARY),
                                    .file_path = word_or_null(a),
                                    .content = word_or_null(a) };
    const char *model = chance(a, 40) ? word(a) : chance(a, 60) ? "shared" : draw(a, MODEL);
    vdb_status status = vdb_document_writer_open(a->tenant, &document, model, dimensions, &writer, &a->error);
    if (status != VDB_OK)
        return status;
    say(a, vdb_document_writer_is_unchanged(writer) ? "unchanged" : "changed");
    status = append_chunks(a, writer, dimensions);
    if (chance(a, 20)) {
        vdb_document_writer_abort(writer);
        return status;
    }
    vdb_status committed = vdb_document_writer_commit(writer, &added, status == VDB_OK ? &a->error : NULL);
    say_added(a, &added);
    return status == VDB_OK ? committed : status;
}

static vdb_status document_list(actor *a)
{
    const vdb_document *rows;
    size_t count = 0;
    vdb_status status = vdb_document_list(a->tenant, &rows, &count, &a->error);
    return told(a, status, &document_record, rows, count);
}

static vdb_status document_get(actor *a)
{
    const vdb_document *row;
    vdb_status status = vdb_document_get(a->tenant, by_key_or(a, DOCUMENT, DOCUMENT_NAME), &row, &a->error);
    return told(a, status, &document_record, row, 1);
}

static vdb_status document_enable(actor *a)
{
    return vdb_document_enable(a->tenant, draw(a, DOCUMENT), chance(a, 70), &a->error);
}

static vdb_status document_process(actor *a)
{
    vdb_processed done;
    vdb_status status = vdb_document_process(a->tenant, NULL, NULL, NULL, &done, &a->error);
    if (status == VDB_OK) {
        say(a, done.document_uuid);
        say(a, done.document_name);
        say(a, done.error.message);
    }
    return status;
}

static vdb_status reembed(actor *a)
{
    vdb_reembed_plan plan;
    int64_t count;
    const char *provider = by_key_or(a, PROVIDER, PROVIDER_NAME);
    if (chance(a, 30))
        return vdb_reembed_discard(a->tenant, &count, &a->error);
    vdb_status status = chance(a, 50) ? vdb_reembed_prepare(a->tenant, provider, &plan, &a->error)
                                      : vdb_reembed(a->tenant, provider, NULL, NULL, &plan, &a->error);
    if (status == VDB_OK)
        say(a, plan.embedding_model);
    return status;
}

static vdb_status document_remove(actor *a)
{
    return vdb_document_remove(a->tenant, draw(a, DOCUMENT), &a->error);
}

static vdb_status chunk_list(actor *a)
{
    const vdb_chunk *rows;
    size_t count = 0;
    vdb_status status = vdb_chunk_list(a->tenant, draw(a, DOCUMENT), &rows, &count, &a->error);
    return told(a, status, &chunk_record, rows, count);
}

static vdb_status search(actor *a)
{
    float vector[8];
    numbers(a, vector, COUNT(vector));
    bool asks = chance(a, 15), filters = chance(a, 20);
    const vdb_search_request request = {
        .question = asks || chance(a, 50) ? word(a) : NULL,
        .embedding = asks ? NULL : vector,
        .mode = chance(a, 30) ? VDB_SEARCH_VECTOR : VDB_SEARCH_AUTO,
        .documents = filters ? (const char *const[]){ by_key_or(a, DOCUMENT, DOCUMENT_NAME), NULL } : NULL,
        .metadata = chance(a, 20) ? "{\"page\": 1}" : NULL,
        .neighbours = chance(a, 30) ? 2 : 0,
        .keep_duplicates = chance(a, 30),
        .dimensions = COUNT(vector),
        .embedding_model = asks            ? NULL
                           : chance(a, 60) ? "shared"
                                           : draw(a, MODEL),
        .secretary = secretary_or_null(a),
        .top = (int)(1 + below(a, 20)),
        .threshold = chance(a, 50) ? NULL : &zero,
    };
    vdb_search_result *result;
    vdb_status status = vdb_search(a->tenant, &request, &result, &a->error);
    if (status != VDB_OK)
        return status;
    say_rows(a, &search_hit_record, result->hits, result->count);
    for (size_t i = 0; i < result->count; i++) {
        say(a, result->hits[i].before == NULL ? "-" : result->hits[i].before);
        say(a, result->hits[i].after == NULL ? "-" : result->hits[i].after);
    }
    say(a, result->embedding_model);
    say(a, result->mode);
    say(a, result->left_out == NULL ? "-" : result->left_out);
    buffer_printf(&a->said, "%zu below, the best %g\n", result->below_threshold, result->best_below_threshold);
    vdb_search_free(result);
    return VDB_OK;
}

/* By words alone, which asks the function that runs as its owner. */
static vdb_status search_words(actor *a)
{
    const vdb_search_request request = {
        .question = word(a), .mode = VDB_SEARCH_LEXICAL, .secretary = secretary_or_null(a), .top = 20
    };
    vdb_search_result *result;
    vdb_status status = vdb_search(a->tenant, &request, &result, &a->error);
    if (status != VDB_OK)
        return status;
    say_rows(a, &search_hit_record, result->hits, result->count);
    vdb_search_free(result);
    return VDB_OK;
}

static vdb_status document_index(actor *a)
{
    int64_t chunks = 0;
    vdb_status status = vdb_document_index(a->tenant, NULL, NULL, &chunks, &a->error);
    buffer_printf(&a->said, "%lld indexed\n", (long long)chunks);
    return status;
}

/* ---- transfer rules ---------------------------------------------------------------------------------------------- */

static vdb_status transfer_rule_add(actor *a)
{
    char uuid[37];
    const char *const keywords[] = { word(a), "pessoa", NULL };
    const vdb_transfer_rule_input input = {
        .secretary = secretary_or_null(a),
        .department_name = chance(a, 80) ? word(a) : draw(a, DEPARTMENT),
        .intent_keywords = chance(a, 80) ? keywords : NULL,
        .transfer_extension = word(a),
        .transfer_message = word_or_null(a),
        .fallback_extension = word_or_null(a),
        .enabled = chance(a, 80) ? NULL : flag(a),
    };
    return told_uuid(a, vdb_transfer_rule_add(a->tenant, &input, uuid, &a->error), uuid);
}

static vdb_status transfer_rule_list(actor *a)
{
    const vdb_transfer_rule *rows;
    size_t count = 0;
    vdb_status status = vdb_transfer_rule_list(a->tenant, secretary_or_null(a), &rows, &count, &a->error);
    return told(a, status, &transfer_rule_record, rows, count);
}

static vdb_status transfer_rule_remove(actor *a)
{
    return vdb_transfer_rule_remove(a->tenant, draw(a, RULE), &a->error);
}

static vdb_status transfer_resolve(actor *a)
{
    const vdb_transfer_decision *d;
    const char *wish = chance(a, 50) ? "quero falar com uma pessoa" : draw(a, DEPARTMENT);
    vdb_status status = vdb_transfer_resolve(a->tenant, secretary_or_null(a), wish, NULL, &d, &a->error);
    if (status != VDB_OK)
        return status;
    say(a, d->outcome);
    say_rows(a, &transfer_rule_record, d->rule, d->rule != NULL);
    for (const vdb_transfer_step *s = d->steps; s < d->steps + d->step_count; s++)
        buffer_printf(&a->said, "%s %s %s: %s\n", s->transfer_rule_uuid, s->department_name, s->verdict, s->why);
    vdb_rows_free(d);
    return VDB_OK;
}

static void say_if_any(actor *a, const char *text)
{
    if (text != NULL)
        say(a, text);
}

static vdb_status call_context(actor *a)
{
    const vdb_call_context *c;
    vdb_status status = vdb_call_context_get(a->tenant, secretary(a), &c, &a->error);
    if (status != VDB_OK)
        return status;
    say_rows(a, &secretary_record, c->secretary, 1);
    say_rows(a, &transfer_rule_record, c->rules, c->rule_count);
    say_if_any(a, c->embedding_model);
    for (const vdb_call_provider *p = c->providers; p < c->providers + VDB_CALL_PROVIDERS; p++) {
        say_if_any(a, p->provider_uuid);
        say_if_any(a, p->provider_name);
        say_if_any(a, p->display_name);
        say_if_any(a, p->config);
    }
    vdb_rows_free(c);
    return VDB_OK;
}

/* ---- conversations ----------------------------------------------------------------------------------------------- */

static vdb_status conversation_start(actor *a)
{
    char uuid[37];
    const vdb_conversation_start_input input = {
        .secretary = secretary_or_null(a),
        .call_uuid = draw_or_null(a, CALL),
        .caller_id = chance(a, 60) ? word(a) : draw_or_null(a, CALLER),
        .caller_name = word_or_null(a),
        .metadata = chance(a, 60) ? NULL : json_with_word(a),
    };
    return told_uuid(a, vdb_conversation_start(a->tenant, &input, uuid, &a->error), uuid);
}

static vdb_status conversation_say(actor *a)
{
    static const char *const roles[] = { "user", "assistant", "system", "tool" };
    const char *const chunks[] = { draw(a, CHUNK), draw(a, CHUNK), NULL };
    static const double similarities[] = { 0.9, 0.5 };
    const vdb_message message = {
        .role = one_of(a, roles),
        .content = word(a),
        .turn_number = chance(a, 80) ? 0 : (int64_t)below(a, 4),
        .rag_latency_ms = (int64_t)below(a, 3),
        .llm_provider = word_or_null(a),
        .rag_chunk_uuids = chance(a, 70) ? NULL : chunks,
        .rag_similarities = chance(a, 50) ? NULL : similarities,
        .detected_intent = word_or_null(a),
    };
    int64_t turn = 0;
    vdb_status status = vdb_conversation_say(a->tenant, draw(a, CONVERSATION), &message, &turn, &a->error);
    buffer_printf(&a->said, "turn %lld\n", (long long)turn);
    return status;
}

static vdb_status conversation_end(actor *a)
{
    const vdb_conversation_end_input input = {
        .transfer_rule_uuid = chance(a, 50) ? NULL : draw(a, RULE),
        .transfer_target = word_or_null(a),
        .summary = word_or_null(a),
        .ticket_id = word_or_null(a),
    };
    return vdb_conversation_end(a->tenant, draw(a, CONVERSATION), &input, &a->error);
}

static vdb_status conversation_sweep(actor *a)
{
    int64_t ended;
    vdb_status status = vdb_conversation_sweep(a->tenant, 86400, &ended, &a->error);
    if (status == VDB_OK)
        buffer_printf(&a->said, "%lld ended\n", (long long)ended);
    return status;
}

static vdb_status conversation_list(actor *a)
{
    const vdb_conversation *rows;
    size_t count = 0;
    const char *caller = draw_or_null(a, CALLER);
    vdb_status status = vdb_conversation_list(a->tenant, caller, (int)below(a, 40), &rows, &count, &a->error);
    return told(a, status, &conversation_record, rows, count);
}

static vdb_status conversation_get(actor *a)
{
    const vdb_conversation *row;
    vdb_status status = vdb_conversation_get(a->tenant, by_key_or(a, CONVERSATION, CALL), &row, &a->error);
    return told(a, status, &conversation_record, row, 1);
}

static vdb_status conversation_trace(actor *a)
{
    const vdb_trace_event *rows;
    size_t count = 0;
    vdb_status status = vdb_conversation_trace(a->tenant, by_key_or(a, CONVERSATION, CALL), &rows, &count, &a->error);
    return told(a, status, &trace_event_record, rows, count);
}

static vdb_status message_list(actor *a)
{
    const vdb_message *rows;
    size_t count = 0;
    vdb_status status = vdb_message_list(a->tenant, draw(a, CONVERSATION), &rows, &count, &a->error);
    return told(a, status, &message_record, rows, count);
}

/* ---- webhooks ---------------------------------------------------------------------------------------------------- */

static vdb_status webhook_list(actor *a)
{
    const vdb_webhook_delivery *rows;
    size_t count = 0;
    const vdb_webhook_filter filter = { .state = chance(a, 70) ? NULL : "pending",
                                        .conversation = draw_or_null(a, CONVERSATION) };
    vdb_status status = vdb_webhook_list(a->tenant, &filter, &rows, &count, &a->error);
    return told(a, status, &webhook_delivery_record, rows, count);
}

static vdb_status webhook_retry(actor *a)
{
    int64_t count = 0;
    vdb_status status = vdb_webhook_retry(a->tenant, draw_or_null(a, NOTICE), &count, &a->error);
    buffer_printf(&a->said, "%lld notices\n", (long long)count);
    return status;
}

static vdb_status webhook_secret_set(actor *a)
{
    char secret[VDB_WEBHOOK_SECRET_ROOM];
    vdb_webhook_secret_make(secret);
    return vdb_webhook_secret_set(a->tenant, chance(a, 20) ? NULL : secret, &a->error);
}

/* ---- privacy ----------------------------------------------------------------------------------------------------- */

static vdb_status privacy_find(actor *a)
{
    const vdb_personal_data *rows;
    size_t count = 0;
    vdb_status status = vdb_privacy_find(a->tenant, draw(a, CALLER), &rows, &count, &a->error);
    return told(a, status, &personal_data_record, rows, count);
}

static vdb_status privacy_export(actor *a)
{
    const vdb_personal_copy *rows;
    size_t count = 0;
    vdb_status status = vdb_privacy_export(a->tenant, draw(a, CALLER), &rows, &count, &a->error);
    return told(a, status, &personal_copy_record, rows, count);
}

static const char *erasure_key(actor *a)
{
    return arena_printf(a->memory, "%s/erasure.key", a->world->folder);
}

static vdb_status privacy_erase(actor *a)
{
    const vdb_erased *row;
    vdb_status status = vdb_privacy_erase(a->tenant, draw(a, CALLER), erasure_key(a), &row, &a->error);
    return told(a, status, &erased_record, row, 1);
}

static vdb_status retention(actor *a)
{
    const int64_t days = 1 + (int64_t)below(a, 1000);
    const vdb_retention_input input = { .messages_days = chance(a, 50) ? NULL : &days,
                                        .conversations_days = chance(a, 50) ? NULL : &days };
    const vdb_retention *row;
    vdb_status status = vdb_retention_set(a->tenant, &input, &a->error);
    if (status == VDB_OK)
        status = vdb_retention_get(a->tenant, &row, &a->error);
    return told(a, status, &retention_record, row, 1);
}

/* ---- copies and the end ------------------------------------------------------------------------------------------ */

/* A copy's rows as text: what stands in its frames. */
static void say_frames(actor *a, const char *path)
{
    char in[1 << 14], out[1 << 16];
    FILE *file = fopen(path, "r");
    assert(file != NULL);
    ZSTD_DStream *stream = ZSTD_createDStream();
    for (size_t size; (size = fread(in, 1, sizeof in, file)) > 0;) {
        ZSTD_inBuffer from = { in, size, 0 };
        while (from.pos < from.size) {
            ZSTD_outBuffer to = { out, sizeof out, 0 };
            assert(!ZSTD_isError(ZSTD_decompressStream(stream, &to, &from)));
            buffer_append(&a->said, out, to.pos);
        }
    }
    ZSTD_freeDStream(stream);
    fclose(file);
}

static vdb_status tenant_copy(actor *a)
{
    const char *path = arena_printf(a->memory, "%s/%zu.copy", a->world->folder, a->number);
    const vdb_backup_info *info = NULL;
    vdb_status status = vdb_tenant_export(a->tenant, &(vdb_backup_options){ .path = path }, &info, &a->error);
    if (status == VDB_OK) {
        say_frames(a, path);
        vdb_rows_free(info);
        const char *const keys[] = { erasure_key(a), NULL };
        const vdb_import_options options = {
            .path = path, .erasure_keys = keys, .into = a->self->domain, .replace = chance(a, 80)
        };
        status = vdb_tenant_import(a->way->pool, &options, NULL, &a->error);
    }
    unlink(path);
    return status;
}

static vdb_status tenant_erase(actor *a)
{
    const vdb_backup_table *rows;
    size_t count = 0;
    vdb_status status = vdb_tenant_erase(a->tenant, a->self->name, chance(a, 30), &rows, &count, &a->error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        buffer_printf(&a->said, "%s %lld\n", rows[i].name, (long long)rows[i].rows);
    vdb_rows_free(rows);
    return VDB_OK;
}

const operation library_operations[] = {
    { "handle_again", "vdb_tenant_open vdb_tenant_close vdb_tenant_uuid vdb_tenant_name", 2, true, handle_again },
    { "provider_add", "vdb_provider_add", 50, false, provider_add },
    { "provider_list", "vdb_provider_list", 30, true, provider_list },
    { "provider_get", "vdb_provider_get", 50, true, provider_get },
    { "provider_update", "vdb_provider_update", 40, false, provider_update },
    { "provider_remove", "vdb_provider_remove", 30, false, provider_remove },
    { "provider_ask", "vdb_provider_ask", 20, true, provider_ask },
    { "provider_usage_list", "vdb_provider_usage_list", 10, true, provider_usage_list },
    { "secretary_add", "vdb_secretary_add", 60, false, secretary_add },
    { "secretary_list", "vdb_secretary_list", 30, true, secretary_list },
    { "secretary_get", "vdb_secretary_get", 60, true, secretary_get },
    { "secretary_update", "vdb_secretary_update", 50, false, secretary_update },
    { "secretary_remove", "vdb_secretary_remove", 30, false, secretary_remove },
    { "document_add_file", "vdb_document_add_file", 6, false, document_add_file },
    { "document_write",
      "vdb_document_writer_open vdb_document_writer_is_unchanged vdb_document_writer_append "
      "vdb_document_writer_commit vdb_document_writer_abort",
      30, false, document_write },
    { "document_list", "vdb_document_list", 20, true, document_list },
    { "document_get", "vdb_document_get", 40, true, document_get },
    { "document_enable", "vdb_document_enable", 20, false, document_enable },
    { "document_remove", "vdb_document_remove", 25, false, document_remove },
    { "document_process", "vdb_document_process", 10, false, document_process },
    { "reembed", "vdb_reembed vdb_reembed_prepare vdb_reembed_discard", 4, false, reembed },
    { "chunk_list", "vdb_chunk_list", 40, true, chunk_list },
    { "search", "vdb_search", 60, true, search },
    { "search_words", "vdb_search", 60, true, search_words },
    { "document_index", "vdb_document_index", 10, false, document_index },
    { "transfer_rule_add", "vdb_transfer_rule_add", 40, false, transfer_rule_add },
    { "transfer_rule_list", "vdb_transfer_rule_list", 30, true, transfer_rule_list },
    { "transfer_rule_remove", "vdb_transfer_rule_remove", 20, false, transfer_rule_remove },
    { "transfer_resolve", "vdb_transfer_resolve", 40, true, transfer_resolve },
    { "call_context", "vdb_call_context_get", 40, true, call_context },
    { "conversation_start", "vdb_conversation_start", 40, false, conversation_start },
    { "conversation_say", "vdb_conversation_say", 60, false, conversation_say },
    { "conversation_end", "vdb_conversation_end", 30, false, conversation_end },
    { "conversation_sweep", "vdb_conversation_sweep", 5, false, conversation_sweep },
    { "conversation_list", "vdb_conversation_list", 30, true, conversation_list },
    { "conversation_get", "vdb_conversation_get", 50, true, conversation_get },
    { "conversation_trace", "vdb_conversation_trace", 40, true, conversation_trace },
    { "message_list", "vdb_message_list", 40, true, message_list },
    { "privacy_find", "vdb_privacy_find", 20, true, privacy_find },
    { "privacy_export", "vdb_privacy_export", 20, true, privacy_export },
    { "privacy_erase", "vdb_privacy_erase", 10, false, privacy_erase },
    { "retention", "vdb_retention_get vdb_retention_set", 10, false, retention },
    { "webhook_list", "vdb_webhook_list", 40, true, webhook_list },
    { "webhook_retry", "vdb_webhook_retry", 30, false, webhook_retry },
    { "webhook_secret_set", "vdb_webhook_secret_set", 10, false, webhook_secret_set },
    { "tenant_copy", "vdb_tenant_export", 1, false, tenant_copy },
    { "tenant_erase", "vdb_tenant_erase", 5, false, tenant_erase },
};
const size_t library_operation_count = COUNT(library_operations);
