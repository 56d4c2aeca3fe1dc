#include "extract/helper/document.h"

#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096, STRETCH = 1 << 20 };

const extractor extractors[KIND_COUNT] = {
    [KIND_TEXT] = extract_text, [KIND_MARKDOWN] = extract_markdown, [KIND_CSV] = extract_csv,
    [KIND_HTML] = extract_html, [KIND_DOCX] = extract_docx,         [KIND_ODT] = extract_odt,
};

void document_passed(document *d, size_t at)
{
    if (at < d->given_back)
        d->given_back = 0;
    if (!d->mapped || at < d->given_back + STRETCH)
        return;
    size_t end = at / PAGE * PAGE;
    madvise((void *)(uintptr_t)(d->bytes + d->given_back), end - d->given_back, MADV_DONTNEED);
    d->given_back = end;
}
