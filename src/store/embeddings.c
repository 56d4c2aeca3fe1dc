#include "store/embeddings.h"

#include "store/vector.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_ARRAY = 8 << 20,
    TYPE_BYTEA = 17, /* of PostgreSQL's pg_type.dat: fixed for ever */
};

content_hash content_hash_of(const char *text)
{
    content_hash hash;
    crypto_hash_sha256(hash.bytes, (const unsigned char *)text, strlen(text));
    return hash;
}

static bool append_hash(buffer *b, const content_hash *hash)
{
    return buffer_append_int32(b, sizeof hash->bytes) && buffer_append(b, hash->bytes, sizeof hash->bytes);
}

/* PostgreSQL's hexadecimal form of what vector_send() gives: two int16 and the numbers. */
static bool read_vector(const char *text, float *vector)
{
    unsigned char wire[VECTOR_BYTES];
    size_t length;
    if (strncmp(text, "\\x", 2) != 0 ||
        sodium_hex2bin(wire, sizeof wire, text + 2, strlen(text + 2), NULL, &length, NULL) != 0 ||
        length != sizeof wire)
        return false;
    for (size_t i = 0; i < VDB_DIMENSIONS; i++) {
        uint32_t bits;
        memcpy(&bits, wire + 4 + 4 * i, sizeof bits);
        bits = ntohl(bits);
        memcpy(&vector[i], &bits, sizeof bits);
    }
    return true;
}

static vdb_status read_found(const PGresult *result, size_t count, float *vectors, bool *found, int *dimensions,
                             vdb_error *error)
{
    *dimensions = 0;
    for (int row = 0; row < PQntuples(result); row++) {
        size_t place = strtoul(PQgetvalue(result, row, 0), NULL, 10);
        int length = (int)strtol(PQgetvalue(result, row, 1), NULL, 10);
        if (*dimensions == 0)
            *dimensions = length;
        if (length != *dimensions)
            continue;
        if (place >= count || !read_vector(PQgetvalue(result, row, 2), vectors + place * VDB_DIMENSIONS))
            return error_set(error, VDB_DEFECT, "Report this.", "a kept embedding cannot be read");
        found[place] = true;
    }
    return VDB_OK;
}

vdb_status embeddings_find(vdb_tenant *t, const char *model, const content_hash *hashes, size_t count, float *vectors,
                           bool *found, int *dimensions, vdb_error *error)
{
    buffer array;
    PGresult *result = NULL;
    buffer_init(&array, LARGEST_ARRAY);
    bool made = array_begin(&array, TYPE_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        made = made && append_hash(&array, &hashes[i]);
        found[i] = false;
    }
    const request r = REQUEST(EMBEDDING_FIND, P_BINARY(array.data, array.length), P(model));
    vdb_status status = made ? tenant_run(t, &r, 1, &result, error) : error_memory(error);
    if (status == VDB_OK)
        status = read_found(result, count, vectors, found, dimensions, error);
    PQclear(result);
    buffer_free(&array);
    return status;
}

/* The type's OID differs from database to database. */
static vdb_status find_vector_type(vdb_tenant *t, uint32_t *type, vdb_error *error)
{
    PGresult *result;
    vdb_status status = unscoped_run(t->pool, QUERY_VECTOR_TYPE, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    *type = (uint32_t)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return VDB_OK;
}

static bool encode(buffer *hash_array, buffer *vector_array, uint32_t vector_type, int dimensions,
                   const content_hash *hashes, const float *vectors, const bool *known, size_t count)
{
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++)
        fresh += known[i] ? 0 : 1;
    bool done = array_begin(hash_array, TYPE_BYTEA, fresh) && array_begin(vector_array, vector_type, fresh);
    for (size_t i = 0; done && i < count; i++) {
        if (!known[i])
            done = append_hash(hash_array, &hashes[i]) && buffer_append_int32(vector_array, VECTOR_BYTES) &&
                   vector_append(vector_array, vectors + i * VDB_DIMENSIONS, dimensions);
    }
    return done;
}

vdb_status embeddings_keep(vdb_tenant *t, const char *model, int dimensions, const content_hash *hashes,
                           const float *vectors, const bool *known, size_t count, vdb_error *error)
{
    uint32_t vector_type;
    buffer hash_array, vector_array;
    number length;
    vdb_status status = find_vector_type(t, &vector_type, error);
    if (status != VDB_OK)
        return status;
    buffer_init(&hash_array, LARGEST_ARRAY);
    buffer_init(&vector_array, LARGEST_ARRAY);
    bool made = encode(&hash_array, &vector_array, vector_type, dimensions, hashes, vectors, known, count);
    const request r =
        REQUEST(EMBEDDING_KEEP, P(model), p_int(&(int64_t){ dimensions }, &length),
                P_BINARY(hash_array.data, hash_array.length), P_BINARY(vector_array.data, vector_array.length));
    status = made ? tenant_run(t, &r, 1, NULL, error) : error_memory(error);
    buffer_free(&hash_array);
    buffer_free(&vector_array);
    return status;
}

vdb_status embeddings_hold(vdb_tenant *t, const char *document_uuid, const char *model, vdb_error *error)
{
    const request r = REQUEST(EMBEDDING_HOLD, P(document_uuid), P(model));
    return tenant_run_patiently(t, &r, 1, NULL, error);
}

vdb_status embeddings_drop(vdb_tenant *t, const char *document_uuid, const char *model, vdb_error *error)
{
    const request r = REQUEST(EMBEDDING_DROP, P(model), P(document_uuid));
    return tenant_run(t, &r, 1, NULL, error);
}
