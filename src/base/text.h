/* Unicode text: validity, and folding of accents and case. */
#ifndef VDB_BASE_TEXT_H
#define VDB_BASE_TEXT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* True when all bytes are valid UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF). */
bool text_is_utf8(const char *text, size_t length);

/*
 * Bytes at the end of `text` that begin a UTF-8 character but do not finish it (0 to 3): what a reader of blocks keeps
 * for its next block.
 */
size_t text_utf8_tail(const char *text, size_t length);

bool text_ends_with(const char *text, const char *end);

/* Whether it is one of `count` texts in strcmp() order. */
bool text_is_among(const char *text, const char *const *sorted, size_t count);

/* True for 8-4-4-4-12 hexadecimal digits, as PostgreSQL writes a UUID. */
bool text_is_uuid(const char *text);

/*
 * Words of `text` for comparison: compatibility-decomposed, without combining marks and invisible characters (a soft
 * hyphen), case-folded, every run of anything else but letters and digits one space, none at the ends.
 * "Não, SEGUNDA-feira!" gives "nao segunda feira". NULL: memory ran out. Bytes that are no UTF-8 end a word.
 */
char *text_fold(arena *a, const char *text, size_t length);

#endif
