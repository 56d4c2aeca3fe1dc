#include "store/vector.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>

vdb_status vector_check(const float *numbers, int dimensions, vdb_error *error)
{
    if (numbers == NULL || dimensions < 1 || dimensions > VDB_DIMENSIONS)
        return error_set(error, VDB_BAD_INPUT,
                         "Give an embedding of 1 to 1536 numbers; ask the provider for `dimensions` 1536.",
                         "the embedding has %d numbers", dimensions);
    bool direction = false;
    for (int i = 0; i < dimensions; i++) {
        if (!isfinite(numbers[i]))
            return error_set(error, VDB_BAD_INPUT, "Give finite numbers.", "number %d of the embedding is not finite",
                             i + 1);
        direction = direction || numbers[i] != 0;
    }
    if (direction)
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Give an embedding that points somewhere.", "the embedding is all zeros");
}

bool vector_append(buffer *b, const float *numbers, int dimensions)
{
    uint32_t wire[VDB_DIMENSIONS] = { 0 };
    for (int i = 0; i < dimensions; i++) {
        memcpy(&wire[i], &numbers[i], sizeof wire[i]);
        wire[i] = htonl(wire[i]);
    }
    return buffer_append_int16(b, VDB_DIMENSIONS) && buffer_append_int16(b, 0) && buffer_append(b, wire, sizeof wire);
}

bool array_begin(buffer *b, uint32_t element_type, size_t count)
{
    return buffer_append_int32(b, count > 0) && /* dimensions */
           buffer_append_int32(b, 0) &&         /* no NULL inside */
           buffer_append_int32(b, (int32_t)element_type) &&
           (count == 0 || (buffer_append_int32(b, (int32_t)count) && buffer_append_int32(b, 1)));
}

bool array_element(buffer *b, const char *bytes, size_t length)
{
    return buffer_append_int32(b, (int32_t)length) && buffer_append(b, bytes, length);
}

bool array_integer(buffer *b, int32_t number)
{
    const uint32_t wire[] = { htonl(sizeof number), htonl((uint32_t)number) };
    return buffer_append(b, wire, sizeof wire);
}

bool array_smallint(buffer *b, int16_t number)
{
    const uint16_t wire[] = { 0, htons(sizeof number), htons((uint16_t)number) };
    return buffer_append(b, wire, sizeof wire);
}

void array_set_count(buffer *b, size_t count)
{
    const uint32_t wire = htonl((uint32_t)count);
    memcpy(b->data + 3 * sizeof wire, &wire, sizeof wire); /* behind dimensions, NULLs and type */
}

bool array_of_texts(buffer *b, const char *const *texts)
{
    size_t count = 0;
    while (texts[count] != NULL)
        count++;
    bool done = array_begin(b, TYPE_TEXT, count);
    for (size_t i = 0; done && i < count; i++)
        done = array_element(b, texts[i], strlen(texts[i]));
    return done;
}

bool array_of_integers(buffer *b, const int32_t *numbers, size_t count)
{
    bool done = array_begin(b, TYPE_INTEGER, count);
    for (size_t i = 0; done && i < count; i++)
        done = array_integer(b, numbers[i]);
    return done;
}
