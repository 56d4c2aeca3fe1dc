#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utf8.h>

/* Bytes at the start of `text` that are ASCII, in steps of a machine word. */
static size_t ascii_prefix(const char *text, size_t length)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= length; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        if ((word & high_bits) != 0)
            break;
    }
    return i;
}

bool text_is_utf8(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t i = 0; i < length;) {
        i += ascii_prefix(text + i, length - i);
        for (int n = 0; n < 8 && i < length; n++) {
            UChar32 c;
            U8_NEXT(bytes, i, length, c);
            if (c < 0)
                return false;
        }
    }
    return true;
}

size_t text_utf8_tail(const char *text, size_t length)
{
    if (length == 0)
        return 0;
    const uint8_t *bytes = (const uint8_t *)text;
    int64_t whole = (int64_t)length; /* signed: the macro computes whole - 2 */
    U8_TRUNCATE_IF_INCOMPLETE(bytes, 0, whole);
    return length - (size_t)whole;
}

static bool is_hexadecimal(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool text_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int compare_texts(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

bool text_is_among(const char *text, const char *const *sorted, size_t count)
{
    return bsearch(text, sorted, count, sizeof *sorted, compare_texts) != NULL;
}

bool text_is_uuid(const char *text)
{
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hexadecimal(text[i]))
            return false;
    }
    return text[36] == '\0';
}
