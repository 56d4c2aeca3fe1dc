#include "base/text.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

/* The longest compatibility decomposition of a character, U+FDFA, has 18 UTF-16 units; folding at most triples it. */
enum { DECOMPOSED_UNITS = 32, FOLDED_UNITS = 3 * DECOMPOSED_UNITS };

/* What text_fold() has written so far. */
typedef struct folded {
    arena *memory;
    char *data;
    size_t length;
    size_t room;
    bool gap; /* something that is no word came since the last letter */
} folded;

/* Makes room for a space, a character and the NUL at the end. */
static bool reserve(folded *f)
{
    if (f->room - f->length > 1 + U8_MAX_LENGTH)
        return true;
    char *data = arena_alloc(f->memory, 2 * f->room);
    if (data == NULL)
        return false;
    memcpy(data, f->data, f->length);
    f->data = data;
    f->room *= 2;
    return true;
}

static bool put(folded *f, UChar32 c)
{
    if (!reserve(f))
        return false;
    if (f->gap && f->length > 0)
        f->data[f->length++] = ' ';
    f->gap = false;
    U8_APPEND_UNSAFE(f->data, f->length, c);
    return true;
}

/* One character of a decomposed, case-folded text. */
static bool put_folded(folded *f, UChar32 c)
{
    if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) /* among them a letter, the Hangul filler */
        return true;
    if (u_isalnum(c))
        return put(f, c);
    if ((U_GET_GC_MASK(c) & U_GC_M_MASK) == 0)
        f->gap = true;
    return true;
}

static bool fold_ascii(folded *f, char c)
{
    if (c >= 'A' && c <= 'Z')
        return put(f, c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return put(f, c);
    f->gap = true;
    return true;
}

static bool fold_unicode(folded *f, const UNormalizer2 *nfkd, UChar32 c)
{
    UChar decomposed[DECOMPOSED_UNITS], lower[FOLDED_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t units = unorm2_getDecomposition(nfkd, c, decomposed, DECOMPOSED_UNITS, &status);
    if (units < 0) { /* it does not decompose */
        units = 0;
        U16_APPEND_UNSAFE(decomposed, units, c);
    }
    units = u_strFoldCase(lower, FOLDED_UNITS, decomposed, units, U_FOLD_CASE_DEFAULT, &status);
    if (U_FAILURE(status))
        return false;
    for (int32_t i = 0; i < units;) {
        UChar32 part;
        U16_NEXT(lower, i, units, part);
        if (!put_folded(f, part))
            return false;
    }
    return true;
}

char *text_fold(arena *a, const char *text, size_t length)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&status);
    folded f = { .memory = a, .room = length + 16 };
    f.data = arena_alloc(a, f.room);
    if (U_FAILURE(status) || f.data == NULL)
        return NULL;
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t i = 0; i < length;) {
        UChar32 c;
        U8_NEXT(bytes, i, length, c);
        if (c < 0) {
            f.gap = true;
            continue;
        }
        if (!(c < 0x80 ? fold_ascii(&f, (char)c) : fold_unicode(&f, nfkd, c)))
            return NULL;
    }
    f.data[f.length] = '\0';
    return f.data;
}
