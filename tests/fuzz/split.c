/*
 * Any bytes as a document, in pieces of any lengths. The first byte chooses the options and the second the pieces; a
 * form feed begins a page and a record separator a record. The chunks keep the splitter's promises and do not depend on
 * the pieces.
 */
#include "knowledge/split.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = '\f', ROW = 0x1E };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

typedef struct seen {
    split_options options;
    bool valid; /* the document is UTF-8 */
    int64_t size, start, end;
    uint64_t digest; /* of all chunks so far */
    size_t chunks;
} seen;

static void digest(seen *s, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        s->digest = (s->digest ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
}

static vdb_status check_chunk(void *context, const split_chunk *c, vdb_error *error)
{
    (void)error;
    seen *s = context;
    size_t length = strlen(c->content);
    require(c->length > 0 && c->offset > s->start && c->offset + c->length > s->end);
    require(c->offset + c->length <= s->size);
    require(s->options.overlap_tokens > 0 || c->offset >= s->end);
    require(c->token_count > 0 && c->token_count <= s->options.target_tokens);
    require(c->content[strspn(c->content, " \t\r\n\f\v")] != '\0');
    require(!s->valid || text_is_utf8(c->content, length));
    require(c->heading == NULL || strncmp(c->content, c->heading, strlen(c->heading)) == 0);
    digest(s, c->content, length);
    digest(s, &c->offset, sizeof c->offset);
    digest(s, &c->length, sizeof c->length);
    digest(s, &c->row, sizeof c->row);
    digest(s, &c->page, sizeof c->page);
    digest(s, &c->last_page, sizeof c->last_page);
    require(c->page <= c->last_page);
    s->start = c->offset;
    s->end = c->offset + c->length;
    s->chunks++;
    return VDB_OK;
}

static seen split_bytes(const char *bytes, size_t size, split_options options, size_t piece)
{
    vdb_error error;
    splitter *s;
    seen result = { .options = options, .valid = text_is_utf8(bytes, size), .size = (int64_t)size, .start = -1 };
    require(splitter_new(&options, check_chunk, &result, &s, &error) == VDB_OK);
    uint32_t number = 0;
    for (size_t at = 0; at < size;) {
        size_t most = size - at < piece ? size - at : piece, take = 0;
        while (take < most && bytes[at + take] != PAGE && bytes[at + take] != ROW)
            take++;
        require(splitter_feed(s, bytes + at, take, &error) == VDB_OK);
        at += take;
        if (at < size && bytes[at] == PAGE)
            require(splitter_page(s, ++number, &error) == VDB_OK);
        else if (at < size && bytes[at] == ROW)
            require(splitter_row(s, ++number, &error) == VDB_OK);
        at += at < size && (bytes[at] == PAGE || bytes[at] == ROW);
    }
    require(splitter_finish(s, &error) == VDB_OK);
    splitter_free(s);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *bytes = (const char *)data + 2;
    split_options options = { .markdown = (data[0] & 1) != 0, .target_tokens = 32 + (data[0] >> 2) * 2 };
    options.overlap_tokens = (data[0] & 2) != 0 ? options.target_tokens / 3 : 0;
    seen whole = split_bytes(bytes, size - 2, options, size);
    seen pieces = split_bytes(bytes, size - 2, options, 1 + data[1]);
    require(whole.digest == pieces.digest && whole.chunks == pieces.chunks);
    return 0;
}
