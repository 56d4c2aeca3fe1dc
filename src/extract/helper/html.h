/* HTML as it comes, from a file or out of Markdown. */
#ifndef VDB_EXTRACT_HELPER_HTML_H
#define VDB_EXTRACT_HELPER_HTML_H

#include "extract/helper/document.h"

typedef struct html_reader html_reader;

/* NULL: memory ran out. Ends with html_reader_finish(). */
html_reader *html_reader_new(output *o);
void html_reader_feed(html_reader *h, const char *text, size_t length); /* UTF-8 */
extract_failure html_reader_finish(html_reader *h);

#endif
