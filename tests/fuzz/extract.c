/*
 * Any bytes as a document, to the extractor that the first byte names, or to the one that finding out its kind chooses.
 * What comes out must be frames of the right lengths, of UTF-8 without NUL.
 */
#include "extract/helper/kind.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_frames(void *context, const char *bytes, size_t length)
{
    (void)context;
    while (length > 0) {
        frame_header header;
        require(length >= sizeof header);
        memcpy(&header, bytes, sizeof header);
        const char *payload = bytes + sizeof header;
        require(header.type <= FRAME_END && header.length <= FRAME_BYTES && header.length <= length - sizeof header);
        if (header.type == FRAME_TEXT)
            require(memchr(payload, '\0', header.length) == NULL && text_is_utf8(payload, header.length));
        bytes += sizeof header + header.length;
        length -= sizeof header + header.length;
    }
}

static magic_t the_magic(void)
{
    static magic_t magic;
    if (magic == NULL)
        magic = kind_magic();
    require(magic != NULL);
    return magic;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static output o;
    if (size < 2)
        return 0;
    document d = { .bytes = (const char *)data + 1, .size = size - 1 };
    document_kind kind = (document_kind)(data[0] % KIND_COUNT);
    const char *mime_type;
    extract_failure failure = FAILURE_NONE;
    output_begin(&o, check_frames, NULL);
    if (kind == KIND_UNKNOWN)
        failure = kind_of(the_magic(), &d, &kind, &mime_type);
    if (failure == FAILURE_NONE)
        failure = kind == KIND_PDF ? extract_pdf(&d, &o) : extractors[kind](&d, &o);
    require(failure < FAILURE_COUNT);
    output_end(&o, failure);
    return 0;
}
