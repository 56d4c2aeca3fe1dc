/*
 * Any bytes as the answer of an embeddings server. The first byte chooses how many texts were sent and whether a length
 * is expected; what is accepted must be unit vectors, padded with zeros.
 */
#include "knowledge/protocol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXTS = 4, EXPECTED = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_vectors(const float *vectors, size_t count, int dimensions)
{
    require(dimensions >= 1 && dimensions <= VDB_DIMENSIONS);
    for (size_t i = 0; i < count; i++) {
        const float *vector = vectors + i * VDB_DIMENSIONS;
        double squares = 0;
        for (int k = 0; k < VDB_DIMENSIONS; k++) {
            require(k < dimensions || vector[k] == 0);
            squares += (double)vector[k] * (double)vector[k];
        }
        require(fabs(squares - 1) < 1e-4);
    }
}

static void check_answer(const protocol *p, const char *bytes, size_t length, size_t count, int expected)
{
    static float vectors[MOST_TEXTS * VDB_DIMENSIONS];
    memset(vectors, 0xFF, sizeof vectors);
    int dimensions = expected;
    int64_t tokens = -2;
    vdb_error error = { 0 };
    vdb_status status = answer_vectors(&p->answer, bytes, length, count, vectors, &dimensions, &tokens, &error);
    require(status == error.status);
    require((status == VDB_OK) == (tokens >= -1));
    if (status == VDB_OK && count > 0)
        check_vectors(vectors, count, dimensions);
    else
        require(dimensions == expected && (count == 0 || error.hint[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *bytes = (const char *)data + 1;
    for (const protocol *p = protocols; p->name != NULL; p++)
        check_answer(p, bytes, size - 1, data[0] % (MOST_TEXTS + 1), (data[0] & 0x80) != 0 ? EXPECTED : 0);

    buffer reason;
    buffer_init(&reason, size);
    answer_reason(bytes, size - 1, &reason);
    require(!reason.failed && (reason.length == 0 || strpbrk(reason.data, "\r\n\t") == NULL));
    buffer_free(&reason);
    answer_quota_spent(bytes, size - 1);
    return 0;
}
