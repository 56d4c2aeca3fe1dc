/* ODT (OpenDocument text): the body. Notes, comments and what was deleted are left out. */
#include "extract/helper/package.h"
#include "extract/helper/tags.h"

#include <string.h>

enum { WIDEST = 64 };

typedef enum tag {
    TAG_OTHER,
    TAG_BODY,
    TAG_BREAK,
    TAG_CELL,
    TAG_HEADING,
    TAG_ITEM,
    TAG_LIST,
    TAG_PARAGRAPH,
    TAG_ROW,
    TAG_SKIPPED,
    TAG_SPACE,
    TAG_TABLE,
} tag;

/* In strcmp() order. */
static const tag_name tags[] = {
    { "annotation", TAG_SKIPPED },
    { "body", TAG_BODY },
    { "covered-table-cell", TAG_CELL },
    { "forms", TAG_SKIPPED },
    { "h", TAG_HEADING },
    { "line-break", TAG_BREAK },
    { "list", TAG_LIST },
    { "list-item", TAG_ITEM },
    { "note", TAG_SKIPPED },
    { "p", TAG_PARAGRAPH },
    { "s", TAG_SPACE },
    { "tab", TAG_SPACE },
    { "table", TAG_TABLE },
    { "table-cell", TAG_CELL },
    { "table-row", TAG_ROW },
    { "tracked-changes", TAG_SKIPPED },
};

typedef struct body {
    output *out;
    int bodies;
    int skipped; /* depth of what is left out */
    int texts;   /* depth of paragraphs and headings */
    int lists;
} body;

static tag tag_named(const char *name)
{
    return (tag)tag_of(tags, sizeof tags / sizeof tags[0], name);
}

/* Equal cells side by side are written once, with their number; empty ones fill a row to the right. */
static void begin_cell(body *b, const element *e)
{
    int repeated = element_number(e, "number-columns-repeated", 1);
    for (int i = 0; i < (repeated < WIDEST ? repeated : 1); i++)
        output_table_cell(b->out);
}

static void begin_element(void *context, const element *e)
{
    body *b = context;
    tag t = tag_named(e->name);
    if (b->skipped > 0 || t == TAG_SKIPPED) {
        b->skipped += t == TAG_SKIPPED;
        return;
    }
    b->bodies += t == TAG_BODY;
    if (b->bodies == 0)
        return;
    switch (t) {
    case TAG_HEADING:
        output_heading(b->out, element_number(e, "outline-level", 1));
        b->texts++;
        break;
    case TAG_PARAGRAPH:
        output_paragraph(b->out);
        b->texts++;
        break;
    case TAG_LIST:
        b->lists++;
        break;
    case TAG_ITEM:
        output_item(b->out, b->lists, 0);
        break;
    case TAG_SPACE:
        output_text(b->out, " ", 1);
        break;
    case TAG_BREAK:
        output_line(b->out);
        break;
    case TAG_TABLE:
        output_table_begin(b->out);
        break;
    case TAG_ROW:
        output_table_row(b->out);
        break;
    case TAG_CELL:
        begin_cell(b, e);
        break;
    default:
        break;
    }
}

static void end_element(void *context, const char *name)
{
    body *b = context;
    tag t = tag_named(name);
    if (b->skipped > 0) {
        b->skipped -= t == TAG_SKIPPED;
        return;
    }
    if (b->bodies == 0)
        return;
    switch (t) {
    case TAG_BODY:
        b->bodies--;
        break;
    case TAG_HEADING:
    case TAG_PARAGRAPH:
        b->texts--;
        output_paragraph(b->out);
        break;
    case TAG_LIST:
        b->lists--;
        break;
    case TAG_ITEM:
        output_item_end(b->out);
        break;
    case TAG_TABLE:
        output_table_end(b->out);
        break;
    default:
        break;
    }
}

static void read_text(void *context, const char *text, size_t length)
{
    body *b = context;
    if (b->skipped == 0 && b->texts > 0)
        output_text(b->out, text, length);
}

/* The list of parts says which are encrypted. */
typedef struct manifest {
    bool encrypted;
} manifest;

static void begin_in_manifest(void *context, const element *e)
{
    manifest *m = context;
    m->encrypted = m->encrypted || strcmp(e->name, "encryption-data") == 0;
}

static void end_in_manifest(void *context, const char *name)
{
    (void)context, (void)name;
}

static extract_failure read_package(package *p, body *b)
{
    static const element_handler in_manifest = { .begin = begin_in_manifest, .end = end_in_manifest };
    static const element_handler in_body = { .begin = begin_element, .end = end_element, .text = read_text };
    manifest m = { 0 };
    if (package_has_folder(p, "Basic/") || package_has_folder(p, "Scripts/"))
        return FAILURE_MACROS;
    extract_failure failure = FAILURE_NONE;
    if (package_has(p, "META-INF/manifest.xml"))
        failure = package_parse(p, "META-INF/manifest.xml", &in_manifest, &m);
    if (failure == FAILURE_NONE && m.encrypted)
        failure = FAILURE_ENCRYPTED;
    return failure != FAILURE_NONE ? failure : package_parse(p, "content.xml", &in_body, b);
}

extract_failure extract_odt(document *d, output *o)
{
    package p;
    body b = { .out = o };
    extract_failure failure = package_open(d, &p);
    if (failure == FAILURE_NONE)
        failure = read_package(&p, &b);
    package_close(&p);
    return failure;
}
