/* voicedb-extract-pdf: the library has seen PDF's mark. */
#include "extract/helper/program.h"

bool program_prepare(void)
{
    return true;
}

extract_failure program_extract(document *d, output *o)
{
    output_kind(o, KIND_PDF, "application/pdf");
    return extract_pdf(d, o);
}
