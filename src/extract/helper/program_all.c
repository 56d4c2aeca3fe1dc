/* voicedb-extract: every kind but PDF. */
#include "extract/helper/kind.h"
#include "extract/helper/program.h"

static magic_t magic;

bool program_prepare(void)
{
    magic = kind_magic();
    return magic != NULL;
}

extract_failure program_extract(document *d, output *o)
{
    document_kind kind;
    const char *mime_type;
    extract_failure failure = kind_of(magic, d, &kind, &mime_type);
    output_kind(o, kind, mime_type);
    magic_close(magic);
    return failure == FAILURE_NONE ? extractors[kind](d, o) : failure;
}
