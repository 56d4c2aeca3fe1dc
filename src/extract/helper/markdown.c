/*
 * Markdown, parsed as CommonMark; tables are lines that begin with "|", which CommonMark takes for a paragraph. A tree
 * needs several times the memory of its text: a long document is parsed in pieces, cut in front of a heading where
 * there is one.
 */
#include "extract/helper/decode.h"
#include "extract/helper/html.h"
#include "extract/line.h"

#include "base/buffer.h"

#include <cmark.h>
#include <string.h>
#include <strings.h>

enum { PIECE_BYTES = 512 << 10, PIECE_ROOM = PIECE_BYTES + DECODED_BYTES };

/* ---- the tree ---- */

static int depth_of(cmark_node *item)
{
    int depth = 0;
    for (cmark_node *n = item; n != NULL; n = cmark_node_parent(n))
        depth += cmark_node_get_type(n) == CMARK_NODE_ITEM;
    return depth;
}

static void begin_item(output *o, cmark_node *item)
{
    cmark_node *list = cmark_node_parent(item);
    int number = 0;
    if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
        number = cmark_node_get_list_start(list);
        for (cmark_node *n = cmark_node_previous(item); n != NULL; n = cmark_node_previous(n))
            number++;
    }
    output_item(o, depth_of(item), number);
}

static void write_literal(output *o, cmark_node *node)
{
    const char *text = cmark_node_get_literal(node);
    if (text != NULL)
        output_text(o, text, strlen(text));
}

static void write_code(output *o, cmark_node *node)
{
    output_code_begin(o);
    write_literal(o, node);
    output_code_end(o);
}

static extract_failure write_html(output *o, cmark_node *node)
{
    const char *text = cmark_node_get_literal(node);
    html_reader *h = html_reader_new(o);
    if (h == NULL)
        return FAILURE_MEMORY;
    output_paragraph(o);
    html_reader_feed(h, text, strlen(text));
    extract_failure failure = html_reader_finish(h);
    output_paragraph(o);
    return failure;
}

static extract_failure begin_node(output *o, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
        output_heading(o, cmark_node_get_heading_level(node));
        break;
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_THEMATIC_BREAK:
        output_paragraph(o);
        break;
    case CMARK_NODE_ITEM:
        begin_item(o, node);
        break;
    case CMARK_NODE_TEXT:
    case CMARK_NODE_CODE:
        write_literal(o, node);
        break;
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK:
        output_line(o);
        break;
    case CMARK_NODE_HTML_INLINE:
        if (strncasecmp(cmark_node_get_literal(node), "<br", 3) == 0)
            output_line(o);
        break;
    case CMARK_NODE_CODE_BLOCK:
        write_code(o, node);
        break;
    case CMARK_NODE_HTML_BLOCK:
        return write_html(o, node);
    default:
        break;
    }
    return FAILURE_NONE;
}

static extract_failure write_tree(output *o, cmark_node *tree)
{
    extract_failure failure = FAILURE_NONE;
    cmark_iter *i = cmark_iter_new(tree);
    for (cmark_event_type event; failure == FAILURE_NONE && (event = cmark_iter_next(i)) != CMARK_EVENT_DONE;) {
        if (event == CMARK_EVENT_ENTER)
            failure = begin_node(o, cmark_iter_get_node(i));
        else if (cmark_node_get_type(cmark_iter_get_node(i)) == CMARK_NODE_ITEM)
            output_item_end(o);
    }
    cmark_iter_free(i);
    return failure;
}

static extract_failure write_piece(output *o, const char *text, size_t length)
{
    cmark_node *tree = cmark_parse_document(text, length, CMARK_OPT_DEFAULT);
    if (tree == NULL)
        return FAILURE_MEMORY;
    extract_failure failure = write_tree(o, tree);
    cmark_node_free(tree);
    output_paragraph(o);
    return failure;
}

/* ---- pieces ---- */

/* Where to cut: in front of the last heading, else behind the last blank line, outside of code; else all. */
static size_t choose_cut(const char *text, size_t length)
{
    size_t heading = 0, blank = 0;
    line fence = { 0 };
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        if (newline == NULL)
            break;
        size_t next = (size_t)(newline - text) + 1;
        line l = line_read(text + at, next - at, true);
        if (fence.level > 0) {
            if (l.kind == LINE_FENCE && l.mark == fence.mark && l.level >= fence.level && l.plain)
                fence.level = 0;
        } else if (l.kind == LINE_FENCE) {
            fence = l;
        } else if (l.kind == LINE_HEADING) {
            heading = at;
        } else if (l.kind == LINE_BLANK) {
            blank = next;
        }
        at = next;
    }
    return heading > 0 ? heading : blank > 0 ? blank : length;
}

extract_failure extract_markdown(document *d, output *o)
{
    decoder in;
    extract_failure failure = decoder_open(&in, d);
    if (failure != FAILURE_NONE)
        return failure;
    buffer piece;
    buffer_init(&piece, PIECE_ROOM);
    const char *text;
    for (size_t length; failure == FAILURE_NONE && (length = decoder_next(&in, &text)) > 0;) {
        buffer_append(&piece, text, length);
        if (piece.length < PIECE_BYTES)
            continue;
        size_t cut = choose_cut(piece.data, piece.length);
        failure = write_piece(o, piece.data, cut);
        piece.length -= cut;
        memmove(piece.data, piece.data + cut, piece.length);
    }
    if (piece.failed)
        failure = FAILURE_MEMORY;
    if (failure == FAILURE_NONE && piece.length > 0)
        failure = write_piece(o, piece.data, piece.length);
    buffer_free(&piece);
    return failure;
}
