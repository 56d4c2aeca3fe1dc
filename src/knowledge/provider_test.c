/* One real call to an embeddings provider, and what came back. */
#include "base/clock.h"
#include "base/text.h"
#include "knowledge/account.h"
#include "store/tenant.h"

#include <string.h>

enum { NUMBERS_SHOWN = 4, ROOM_FOR_NUMBERS = 128 };

static const char preset_text[] = "Vocês atendem no sábado?";

static vdb_status check_text(const char *text, vdb_error *error)
{
    if (text[0] != '\0' && text_is_utf8(text, strlen(text)))
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Give a short text in UTF-8.", "the text is empty or not UTF-8");
}

/* The row outlives the embedder and the provider's row. */
static bool fill(vdb_provider_test *row, arena *memory, const vdb_provider *provider, const embedder *e,
                 const float *vector)
{
    char numbers[ROOM_FOR_NUMBERS];
    size_t used = 0;
    for (int64_t i = 0; i < NUMBERS_SHOWN && i < row->embedding_dimensions; i++)
        used +=
            (size_t)snprintf(numbers + used, sizeof numbers - used, "%s%.6f", i == 0 ? "[" : ", ", (double)vector[i]);
    snprintf(numbers + used, sizeof numbers - used, "]");
    row->provider_uuid = arena_copy_string(memory, provider->provider_uuid);
    row->provider_name = arena_copy_string(memory, provider->provider_name);
    row->protocol = arena_copy_string(memory, embedder_protocol(e));
    row->address = arena_copy_string(memory, embedder_address(e));
    row->embedding_model = arena_copy_string(memory, embedder_model(e));
    row->first_numbers = arena_copy_string(memory, numbers);
    return row->provider_uuid != NULL && row->provider_name != NULL && row->protocol != NULL &&
           (row->address != NULL || embedder_address(e) == NULL) && row->embedding_model != NULL &&
           row->first_numbers != NULL;
}

static vdb_status ask(vdb_tenant *tenant, const vdb_provider *provider, const char *text,
                      const vdb_provider_test **result, vdb_error *error)
{
    embedder *e;
    float vector[VDB_DIMENSIONS];
    int dimensions;
    vdb_status status = embedder_new(provider->provider_name, provider->config, &e, error);
    if (status != VDB_OK)
        return status;
    embedder_set_account(e, account_of(tenant));
    double started = clock_ms();
    status = embed_texts(e, EMBED_QUERY, &text, 1, vector, &dimensions, error);
    if (status == VDB_OK) {
        arena *memory;
        vdb_provider_test *row = rows_allocate(sizeof *row, 1, &memory);
        if (row != NULL) {
            row->took_ms = clock_ms() - started;
            row->embedding_dimensions = dimensions;
            row->tokens = embedder_usage(e).tokens;
        }
        if (row == NULL || !fill(row, memory, provider, e, vector)) {
            vdb_rows_free(row);
            status = error_memory(error);
        } else {
            *result = row;
        }
    }
    embedder_free(e);
    return status;
}

vdb_status vdb_provider_ask(vdb_tenant *tenant, const char *provider, const char *text, const vdb_provider_test **row,
                            vdb_error *error)
{
    const vdb_provider *found;
    error_clear(error);
    text = text == NULL ? preset_text : text;
    vdb_status status = check_text(text, error);
    if (status == VDB_OK)
        status = vdb_provider_get(tenant, "embeddings", provider, &found, error);
    if (status != VDB_OK)
        return status;
    status = ask(tenant, found, text, row, error);
    vdb_rows_free(found);
    return status;
}
