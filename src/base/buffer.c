#include "base/buffer.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(buffer *b, size_t maximum)
{
    *b = (buffer){ .maximum = maximum };
}

void buffer_free(buffer *b)
{
    free(b->data);
    buffer_init(b, b->maximum);
}

void buffer_reset(buffer *b)
{
    b->length = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

/* Makes room for `more` bytes and a NUL. */
static bool reserve(buffer *b, size_t more)
{
    if (b->failed || more > b->maximum || b->length > b->maximum - more) {
        b->failed = true;
        return false;
    }
    size_t needed = b->length + more + 1;
    if (needed <= b->room)
        return true;
    size_t room = b->room < 256 ? 256 : b->room;
    while (room < needed)
        room *= 2;
    char *data = realloc(b->data, room);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

bool buffer_append(buffer *b, const void *bytes, size_t length)
{
    if (!reserve(b, length))
        return false;
    if (length > 0)
        memcpy(b->data + b->length, bytes, length);
    b->length += length;
    b->data[b->length] = '\0';
    return true;
}

char *buffer_extend(buffer *b, size_t length)
{
    if (!reserve(b, length))
        return NULL;
    char *added = b->data + b->length;
    b->length += length;
    b->data[b->length] = '\0';
    return added;
}

bool buffer_append_string(buffer *b, const char *text)
{
    return buffer_append(b, text, strlen(text));
}

bool buffer_printf(buffer *b, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !reserve(b, (size_t)length)) {
        b->failed = true;
        return false;
    }
    va_start(arguments, format);
    vsnprintf(b->data + b->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    b->length += (size_t)length;
    return true;
}

bool buffer_append_int16(buffer *b, int16_t value)
{
    uint16_t wire = htons((uint16_t)value);
    return buffer_append(b, &wire, sizeof wire);
}

bool buffer_append_int32(buffer *b, int32_t value)
{
    uint32_t wire = htonl((uint32_t)value);
    return buffer_append(b, &wire, sizeof wire);
}
