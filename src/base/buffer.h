/* A growable byte buffer with a maximum. A failed append leaves it as it was and is remembered in `failed`. */
#ifndef VDB_BASE_BUFFER_H
#define VDB_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct buffer {
    char *data; /* NULL while empty; else ends with a NUL that `length` does not count */
    size_t length;
    size_t room;
    size_t maximum;
    bool failed; /* an append did not fit or memory ran out; check once, after the last append */
} buffer;

void buffer_init(buffer *b, size_t maximum);
void buffer_free(buffer *b);  /* the buffer can be used again */
void buffer_reset(buffer *b); /* empties it, keeps its memory */

bool buffer_append(buffer *b, const void *bytes, size_t length);
bool buffer_append_string(buffer *b, const char *text);
/* Lengthens it by bytes that the caller fills; NULL: they did not fit. */
char *buffer_extend(buffer *b, size_t length);
bool buffer_printf(buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In network byte order. */
bool buffer_append_int16(buffer *b, int16_t value);
bool buffer_append_int32(buffer *b, int32_t value);

#endif
