/* Plain text: its bytes as they are, in UTF-8. */
#include "extract/helper/decode.h"

extract_failure extract_text(document *d, output *o)
{
    decoder in;
    extract_failure failure = decoder_open(&in, d);
    if (failure != FAILURE_NONE)
        return failure;
    const char *text;
    for (size_t length; (length = decoder_next(&in, &text)) > 0;)
        output_bytes(o, text, length);
    return FAILURE_NONE;
}
