/* HTML, read as a stream of tags. What is no content (scripts, styles, navigation) is left out. */
#include "extract/helper/html.h"
#include "extract/helper/decode.h"
#include "extract/helper/tags.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>

typedef enum tag {
    TAG_OTHER,
    TAG_BLOCK,
    TAG_BREAK,
    TAG_CELL,
    TAG_HEADING,
    TAG_ITEM,
    TAG_LIST,
    TAG_NUMBERED,
    TAG_PRE,
    TAG_ROW,
    TAG_SKIPPED,
    TAG_TABLE,
} tag;

/* In strcmp() order. */
static const tag_name tags[] = {
    { "address", TAG_BLOCK },    { "article", TAG_BLOCK },    { "aside", TAG_BLOCK },    { "blockquote", TAG_BLOCK },
    { "br", TAG_BREAK },         { "button", TAG_SKIPPED },   { "caption", TAG_BLOCK },  { "dd", TAG_BREAK },
    { "details", TAG_BLOCK },    { "div", TAG_BLOCK },        { "dl", TAG_BLOCK },       { "dt", TAG_BLOCK },
    { "fieldset", TAG_BLOCK },   { "figcaption", TAG_BLOCK }, { "figure", TAG_BLOCK },   { "footer", TAG_BLOCK },
    { "form", TAG_BLOCK },       { "h1", TAG_HEADING },       { "h2", TAG_HEADING },     { "h3", TAG_HEADING },
    { "h4", TAG_HEADING },       { "h5", TAG_HEADING },       { "h6", TAG_HEADING },     { "head", TAG_SKIPPED },
    { "header", TAG_BLOCK },     { "hr", TAG_BLOCK },         { "iframe", TAG_SKIPPED }, { "li", TAG_ITEM },
    { "main", TAG_BLOCK },       { "menu", TAG_LIST },        { "nav", TAG_SKIPPED },    { "noscript", TAG_SKIPPED },
    { "object", TAG_SKIPPED },   { "ol", TAG_NUMBERED },      { "p", TAG_BLOCK },        { "pre", TAG_PRE },
    { "script", TAG_SKIPPED },   { "section", TAG_BLOCK },    { "select", TAG_SKIPPED }, { "style", TAG_SKIPPED },
    { "summary", TAG_BLOCK },    { "svg", TAG_SKIPPED },      { "table", TAG_TABLE },    { "td", TAG_CELL },
    { "template", TAG_SKIPPED }, { "textarea", TAG_SKIPPED }, { "th", TAG_CELL },        { "tr", TAG_ROW },
    { "ul", TAG_LIST },
};

enum { DEEPEST_LIST = 16 };

typedef struct reader {
    output *out;
    int skipped; /* depth of what is left out */
    int lists;
    int numbers[DEEPEST_LIST]; /* of the next item; 0: bullets */
} reader;

static tag tag_named(const xmlChar *name)
{
    return (tag)tag_of(tags, sizeof tags / sizeof tags[0], (const char *)name);
}

static void begin_item(reader *r)
{
    int depth = r->lists < 1 ? 1 : r->lists < DEEPEST_LIST ? r->lists : DEEPEST_LIST;
    int *number = &r->numbers[depth - 1];
    output_item(r->out, depth, r->lists > 0 ? *number : 0);
    *number += r->lists > 0 && *number > 0;
}

static void begin_list(reader *r, int number)
{
    if (r->lists < DEEPEST_LIST)
        r->numbers[r->lists] = number;
    r->lists++;
}

static void begin_element(void *context, const xmlChar *name, const xmlChar **attributes)
{
    (void)attributes;
    reader *r = context;
    tag t = tag_named(name);
    if (r->skipped > 0 || t == TAG_SKIPPED) {
        r->skipped += t == TAG_SKIPPED;
        return;
    }
    switch (t) {
    case TAG_BLOCK:
        output_paragraph(r->out);
        break;
    case TAG_BREAK:
        output_line(r->out);
        break;
    case TAG_CELL:
        output_table_cell(r->out);
        break;
    case TAG_HEADING:
        output_heading(r->out, name[1] - '0');
        break;
    case TAG_ITEM:
        begin_item(r);
        break;
    case TAG_LIST:
    case TAG_NUMBERED:
        begin_list(r, t == TAG_NUMBERED);
        break;
    case TAG_PRE:
        output_code_begin(r->out);
        break;
    case TAG_ROW:
        output_table_row(r->out);
        break;
    case TAG_TABLE:
        output_table_begin(r->out);
        break;
    case TAG_SKIPPED:
    case TAG_OTHER:
        break;
    }
}

static void end_element(void *context, const xmlChar *name)
{
    reader *r = context;
    tag t = tag_named(name);
    if (r->skipped > 0) {
        r->skipped -= t == TAG_SKIPPED;
        return;
    }
    switch (t) {
    case TAG_BLOCK:
    case TAG_HEADING:
        output_paragraph(r->out);
        break;
    case TAG_ITEM:
        output_item_end(r->out);
        break;
    case TAG_LIST:
    case TAG_NUMBERED:
        r->lists -= r->lists > 0;
        break;
    case TAG_PRE:
        output_code_end(r->out);
        break;
    case TAG_TABLE:
        output_table_end(r->out);
        break;
    default:
        break;
    }
}

static void read_text(void *context, const xmlChar *text, int length)
{
    reader *r = context;
    if (r->skipped == 0)
        output_text(r->out, (const char *)text, (size_t)length);
}

struct html_reader {
    reader reader;
    htmlParserCtxtPtr parser;
};

html_reader *html_reader_new(output *o)
{
    static xmlSAXHandler handler = {
        .startElement = begin_element,
        .endElement = end_element,
        .characters = read_text,
        .ignorableWhitespace = read_text,
    };
    html_reader *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->reader.out = o;
    h->parser = htmlCreatePushParserCtxt(&handler, &h->reader, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (h->parser == NULL) {
        free(h);
        return NULL;
    }
    htmlCtxtUseOptions(h->parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_NOERROR |
                                      HTML_PARSE_NOWARNING | HTML_PARSE_COMPACT);
    return h;
}

void html_reader_feed(html_reader *h, const char *text, size_t length)
{
    htmlParseChunk(h->parser, text, (int)length, 0);
}

extract_failure html_reader_finish(html_reader *h)
{
    htmlParseChunk(h->parser, "", 0, 1);
    const xmlError *error = xmlCtxtGetLastError(h->parser);
    extract_failure failure = error != NULL && error->code == XML_ERR_NO_MEMORY ? FAILURE_MEMORY : FAILURE_NONE;
    xmlFreeDoc(h->parser->myDoc);
    htmlFreeParserCtxt(h->parser);
    free(h);
    return failure;
}

extract_failure extract_html(document *d, output *o)
{
    decoder in;
    extract_failure failure = decoder_open(&in, d);
    if (failure != FAILURE_NONE)
        return failure;
    html_reader *h = html_reader_new(o);
    if (h == NULL)
        return FAILURE_MEMORY;
    const char *text;
    for (size_t length; (length = decoder_next(&in, &text)) > 0;)
        html_reader_feed(h, text, length);
    return html_reader_finish(h);
}
