/*
 * A window slides over the text of one section. It grows line by line, with a mark wherever a block, a list item or a
 * table row begins; as soon as it holds more than a chunk may, it is cut and the part in front is given out. So it
 * never holds more than a chunk and a piece of a line, and where it is cut depends on the lines alone, not on how they
 * were fed.
 */
#include "knowledge/split.h"

#include "base/buffer.h"
#include "base/text.h"
#include "extract/line.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

enum {
    TARGET = 200,
    LEAST_TARGET = 32,
    LARGEST_TARGET = 4000,
    LINE_BYTES = 4096,   /* a longer line comes in pieces */
    HEADING_BYTES = 240, /* of a longer heading the rest is left out of the path */
    LEVELS = 6,
    WINDOW_BYTES = 1 << 20, /* more than a target's characters and a piece of a line can be */
    CONTENT_BYTES = 1 << 20,
};

typedef enum rank { RANK_NONE, RANK_LINE, RANK_BLOCK } rank;

/* A place in the window where a list item or a table row (RANK_LINE), or a block (RANK_BLOCK), begins. */
typedef struct mark {
    size_t at;
    rank rank;
} mark;

/* Tokens so far. */
typedef struct tally {
    size_t characters;
    size_t words;
    bool in_word;
} tally;

/* Where in the text a page begins. */
typedef struct page_start {
    int64_t offset;
    uint32_t number;
} page_start;

struct splitter {
    split_sink sink;
    void *context;
    bool markdown;
    size_t target;
    size_t overlap;
    UBreakIterator *sentences;
    UText *utext;

    char line[LINE_BYTES]; /* what has come of the current line */
    size_t line_length;
    int64_t line_offset; /* of line[0] in the file */
    bool line_goes_on;   /* line[0] does not begin a line */

    buffer window;
    uint32_t row;
    page_start *pages; /* ascending; the first is that of the window's beginning, if any is known */
    size_t page_count, page_room;
    int64_t base; /* of the window's first byte in the file */
    size_t fresh; /* bytes in front that the last chunk had too */
    tally tally;  /* of the window */
    mark *marks;  /* ascending */
    size_t mark_count, mark_room;

    line_kind last; /* kind of the last line */
    bool in_list;
    line fence; /* the fence that began the code we are in; level 0: none */

    char headings[LEVELS][HEADING_BYTES + 1];
    int level;              /* of the current heading; 0: none yet */
    buffer path;            /* of the current section, fit for a chunk */
    bool told;              /* the current heading has a chunk, or a heading below it */
    int64_t heading_offset; /* of its text in the file */
    int64_t heading_length;

    buffer table;       /* header and delimiter row of the current table, when they are short enough */
    int table_rows;     /* of the current table so far */
    int64_t table_body; /* file offset behind them; 0: we are in no table */
    buffer repeated;    /* the header of the table that the window begins in; empty: in none */
    buffer content;
};

/* ---- tokens ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static void count_bytes(tally *t, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool space = is_space(text[i]);
        t->characters += !U8_IS_TRAIL(text[i]);
        t->words += !space && !t->in_word;
        t->in_word = !space;
    }
}

static size_t tokens(const tally *t)
{
    size_t by_length = (t->characters + 3) / 4;
    return by_length > t->words ? by_length : t->words;
}

static size_t tokens_of(const char *text, size_t length)
{
    tally t = { 0 };
    count_bytes(&t, text, length);
    return tokens(&t);
}

static size_t next_character(const char *text, size_t at, size_t length)
{
    U8_FWD_1(text, at, length);
    return at;
}

/* How many bytes of `text`, whole characters, have no more tokens than `most`. */
static size_t reach(const char *text, size_t length, size_t most)
{
    tally t = { 0 };
    for (size_t at = 0; at < length;) {
        size_t next = next_character(text, at, length);
        count_bytes(&t, text + at, next - at);
        if (tokens(&t) > most)
            return at;
        at = next;
    }
    return length;
}

static bool has_word(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t i = 0; i < length;) {
        UChar32 c;
        U8_NEXT(bytes, i, length, c);
        if (c >= 0 && u_isalnum(c) && !u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
            return true;
    }
    return false;
}

/* ---- making and freeing ---- */

static int target_of(const split_options *options)
{
    return options->target_tokens == 0 ? TARGET : options->target_tokens;
}

vdb_status split_check(const split_options *options, vdb_error *error)
{
    int target = target_of(options);
    if (target < LEAST_TARGET || target > LARGEST_TARGET)
        return error_set(error, VDB_USAGE, "Choose a target of 32 to 4000 tokens.", "a chunk cannot have %d tokens",
                         target);
    if (options->overlap_tokens < 0 || options->overlap_tokens > target / 2)
        return error_set(error, VDB_USAGE, "Choose an overlap of at most half of the target.",
                         "chunks of %d tokens cannot overlap by %d", target, options->overlap_tokens);
    return VDB_OK;
}

vdb_status splitter_new(const split_options *options, split_sink sink, void *context, splitter **result,
                        vdb_error *error)
{
    vdb_status status = split_check(options, error);
    if (status != VDB_OK)
        return status;
    UErrorCode icu = U_ZERO_ERROR;
    splitter *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(error);
    s->sink = sink;
    s->context = context;
    s->markdown = options->markdown;
    s->target = (size_t)target_of(options);
    s->overlap = (size_t)options->overlap_tokens;
    s->told = true;
    buffer_init(&s->window, WINDOW_BYTES);
    buffer_init(&s->path, CONTENT_BYTES);
    buffer_init(&s->table, CONTENT_BYTES);
    buffer_init(&s->repeated, CONTENT_BYTES);
    buffer_init(&s->content, CONTENT_BYTES);
    s->sentences = ubrk_open(UBRK_SENTENCE, "pt_BR@ss=standard", NULL, 0, &icu);
    if (U_FAILURE(icu)) {
        splitter_free(s);
        return error_memory(error);
    }
    *result = s;
    return VDB_OK;
}

void splitter_free(splitter *s)
{
    if (s == NULL)
        return;
    if (s->sentences != NULL)
        ubrk_close(s->sentences);
    utext_close(s->utext);
    buffer_free(&s->window);
    buffer_free(&s->path);
    buffer_free(&s->table);
    buffer_free(&s->repeated);
    buffer_free(&s->content);
    free(s->marks);
    free(s->pages);
    free(s);
}

/* ---- giving out ---- */

/* Appends without the CR of CRLF. */
static void append_passage(buffer *b, const char *text, size_t length)
{
    const char *end = text + length;
    for (const char *cr; (cr = memchr(text, '\r', (size_t)(end - text))) != NULL; text = cr + 1) {
        bool pair = cr + 1 < end && cr[1] == '\n';
        buffer_append(b, text, (size_t)(cr - text) + !pair);
    }
    buffer_append(b, text, (size_t)(end - text));
}

/* The page on which this byte of the text stands; 0: none is known. */
static uint32_t page_of(const splitter *s, int64_t offset)
{
    uint32_t page = 0;
    for (size_t i = 0; i < s->page_count && s->pages[i].offset <= offset; i++)
        page = s->pages[i].number;
    return page;
}

static vdb_status give_out(splitter *s, int64_t offset, size_t length, vdb_error *error)
{
    if (s->content.failed)
        return error_memory(error);
    split_chunk chunk = {
        .content = s->content.data,
        .heading = s->path.length > 0 ? s->path.data : NULL,
        .offset = offset,
        .length = (int64_t)length,
        .row = s->row,
        .page = page_of(s, offset),
        .last_page = page_of(s, offset + (int64_t)length - 1),
        .token_count = (int64_t)tokens_of(s->content.data, s->content.length),
    };
    s->told = true;
    return s->sink(s->context, &chunk, error);
}

/* Gives out the first `length` bytes of the window, if there is a word in them that the last chunk had not. */
static vdb_status give_out_window(splitter *s, size_t length, vdb_error *error)
{
    const char *text = s->window.data;
    size_t start = 0;
    while (length > 0 && is_space(text[length - 1]))
        length--;
    while (start < length && is_space(text[start]))
        start++;
    size_t fresh = s->fresh > start ? s->fresh : start;
    if (fresh >= length || !has_word(text + fresh, length - fresh))
        return VDB_OK;
    buffer_reset(&s->content);
    if (s->path.length > 0) {
        buffer_append(&s->content, s->path.data, s->path.length);
        buffer_append(&s->content, "\n", 1);
    }
    if (s->repeated.length > 0)
        append_passage(&s->content, s->repeated.data, s->repeated.length);
    append_passage(&s->content, text + start, length - start);
    return give_out(s, s->base + (int64_t)start, length - start, error);
}

/* ---- where to cut ---- */

/* The last mark of this rank or a higher one in the window behind `least` and not behind `limit`; 0: none. */
static size_t last_mark(const splitter *s, rank lowest, size_t least, size_t limit)
{
    for (size_t i = s->mark_count; i > 0 && s->marks[i - 1].at > least; i--) {
        if (s->marks[i - 1].rank >= lowest && s->marks[i - 1].at <= limit)
            return s->marks[i - 1].at;
    }
    return 0;
}

/* Prepares the search for sentences: in the window, in which a line's end is no sentence's end. */
static bool find_sentences(splitter *s)
{
    UErrorCode status = U_ZERO_ERROR;
    buffer_reset(&s->content);
    buffer_append(&s->content, s->window.data, s->window.length);
    if (s->content.failed)
        return false;
    for (size_t i = 0; i < s->content.length; i++) {
        if (s->content.data[i] == '\n' || s->content.data[i] == '\r')
            s->content.data[i] = ' ';
    }
    s->utext = utext_openUTF8(s->utext, s->content.data, (int64_t)s->content.length, &status);
    ubrk_setUText(s->sentences, s->utext, &status);
    return U_SUCCESS(status);
}

/* Where the last sentence begins that begins behind `least` and not behind `limit`; 0: none. */
static size_t last_sentence(splitter *s, size_t least, size_t limit)
{
    size_t behind = next_character(s->window.data, limit, s->window.length);
    int32_t at = ubrk_preceding(s->sentences, (int32_t)behind);
    return at > 0 && (size_t)at > least && (size_t)at <= limit ? (size_t)at : 0;
}

/* Behind the last space, or the last line's end, before `limit`; 0: none. */
static size_t last_space(const splitter *s, bool line_end, size_t limit)
{
    for (size_t at = limit; at > 0; at--) {
        char c = s->window.data[at - 1];
        if (line_end ? c == '\n' : is_space(c))
            return at;
    }
    return 0;
}

/* `limit`, but not in front of a combining mark. */
static size_t last_character(const splitter *s, size_t limit)
{
    const uint8_t *bytes = (const uint8_t *)s->window.data;
    int32_t length = (int32_t)s->window.length;
    for (int32_t at = (int32_t)limit; at > (int32_t)limit / 2;) {
        UChar32 c;
        U8_GET(bytes, 0, at, length, c);
        if (c < 0 || (U_GET_GC_MASK(c) & U_GC_M_MASK) == 0)
            return (size_t)at;
        U8_BACK_1(bytes, 0, at);
    }
    return limit;
}

/*
 * A chunk ends where a block begins, unless less than a quarter of it would be used (an introduction stays with its
 * list); else where an item, a row or a block begins; else between sentences, lines, words, characters. 0: nowhere
 * behind what the last chunk had.
 */
static size_t choose_cut(splitter *s, size_t limit)
{
    size_t block = last_mark(s, RANK_BLOCK, s->fresh, limit);
    if (block >= limit / 4 && block > 0)
        return block;
    size_t at = last_mark(s, RANK_LINE, s->fresh, limit);
    if (at == 0)
        at = last_sentence(s, s->fresh, limit);
    if (at > 0 || s->fresh > 0)
        return at;
    at = last_space(s, true, limit);
    if (at == 0)
        at = last_space(s, false, limit);
    return at > 0 ? at : last_character(s, limit);
}

/* ---- the window ---- */

static void empty_window(splitter *s)
{
    buffer_reset(&s->window);
    s->mark_count = 0;
    s->fresh = 0;
    s->tally = (tally){ 0 };
    buffer_reset(&s->repeated);
}

/* Takes away the first bytes of the window. */
static void drop_front(splitter *s, size_t bytes)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->mark_count; i++) {
        if (s->marks[i].at > bytes)
            s->marks[kept++] = (mark){ .at = s->marks[i].at - bytes, .rank = s->marks[i].rank };
    }
    s->mark_count = kept;
    s->window.length -= bytes;
    memmove(s->window.data, s->window.data + bytes, s->window.length);
    s->base += (int64_t)bytes;
    s->tally = (tally){ 0 };
    count_bytes(&s->tally, s->window.data, s->window.length);
}

/* Where the sentences begin that the next chunk repeats when the window is cut here. */
static size_t start_of_overlap(splitter *s, size_t cut)
{
    if (s->overlap == 0 || s->table_body > 0 || s->fence.level > 0)
        return cut;
    for (int32_t at = ubrk_next(s->sentences); at > 0 && (size_t)at < cut; at = ubrk_next(s->sentences)) {
        if (tokens_of(s->window.data + at, cut - (size_t)at) <= s->overlap)
            return (size_t)at;
    }
    return cut;
}

/* How many tokens a passage may have beside what stands in front of it. */
static size_t passage_tokens(const splitter *s)
{
    tally front = { 0 };
    count_bytes(&front, s->path.data, s->path.length);
    if (s->path.length > 0)
        count_bytes(&front, "\n", 1);
    count_bytes(&front, s->repeated.data, s->repeated.length);
    return s->target - tokens(&front);
}

/* Gives out the front of the window and keeps the rest. */
static vdb_status cut_window(splitter *s, vdb_error *error)
{
    if (!find_sentences(s))
        return error_memory(error);
    size_t cut = choose_cut(s, reach(s->window.data, s->window.length, passage_tokens(s)));
    if (cut == 0) { /* nothing new fits behind the overlap */
        drop_front(s, s->fresh);
        s->fresh = 0;
        return VDB_OK;
    }
    ubrk_first(s->sentences);
    size_t next = start_of_overlap(s, cut);
    vdb_status status = give_out_window(s, cut, error);
    drop_front(s, next);
    s->fresh = cut - next;
    buffer_reset(&s->repeated);
    if (s->table_body > 0 && s->base >= s->table_body)
        buffer_append(&s->repeated, s->table.data, s->table.length);
    return s->repeated.failed ? error_memory(error) : status;
}

/* Lengthens the window by a piece of a line, and cuts it until it is a chunk again. */
static vdb_status append_text(splitter *s, const char *bytes, size_t length, int64_t offset, vdb_error *error)
{
    if (s->window.length == 0)
        s->base = offset;
    buffer_append(&s->window, bytes, length);
    if (s->window.failed)
        return error_memory(error);
    count_bytes(&s->tally, bytes, length);
    vdb_status status = VDB_OK;
    while (status == VDB_OK && tokens(&s->tally) > passage_tokens(s))
        status = cut_window(s, error);
    return status;
}

static vdb_status add_mark(splitter *s, rank r, vdb_error *error)
{
    if (s->window.length == 0)
        return VDB_OK;
    if (s->mark_count == s->mark_room) {
        size_t room = s->mark_room == 0 ? 64 : 2 * s->mark_room;
        mark *marks = realloc(s->marks, room * sizeof *marks);
        if (marks == NULL)
            return error_memory(error);
        s->marks = marks;
        s->mark_room = room;
    }
    s->marks[s->mark_count++] = (mark){ .at = s->window.length, .rank = r };
    return VDB_OK;
}

/* ---- sections ---- */

/* The end of a section: gives out what is left of it, and its heading if nothing below it was. */
static vdb_status end_section(splitter *s, int next_level, vdb_error *error)
{
    vdb_status status = give_out_window(s, s->window.length, error);
    empty_window(s);
    bool goes_on = next_level > s->level;
    if (status != VDB_OK || s->told || goes_on || !has_word(s->headings[s->level - 1], (size_t)s->heading_length))
        return status;
    buffer_reset(&s->content);
    buffer_append(&s->content, s->path.data, s->path.length);
    return give_out(s, s->heading_offset, (size_t)s->heading_length, error);
}

/* The path of headings down to the current one, without as many outer ones as make it too long. */
static void make_path(splitter *s)
{
    for (int first = 0; first < s->level; first++) {
        buffer_reset(&s->path);
        for (int i = first; i < s->level; i++) {
            if (s->headings[i][0] != '\0' && s->path.length > 0)
                buffer_append(&s->path, " > ", 3);
            buffer_append_string(&s->path, s->headings[i]);
        }
        if (tokens_of(s->path.data, s->path.length) <= s->target / 4)
            return;
    }
}

static vdb_status begin_section(splitter *s, const line *l, int64_t offset, vdb_error *error)
{
    vdb_status status = end_section(s, l->level, error);
    size_t most = l->length < HEADING_BYTES ? l->length : HEADING_BYTES - text_utf8_tail(l->text, HEADING_BYTES);
    size_t length = reach(l->text, most, s->target / 4);
    char *heading = s->headings[l->level - 1];
    memcpy(heading, l->text, length);
    heading[length] = '\0';
    for (int i = l->level; i < LEVELS; i++)
        s->headings[i][0] = '\0';
    s->level = l->level;
    s->heading_offset = offset;
    s->heading_length = (int64_t)length;
    s->told = false;
    make_path(s);
    return s->path.failed ? error_memory(error) : status;
}

/* ---- lines ---- */

/* A table's first row, and the delimiter row under it, are kept for the chunks that go on with the table. */
static void read_table(splitter *s, const line *l, const char *bytes, size_t length, int64_t end, bool whole)
{
    bool in_table = l->kind == LINE_ROW || l->kind == LINE_DELIMITER;
    if (!in_table)
        s->table_body = 0;
    s->table_rows = in_table ? s->table_rows + 1 : 0;
    if (s->table_rows == 1)
        buffer_reset(&s->table);
    if (s->table_rows == 1 && l->kind == LINE_ROW && whole)
        buffer_append(&s->table, bytes, length);
    if (s->table_rows != 2 || l->kind != LINE_DELIMITER || !whole || s->table.length == 0)
        return;
    buffer_append(&s->table, bytes, length);
    if (!s->table.failed && tokens_of(s->table.data, s->table.length) <= s->target / 4)
        s->table_body = end;
}

/* The rank of the place where this line begins. RANK_NONE: it goes on with what is there. */
static rank rank_of(splitter *s, const line *l)
{
    bool after_blank = s->last == LINE_BLANK;
    bool was_in_list = s->in_list;
    switch (l->kind) {
    case LINE_ITEM:
        s->in_list = true;
        return after_blank && !was_in_list ? RANK_BLOCK : RANK_LINE;
    case LINE_TEXT:
        if (after_blank && was_in_list && l->indent >= 2)
            return RANK_NONE;
        if (after_blank || s->last == LINE_ROW || s->last == LINE_DELIMITER || s->last == LINE_FENCE) {
            s->in_list = false;
            return RANK_BLOCK;
        }
        return RANK_NONE;
    case LINE_ROW:
    case LINE_DELIMITER:
        if (s->table_rows == 2 && l->kind == LINE_DELIMITER)
            return RANK_NONE;
        return after_blank ? RANK_BLOCK : RANK_LINE;
    case LINE_FENCE:
        return RANK_BLOCK;
    case LINE_BLANK:
    case LINE_HEADING:
        break;
    }
    return RANK_NONE;
}

/* Follows fenced code. True: the line is inside, or ends it. */
static bool read_fence(splitter *s, const line *l)
{
    if (s->fence.level == 0) {
        if (l->kind == LINE_FENCE)
            s->fence = *l;
        return false;
    }
    if (l->kind == LINE_FENCE && l->mark == s->fence.mark && l->level >= s->fence.level && l->plain)
        s->fence.level = 0;
    return true;
}

static vdb_status read_line(splitter *s, const char *bytes, size_t length, int64_t offset, bool whole, vdb_error *error)
{
    line l = line_read(bytes, length, s->markdown);
    if (l.kind == LINE_HEADING && !whole)
        l.kind = LINE_TEXT;
    rank found = RANK_NONE;
    if (read_fence(s, &l)) {
        found = s->fence.level > 0 && l.length > 0 ? RANK_LINE : RANK_NONE;
        l.kind = LINE_FENCE;
    } else {
        read_table(s, &l, bytes, length, offset + (int64_t)length, whole);
        found = rank_of(s, &l);
    }
    s->last = l.kind;
    if (l.kind == LINE_HEADING) {
        s->in_list = false;
        return begin_section(s, &l, offset + (l.text - bytes), error);
    }
    if (l.kind == LINE_BLANK && s->window.length == 0)
        return VDB_OK;
    vdb_status status = found != RANK_NONE ? add_mark(s, found, error) : VDB_OK;
    return status != VDB_OK ? status : append_text(s, bytes, length, offset, error);
}

/* ---- bytes ---- */

/* Reads what has come of a line: all of it, or as much as fits, down to a whole character. */
static vdb_status read_piece(splitter *s, bool ended, vdb_error *error)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    size_t kept = ended ? 0 : text_utf8_tail(s->line, s->line_length);
    size_t length = s->line_length - kept;
    size_t skipped = 0;
    if (s->line_offset == 0 && length >= 3 && memcmp(s->line, byte_order_mark, 3) == 0)
        skipped = 3;
    const char *text = s->line + skipped;
    int64_t offset = s->line_offset + (int64_t)skipped;
    vdb_status status = s->line_goes_on ? append_text(s, text, length, offset, error)
                                        : read_line(s, text, length - skipped, offset, ended, error);
    memmove(s->line, s->line + length, kept);
    s->line_length = kept;
    s->line_offset += (int64_t)length;
    s->line_goes_on = !ended;
    return status;
}

static void add_to_line(splitter *s, const char *bytes, size_t length)
{
    char *to = s->line + s->line_length;
    memcpy(to, bytes, length);
    for (char *nul; (nul = memchr(to, '\0', length)) != NULL;)
        *nul = ' ';
    s->line_length += length;
}

vdb_status splitter_feed(splitter *s, const char *bytes, size_t length, vdb_error *error)
{
    while (length > 0) {
        size_t room = LINE_BYTES - s->line_length;
        size_t take = length < room ? length : room;
        const char *end = memchr(bytes, '\n', take);
        if (end != NULL)
            take = (size_t)(end - bytes) + 1;
        add_to_line(s, bytes, take);
        bytes += take;
        length -= take;
        if (end == NULL && s->line_length < LINE_BYTES)
            break;
        vdb_status status = read_piece(s, end != NULL, error);
        if (status != VDB_OK)
            return status;
    }
    return VDB_OK;
}

vdb_status splitter_row(splitter *s, uint32_t row, vdb_error *error)
{
    vdb_status status = s->line_length > 0 ? read_piece(s, true, error) : VDB_OK;
    if (status == VDB_OK)
        status = give_out_window(s, s->window.length, error);
    empty_window(s);
    s->row = row;
    return status;
}

/* Forgets the pages that end before `offset`. */
static void forget_pages(splitter *s, int64_t offset)
{
    size_t gone = 0;
    while (gone + 1 < s->page_count && s->pages[gone + 1].offset <= offset)
        gone++;
    s->page_count -= gone;
    if (gone > 0)
        memmove(s->pages, s->pages + gone, s->page_count * sizeof *s->pages);
}

vdb_status splitter_page(splitter *s, uint32_t page, vdb_error *error)
{
    int64_t offset = s->line_offset + (int64_t)s->line_length;
    int64_t ahead = s->window.length > 0 ? s->base : s->line_offset; /* of the next chunk */
    forget_pages(s, s->told ? ahead : s->heading_offset);
    if (s->page_count > 0 && s->pages[s->page_count - 1].offset == offset)
        s->page_count--;
    if (s->page_count == s->page_room) {
        size_t room = s->page_room == 0 ? 16 : 2 * s->page_room;
        page_start *pages = realloc(s->pages, room * sizeof *pages);
        if (pages == NULL)
            return error_memory(error);
        s->pages = pages;
        s->page_room = room;
    }
    s->pages[s->page_count++] = (page_start){ .offset = offset, .number = page };
    return VDB_OK;
}

vdb_status splitter_finish(splitter *s, vdb_error *error)
{
    vdb_status status = s->line_length > 0 ? read_piece(s, true, error) : VDB_OK;
    return status == VDB_OK ? end_section(s, 0, error) : status;
}
