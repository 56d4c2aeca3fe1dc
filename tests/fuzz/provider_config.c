/*
 * Any text as a provider's config: what is sealed opens again where it stands and nowhere else, to the same JSON, and
 * is masked as the plain text is. As one that stands in the table already, it opens or is refused.
 */
#include "secret/config.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const seal_place here = { "c1000000-0000-4000-8000-00000000000c", "v_voice_ai_providers",
                                 "11111111-0000-4000-8000-000000000001", "config" };
static const seal_place elsewhere = { "c1000000-0000-4000-8000-00000000000c", "v_voice_ai_providers",
                                      "11111111-0000-4000-8000-000000000002", "config" };
static const data_key key = { .uuid = "aaaaaaaa-0000-4000-8000-000000000001", .bytes = { 1 } };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_refusal(vdb_status status, const vdb_error *error)
{
    return status == VDB_BAD_INPUT && error->status == status && error->hint[0] != '\0';
}

static void check_stored(arena *a, const char *config)
{
    const char *opened;
    int64_t broken;
    vdb_error error = { 0 };
    vdb_status status = config_open(a, config, &here, &key, &opened, &error);
    require(status == VDB_OK || is_refusal(status, &error));
    status = config_broken(a, config, &here, &key, &broken, &error);
    require(status == VDB_OK ? broken >= 0 : is_refusal(status, &error));
}

/* As it is written after it was read. */
static char *normal(const char *config)
{
    json_t *value = json_loads(config, 0, NULL);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(value);
    return text;
}

static void check_masks(const char *plain, const char *sealed)
{
    char *first = vdb_provider_config_masked(plain), *second = vdb_provider_config_masked(sealed);
    require(first != NULL && second != NULL && strcmp(first, second) == 0);
    free(first);
    free(second);
}

static void check_sealed(arena *a, const char *plain, const char *sealed, int64_t secrets)
{
    const char *opened;
    int64_t count, left;
    require(config_count(sealed, &count, &left, NULL) == VDB_OK && count == secrets && left == 0);
    require(config_open(a, sealed, &here, &key, &opened, NULL) == VDB_OK);
    char *expected = normal(plain);
    require(strcmp(opened, expected) == 0);
    free(expected);
    vdb_status status = config_open(a, sealed, &elsewhere, &key, &opened, NULL);
    require(status == (secrets > 0 ? VDB_BAD_INPUT : VDB_OK));
    check_masks(plain, sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    require(sodium_init() >= 0);
    arena *a = arena_new();
    const char *config = arena_copy(a, (const char *)data, size), *sealed;
    int64_t already, plain;
    vdb_error error = { 0 };
    check_stored(a, config);
    vdb_status status = config_count(config, &already, &plain, &error);
    require(status == VDB_OK || is_refusal(status, &error));
    if (status == VDB_OK) {
        status = config_seal(a, config, &(seal_order){ .place = &here, .key = &key }, &sealed, &error);
        require(status == VDB_OK || is_refusal(status, &error));
        if (status == VDB_OK && already == 0)
            check_sealed(a, config, sealed, plain);
    }
    arena_free(a);
    return 0;
}
