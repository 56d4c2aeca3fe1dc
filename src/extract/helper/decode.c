#include "extract/helper/decode.h"

#include "base/text.h"

#include <string.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

/* As many characters of several bytes for each wrong byte say that a text is UTF-8, and damaged. */
enum { RIGHT_FOR_WRONG = 4 };

/* The characters of 0x80 to 0x9F; 0 where the code page has none. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static const char utf8_mark[] = "\xEF\xBB\xBF";

static bool begins(const document *d, const char *mark, size_t length)
{
    return d->size >= length && memcmp(d->bytes, mark, length) == 0;
}

typedef struct census {
    size_t right; /* characters of several bytes */
    size_t wrong; /* bytes */
    bool cut_short;
} census;

static census count_characters(document *d)
{
    census c = { .cut_short = text_utf8_tail(d->bytes, d->size) > 0 };
    const uint8_t *bytes = (const uint8_t *)d->bytes;
    for (size_t i = 0; i < d->size;) {
        UChar32 character;
        size_t start = i;
        U8_NEXT(bytes, i, d->size, character);
        c.wrong += character < 0;
        c.right += character >= 0 && i > start + 1;
        document_passed(d, i);
    }
    return c;
}

/* True when all is UTF-8 and nothing is NUL, looked at in stretches so that the pages can be given back. */
static bool is_clean(document *d, bool *binary)
{
    enum { STRETCH = 1 << 20 };
    bool clean = true;
    *binary = false;
    for (size_t at = 0; at < d->size && !*binary;) {
        size_t length = d->size - at < STRETCH ? d->size - at : STRETCH;
        size_t tail = at + length < d->size ? text_utf8_tail(d->bytes + at, length) : 0;
        *binary = memchr(d->bytes + at, '\0', length) != NULL;
        clean = clean && text_is_utf8(d->bytes + at, length - tail);
        at += clean ? length - tail : length;
        document_passed(d, at);
    }
    return clean;
}

extract_failure encoding_of(document *d, encoding *found)
{
    *found = begins(d, "\xFF\xFE", 2) ? ENCODING_UTF16_LE : ENCODING_UTF16_BE;
    if (*found == ENCODING_UTF16_LE || begins(d, "\xFE\xFF", 2))
        return FAILURE_NONE;
    bool binary;
    *found = ENCODING_UTF8;
    if (is_clean(d, &binary))
        return binary ? FAILURE_BINARY : FAILURE_NONE;
    if (binary)
        return FAILURE_BINARY;
    census c = count_characters(d);
    if (c.cut_short && c.wrong == 1 && c.right > 0)
        return FAILURE_CUT_SHORT;
    if (c.right >= RIGHT_FOR_WRONG * c.wrong || begins(d, utf8_mark, 3))
        return FAILURE_ENCODING;
    *found = ENCODING_WINDOWS_1252;
    return FAILURE_NONE;
}

extract_failure decoder_open(decoder *d, document *source)
{
    d->document = source;
    extract_failure failure = encoding_of(source, &d->encoding);
    bool utf16 = d->encoding == ENCODING_UTF16_LE || d->encoding == ENCODING_UTF16_BE;
    d->at = utf16 ? 2 : d->encoding == ENCODING_UTF8 && begins(source, utf8_mark, 3) ? 3 : 0;
    return failure;
}

static size_t append(char *to, size_t length, UChar32 character)
{
    U8_APPEND_UNSAFE(to, length, character);
    return length;
}

static size_t decode_windows_1252(const uint8_t *bytes, size_t size, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        UChar32 character = bytes[i];
        if (character >= 0x80 && character < 0xA0)
            character = windows_1252[character - 0x80] == 0 ? 0xFFFD : windows_1252[character - 0x80];
        length = append(to, length, character);
    }
    return length;
}

static UChar32 unit_at(const uint8_t *bytes, bool little)
{
    return little ? bytes[0] | bytes[1] << 8 : bytes[1] | bytes[0] << 8;
}

/* `*size` becomes what was read of it: all but half of a pair, unless that is the end of the text. */
static size_t decode_utf16(const uint8_t *bytes, size_t *size, bool last, bool little, char *to)
{
    size_t length = 0, i = 0;
    for (; i + 2 <= *size; i += 2) {
        UChar32 character = unit_at(bytes + i, little);
        if (U16_IS_LEAD(character)) {
            if (i + 4 > *size && !last)
                break;
            UChar32 trail = i + 4 <= *size ? unit_at(bytes + i + 2, little) : 0;
            i += U16_IS_TRAIL(trail) ? 2 : 0;
            character = U16_IS_TRAIL(trail) ? U16_GET_SUPPLEMENTARY(character, trail) : 0xFFFD;
        }
        length = append(to, length, character == 0 || U16_IS_TRAIL(character) ? 0xFFFD : character);
    }
    *size = last ? *size : i;
    return length;
}

size_t decoder_next(decoder *d, const char **text)
{
    size_t left = d->document->size - (d->at < d->document->size ? d->at : d->document->size);
    size_t size = left < DECODE_BYTES ? left : DECODE_BYTES;
    size_t length = 0;
    const char *bytes = d->document->bytes + d->at;
    *text = d->block;
    if (size == 0)
        return 0;
    switch (d->encoding) {
    case ENCODING_UTF8:
        size -= size < left ? text_utf8_tail(bytes, size) : 0;
        length = size;
        *text = bytes;
        break;
    case ENCODING_WINDOWS_1252:
        length = decode_windows_1252((const uint8_t *)bytes, size, d->block);
        break;
    case ENCODING_UTF16_LE:
    case ENCODING_UTF16_BE:
        length = decode_utf16((const uint8_t *)bytes, &size, size == left, d->encoding == ENCODING_UTF16_LE, d->block);
        break;
    }
    document_passed(d->document, d->at);
    d->at += size;
    return length;
}
