/* Vectors on their way to PostgreSQL, and arrays of its binary format. */
#ifndef VDB_STORE_VECTOR_H
#define VDB_STORE_VECTOR_H

#include "base/buffer.h"
#include "base/error.h"

/* Bytes of one vector in pgvector's binary format: two int16 and the numbers. */
enum { VECTOR_BYTES = 4 + 4 * VDB_DIMENSIONS };

/* Refuses a vector that no distance can be measured to: too short or long, not finite, or all zeros. */
vdb_status vector_check(const float *numbers, int dimensions, vdb_error *error);

/* Appends it, padded with zeros to VDB_DIMENSIONS. */
bool vector_append(buffer *b, const float *numbers, int dimensions);

/* Starts a one-dimensional array without NULLs: `count` elements of the type follow, each behind its int32 length. */
bool array_begin(buffer *b, uint32_t element_type, size_t count);
bool array_element(buffer *b, const char *bytes, size_t length);
bool array_integer(buffer *b, int32_t number);
bool array_smallint(buffer *b, int16_t number);
/* Corrects the number that a whole array was started with. */
void array_set_count(buffer *b, size_t count);

/* A whole text[] or integer[]. */
bool array_of_texts(buffer *b, const char *const *texts); /* ends with NULL */
bool array_of_integers(buffer *b, const int32_t *numbers, size_t count);

/* Of PostgreSQL's pg_type.dat: fixed for ever. */
enum { TYPE_SMALLINT = 21, TYPE_INTEGER = 23, TYPE_TEXT = 25, TYPE_VARBIT = 1562 };

#endif
