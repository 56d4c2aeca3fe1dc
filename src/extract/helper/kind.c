/* libmagic knows the kinds that have a mark of their own. Among plain texts it is the lines that tell. */
#include "extract/helper/kind.h"

#include "extract/helper/decode.h"
#include "extract/helper/package.h"
#include "extract/helper/records.h"

#include "extract/line.h"

#include <string.h>

enum { SAMPLE = 64 * 1024 };

static const char *const mime_types[KIND_COUNT] = {
    [KIND_TEXT] = "text/plain",
    [KIND_MARKDOWN] = "text/markdown",
    [KIND_CSV] = "text/csv",
    [KIND_HTML] = "text/html",
    [KIND_DOCX] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    [KIND_ODT] = "application/vnd.oasis.opendocument.text",
};

/* Readable as text, but not made to be read. */
static const char *const foreign_texts[] = {
    "application/postscript", "image/svg+xml", "message/rfc822", "text/rtf", "text/xml",
};

magic_t kind_magic(void)
{
    magic_t magic = magic_open(MAGIC_MIME_TYPE);
    if (magic != NULL && magic_load(magic, NULL) == 0)
        return magic;
    if (magic != NULL)
        magic_close(magic);
    return NULL;
}

/* True when `word` stands in the text, whatever its case; `word` is in lower case. */
static bool has(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= length; i++) {
        if (text[i] == word[0] || (text[i] | 0x20) == word[0]) {
            if (strncasecmp(text + i, word, size) == 0)
                return true;
        }
    }
    return false;
}

/* A whole page. */
static bool is_page(const char *text, size_t length)
{
    enum { FRONT = 4096 };
    length = length < FRONT ? length : FRONT;
    return has(text, length, "<html") || has(text, length, "<!doctype html") || has(text, length, "<body");
}

/* A part of a page. */
static bool is_fragment(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && (unsigned char)text[at] <= ' ')
        at++;
    return at < length && text[at] == '<' && has(text + at, length - at, "</");
}

/* A heading, a fence of code or the row below a table's header. */
static bool is_markdown(const char *text, size_t length)
{
    line_kind before = LINE_BLANK;
    for (const char *end = text + length; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *next = newline == NULL ? end : newline + 1;
        line l = line_read(text, (size_t)(next - text), true);
        if (l.kind == LINE_HEADING || l.kind == LINE_FENCE || (l.kind == LINE_DELIMITER && before == LINE_ROW))
            return true;
        before = l.kind;
        text = next;
    }
    return false;
}

/* Markdown may hold tags: it takes more than one to make a page. */
static document_kind kind_of_text(const char *text, size_t length, bool whole, bool magic_says_html)
{
    if (is_page(text, length))
        return KIND_HTML;
    if (is_markdown(text, length))
        return KIND_MARKDOWN;
    if (magic_says_html || is_fragment(text, length))
        return KIND_HTML;
    return record_delimiter(text, length, whole) != 0 ? KIND_CSV : KIND_TEXT;
}

static bool is_foreign(const char *mime_type)
{
    for (size_t i = 0; i < sizeof foreign_texts / sizeof foreign_texts[0]; i++) {
        if (strcmp(mime_type, foreign_texts[i]) == 0)
            return true;
    }
    return false;
}

/* What is in a zip file tells better than its first bytes. */
static extract_failure kind_of_package(const document *d, document_kind *kind)
{
    package p;
    extract_failure failure = package_open(d, &p);
    if (failure == FAILURE_NONE) {
        if (package_has(&p, "word/document.xml"))
            *kind = KIND_DOCX;
        else if (package_begins(&p, "mimetype", mime_types[KIND_ODT]))
            *kind = KIND_ODT;
        else
            failure = FAILURE_UNSUPPORTED;
    }
    package_close(&p);
    return failure;
}

/* Word encrypts a document as a whole, in a file of another kind with this name in it, in UTF-16. */
static bool is_encrypted_office(const document *d)
{
    enum { FRONT = 1 << 20 };
    static const char mark[] = { '\xD0', '\xCF', '\x11', '\xE0' };
    static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
    return d->size > sizeof mark && memcmp(d->bytes, mark, sizeof mark) == 0 &&
           memmem(d->bytes, d->size < FRONT ? d->size : FRONT, name, sizeof name) != NULL;
}

static extract_failure kind_of_binary(const document *d, document_kind *kind, const char *mime_type)
{
    if (d->size >= 4 && memcmp(d->bytes, "PK\3\4", 4) == 0)
        return kind_of_package(d, kind);
    if (is_encrypted_office(d))
        return FAILURE_ENCRYPTED;
    bool unknown = strcmp(mime_type, "application/octet-stream") == 0 || strncmp(mime_type, "text/", 5) == 0;
    return unknown ? FAILURE_BINARY : FAILURE_UNSUPPORTED;
}

static extract_failure kind_of_text_file(document *d, document_kind *kind, const char *mime_type)
{
    decoder in;
    const char *text;
    extract_failure failure = decoder_open(&in, d);
    if (failure != FAILURE_NONE)
        return failure;
    size_t length = decoder_next(&in, &text);
    *kind = kind_of_text(text, length, in.at == d->size, strcmp(mime_type, mime_types[KIND_HTML]) == 0);
    if (*kind == KIND_HTML || !is_foreign(mime_type))
        return FAILURE_NONE;
    *kind = KIND_UNKNOWN;
    return FAILURE_UNSUPPORTED;
}

extract_failure kind_of(magic_t magic, document *d, document_kind *kind, const char **mime_type)
{
    *kind = KIND_UNKNOWN;
    *mime_type = magic_buffer(magic, d->bytes, d->size < SAMPLE ? d->size : SAMPLE);
    if (*mime_type == NULL)
        *mime_type = "application/octet-stream";
    extract_failure failure = kind_of_binary(d, kind, *mime_type);
    if (failure == FAILURE_UNSUPPORTED || failure == FAILURE_BINARY) {
        extract_failure of_text = kind_of_text_file(d, kind, *mime_type);
        failure = of_text == FAILURE_BINARY ? failure : of_text;
    }
    if (*kind != KIND_UNKNOWN)
        *mime_type = mime_types[*kind];
    return failure;
}
