/* DOCX (Office Open XML): the body, with the headings and lists that its styles say. What was deleted is left out. */
#include "extract/helper/package.h"
#include "extract/helper/tags.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME = 64, MOST_STYLES = 4096, DEEPEST_STYLE = 8, DEEPEST_PARAGRAPH = 32, LEVELS = 9 };

/* ---- styles ---- */

typedef struct style {
    char id[NAME];
    char based_on[NAME];
    int level; /* of a heading, from 1; 0: none is said */
    bool item; /* of a list */
} style;

typedef struct styles {
    style *list;
    size_t count;
    bool open; /* in the last one's element */
} styles;

static void begin_style(styles *s, const element *e)
{
    style *longer = s->count < MOST_STYLES ? realloc(s->list, (s->count + 1) * sizeof *longer) : NULL;
    if (longer == NULL)
        return;
    s->list = longer;
    s->list[s->count] = (style){ 0 };
    s->open = element_attribute(e, "styleId", s->list[s->count].id, NAME);
    s->count += s->open;
}

/* "heading 2", in any language of the program. */
static int level_of_name(const char *name)
{
    if (strncasecmp(name, "heading ", 8) == 0 && name[8] >= '1' && name[8] <= '9' && name[9] == '\0')
        return name[8] - '0';
    return strcasecmp(name, "title") == 0;
}

static void begin_in_styles(void *context, const element *e)
{
    styles *s = context;
    char name[NAME];
    if (strcmp(e->name, "style") == 0) {
        begin_style(s, e);
        return;
    }
    if (!s->open)
        return;
    style *last = &s->list[s->count - 1];
    if (strcmp(e->name, "basedOn") == 0)
        element_attribute(e, "val", last->based_on, NAME);
    else if (strcmp(e->name, "name") == 0 && element_attribute(e, "val", name, NAME))
        last->level = level_of_name(name);
    else if (strcmp(e->name, "outlineLvl") == 0 && last->level == 0 && element_number(e, "val", LEVELS) < LEVELS)
        last->level = element_number(e, "val", LEVELS) + 1;
    else if (strcmp(e->name, "numId") == 0)
        last->item = element_number(e, "val", 0) > 0;
}

static void end_in_styles(void *context, const char *name)
{
    styles *s = context;
    if (strcmp(name, "style") == 0)
        s->open = false;
}

/* Heading or list, by the style or what it is based on. */
static void apply_style(const styles *s, const char *id, int *level, bool *item)
{
    for (int depth = 0; depth < DEEPEST_STYLE && id[0] != '\0'; depth++) {
        const style *found = NULL;
        for (size_t i = 0; i < s->count && found == NULL; i++)
            found = strcmp(s->list[i].id, id) == 0 ? &s->list[i] : NULL;
        if (found == NULL)
            return;
        *item = *item || found->item;
        if (found->level > 0) {
            *level = found->level;
            return;
        }
        id = found->based_on;
    }
}

/* ---- the body ---- */

typedef enum tag {
    TAG_OTHER,
    TAG_BREAK,
    TAG_CELL,
    TAG_HYPHEN,
    TAG_LEVEL,
    TAG_NUMBERING,
    TAG_OUTLINE,
    TAG_PARAGRAPH,
    TAG_PROPERTIES,
    TAG_ROW,
    TAG_SKIPPED,
    TAG_SPAN,
    TAG_STYLE,
    TAG_TAB,
    TAG_TABLE,
    TAG_TEXT,
} tag;

/* In strcmp() order. */
static const tag_name tags[] = {
    { "Fallback", TAG_SKIPPED },
    { "br", TAG_BREAK },
    { "cr", TAG_BREAK },
    { "del", TAG_SKIPPED },
    { "gridSpan", TAG_SPAN },
    { "ilvl", TAG_LEVEL },
    { "moveFrom", TAG_SKIPPED },
    { "noBreakHyphen", TAG_HYPHEN },
    { "numId", TAG_NUMBERING },
    { "outlineLvl", TAG_OUTLINE },
    { "p", TAG_PARAGRAPH },
    { "pPr", TAG_PROPERTIES },
    { "pPrChange", TAG_SKIPPED },
    { "pStyle", TAG_STYLE },
    { "t", TAG_TEXT },
    { "tab", TAG_TAB },
    { "tbl", TAG_TABLE },
    { "tc", TAG_CELL },
    { "tr", TAG_ROW },
};

typedef struct body {
    output *out;
    styles styles;
    int skipped; /* depth of what is left out */
    int texts;   /* depth of elements whose text counts */
    bool in_properties;
    int level;  /* of the paragraph's heading; 0: none */
    bool item;  /* of a list */
    int depth;  /* of the item, from 1 */
    int span;   /* columns of the cell */
    bool begun; /* the paragraph is a block of the output */
    int paragraphs;
    bool items[DEEPEST_PARAGRAPH]; /* of the open paragraphs: it is an item */
} body;

static tag tag_named(const char *name)
{
    return (tag)tag_of(tags, sizeof tags / sizeof tags[0], name);
}

/* What a paragraph is, its properties say; without any it is known only when its text comes. */
static void begin_paragraph(body *b)
{
    b->begun = false;
    if (b->paragraphs < DEEPEST_PARAGRAPH)
        b->items[b->paragraphs] = false;
    b->paragraphs++;
    b->level = 0;
    b->item = false;
    b->depth = 1;
}

static void end_paragraph(body *b)
{
    if (b->paragraphs == 0)
        return;
    b->paragraphs--;
    if (b->paragraphs < DEEPEST_PARAGRAPH && b->items[b->paragraphs])
        output_item_end(b->out);
    b->begun = false;
}

static void begin_text(body *b)
{
    if (!b->begun)
        output_paragraph(b->out);
    b->begun = true;
}

static void end_properties(body *b)
{
    b->in_properties = false;
    if (b->level > 0) {
        output_heading(b->out, b->level);
        b->begun = true;
    } else if (b->item && b->paragraphs > 0 && b->paragraphs <= DEEPEST_PARAGRAPH) {
        output_item(b->out, b->depth, 0);
        b->items[b->paragraphs - 1] = true;
        b->begun = true;
    }
}

static void read_property(body *b, tag t, const element *e)
{
    char id[NAME];
    if (t == TAG_STYLE && element_attribute(e, "val", id, NAME))
        apply_style(&b->styles, id, &b->level, &b->item);
    else if (t == TAG_OUTLINE && element_number(e, "val", LEVELS) < LEVELS)
        b->level = element_number(e, "val", LEVELS) + 1;
    else if (t == TAG_NUMBERING)
        b->item = element_number(e, "val", 0) > 0;
    else if (t == TAG_LEVEL)
        b->depth = element_number(e, "val", 0) + 1;
}

static void begin_in_body(void *context, const element *e)
{
    body *b = context;
    tag t = tag_named(e->name);
    if (b->skipped > 0 || t == TAG_SKIPPED) {
        b->skipped += t == TAG_SKIPPED;
        return;
    }
    if (b->in_properties) {
        read_property(b, t, e);
        return;
    }
    switch (t) {
    case TAG_PARAGRAPH:
        begin_paragraph(b);
        break;
    case TAG_PROPERTIES:
        b->in_properties = true;
        break;
    case TAG_TEXT:
        begin_text(b);
        b->texts++;
        break;
    case TAG_TAB:
        output_text(b->out, " ", 1);
        break;
    case TAG_BREAK:
        begin_text(b);
        output_line(b->out);
        break;
    case TAG_HYPHEN:
        output_text(b->out, "-", 1);
        break;
    case TAG_TABLE:
        output_table_begin(b->out);
        break;
    case TAG_ROW:
        output_table_row(b->out);
        break;
    case TAG_CELL:
        output_table_cell(b->out);
        b->span = 1;
        break;
    case TAG_SPAN:
        b->span = element_number(e, "val", 1);
        break;
    default:
        break;
    }
}

static void end_cell(body *b)
{
    enum { WIDEST = 64 };
    for (; b->span > 1 && b->span <= WIDEST; b->span--)
        output_table_cell(b->out);
    b->span = 1;
}

static void end_in_body(void *context, const char *name)
{
    body *b = context;
    tag t = tag_named(name);
    if (b->skipped > 0) {
        b->skipped -= t == TAG_SKIPPED;
        return;
    }
    if (t == TAG_PROPERTIES)
        end_properties(b);
    else if (t == TAG_PARAGRAPH)
        end_paragraph(b);
    else if (t == TAG_TEXT)
        b->texts -= b->texts > 0;
    else if (t == TAG_CELL)
        end_cell(b);
    else if (t == TAG_TABLE)
        output_table_end(b->out);
}

static void read_text(void *context, const char *text, size_t length)
{
    body *b = context;
    if (b->skipped == 0 && b->texts > 0)
        output_text(b->out, text, length);
}

static extract_failure read_package(package *p, body *b)
{
    static const element_handler in_styles = { .begin = begin_in_styles, .end = end_in_styles };
    static const element_handler in_body = { .begin = begin_in_body, .end = end_in_body, .text = read_text };
    extract_failure failure = FAILURE_NONE;
    if (package_has(p, "word/vbaProject.bin"))
        return FAILURE_MACROS;
    if (package_has(p, "word/styles.xml"))
        failure = package_parse(p, "word/styles.xml", &in_styles, &b->styles);
    return failure != FAILURE_NONE ? failure : package_parse(p, "word/document.xml", &in_body, b);
}

extract_failure extract_docx(document *d, output *o)
{
    package p;
    body b = { .out = o };
    extract_failure failure = package_open(d, &p);
    if (failure == FAILURE_NONE)
        failure = read_package(&p, &b);
    free(b.styles.list);
    package_close(&p);
    return failure;
}
