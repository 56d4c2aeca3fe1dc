/*
 * PDF has no paragraphs, headings or tables, only letters at places. Lines are poppler's. A heading is a short line in
 * letters larger than those of most of the text; a paragraph ends where the gap to the next line is wide; pieces that
 * stand side by side on several lines are a table.
 */
#include "extract/helper/document.h"
#include "extract/helper/pdf_page.h"

#include <poppler.h>
#include <stdlib.h>
#include <string.h>

enum {
    AHEAD = 8,             /* pages that are read before the first is written, to know the common size */
    LARGEST_SIZE = 200,    /* points; larger letters count as these */
    LONGEST_HEADING = 160, /* bytes */
    MOST_SIZES = 64,
};

/* How much larger than the common size the letters of a heading of level 1, 2, 3 are at least. */
static const double heading_sizes[] = { 1.8, 1.4, 1.15 };
static const double same_height = 0.05; /* points */
static const double wide_space = 1.5;   /* between two pieces on a line, in heights of a letter */
static const double column_step = 3;    /* how far up the next line must be, in heights, to be in another column */
static const double wide_gap = 0.8;     /* between the lines of two paragraphs, in heights of a letter */

/* What letters of a height, as they stand on the page, have for a size in their font. */
typedef struct letter_size {
    double height, size;
} letter_size;

typedef struct reader {
    output *out;
    letter_size sizes[MOST_SIZES];
    size_t known;
    size_t letters[LARGEST_SIZE + 1]; /* of each size, bytes */
    double common;                    /* size; 0: not known yet */
    page ahead[AHEAD];
    size_t waiting;
    bool any;   /* text was written */
    int level;  /* of the last line, as a heading; 0: none */
    piece last; /* line written; size 0: none on this page */
} reader;

/* ---- a page's pieces ---- */

static void add_letter(piece *p, const PopplerRectangle *place)
{
    p->left = MIN(p->left, place->x1);
    p->right = MAX(p->right, place->x2);
    p->top = MIN(p->top, MIN(place->y1, place->y2));
    p->bottom = MAX(p->bottom, MAX(place->y1, place->y2));
}

/* True when a line of poppler's is more than one piece here: between two cells or columns it leaves a wide gap. */
static bool is_apart(const piece *p, const PopplerRectangle *place)
{
    return place->x1 - p->right > wide_space * (p->bottom - p->top);
}

static bool is_wide(const PopplerRectangle *place)
{
    return place->x2 - place->x1 > wide_space * ABS(place->y2 - place->y1);
}

/* Makes room for one more piece. */
static bool grow_page(page *p)
{
    if (p->count < p->room)
        return true;
    size_t room = p->room == 0 ? 256 : 2 * p->room;
    piece *pieces = realloc(p->pieces, room * sizeof *pieces);
    if (pieces == NULL)
        return false;
    p->pieces = pieces;
    p->room = room;
    return true;
}

static void end_piece(page *p, const char *end, size_t letters)
{
    piece *last = &p->pieces[p->count];
    if (letters == 0)
        return;
    last->length = (size_t)(end - last->text);
    p->count++;
}

/* Cuts the page's text into pieces; places count characters. */
static bool cut_page(page *p, const PopplerRectangle *places, size_t count)
{
    size_t letters = 0;
    const char *c = p->text;
    for (size_t at = 0; at < count && *c != '\0'; at++, c += g_utf8_skip[(guchar)*c]) {
        const PopplerRectangle *place = &places[at];
        if (!grow_page(p))
            return false;
        if (*c == '\n' || (letters > 0 && is_apart(&p->pieces[p->count], place)) || (*c == ' ' && is_wide(place))) {
            end_piece(p, c, letters);
            letters = 0;
            if (!grow_page(p))
                return false;
        }
        if (*c == '\n' || (letters == 0 && *c == ' '))
            continue;
        if (letters++ == 0)
            p->pieces[p->count] =
                (piece){ .text = c, .letter = at, .left = 1e9, .right = -1e9, .top = 1e9, .bottom = -1e9 };
        add_letter(&p->pieces[p->count], place);
    }
    if (letters > 0)
        end_piece(p, c, letters);
    return true;
}

/* ---- sizes of letters ---- */

/* What was learned about letters of this height; 0: nothing yet. */
static double known_size(const reader *r, double height)
{
    for (size_t i = 0; i < r->known; i++) {
        if (ABS(r->sizes[i].height - height) < same_height)
            return r->sizes[i].size;
    }
    return 0;
}

static bool set_known_sizes(const reader *r, page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        piece *next = &p->pieces[i];
        next->size = known_size(r, next->bottom - next->top);
        if (next->size == 0)
            return false;
    }
    return true;
}

/* Asking poppler for the fonts of a page costs a tenth of reading it: only where there are heights not seen before. */
static void set_sizes(reader *r, page *p, PopplerPage *from)
{
    if (set_known_sizes(r, p))
        return;
    GList *attributes = poppler_page_get_text_attributes(from), *fitting = attributes;
    for (size_t i = 0; i < p->count; i++) {
        piece *next = &p->pieces[i];
        while (fitting != NULL && ((PopplerTextAttributes *)fitting->data)->end_index < (gint)next->letter)
            fitting = fitting->next;
        next->size = fitting == NULL ? 0 : ((PopplerTextAttributes *)fitting->data)->font_size;
        double height = next->bottom - next->top;
        if (r->known < MOST_SIZES && next->size > 0 && known_size(r, height) == 0)
            r->sizes[r->known++] = (letter_size){ .height = height, .size = next->size };
    }
    poppler_page_free_text_attributes(attributes);
}

static void count_letters(reader *r, const page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const piece *next = &p->pieces[i];
        r->letters[next->size < LARGEST_SIZE ? (int)(next->size + 0.5) : LARGEST_SIZE] += next->length;
    }
}

static void free_page(page *p)
{
    g_free(p->text);
    free(p->pieces);
    free(p->down);
    *p = (page){ 0 };
}

static bool read_page(reader *r, PopplerDocument *pdf, int number, page *p)
{
    PopplerPage *from = poppler_document_get_page(pdf, number);
    *p = (page){ .number = (uint32_t)number + 1 };
    if (from == NULL)
        return true;
    PopplerRectangle *places = NULL;
    guint count = 0;
    p->text = poppler_page_get_text(from);
    bool done = true;
    if (p->text != NULL && poppler_page_get_text_layout(from, &places, &count)) {
        done = cut_page(p, places, count) && page_find_tables(p);
        set_sizes(r, p, from);
        count_letters(r, p);
    }
    g_free(places);
    g_object_unref(from);
    return done;
}

/* ---- writing ---- */

static int level_of(const reader *r, const piece *p)
{
    enum { LEVELS = sizeof heading_sizes / sizeof heading_sizes[0] };
    for (int level = 0; level < LEVELS && p->length <= LONGEST_HEADING; level++) {
        if (p->size >= r->common * heading_sizes[level])
            return level + 1;
    }
    return 0;
}

/* A word that goes on in the next line keeps its hyphen, for it may be "segunda-feira", and has no space behind it. */
static bool breaks_a_word(const piece *p)
{
    return p->length >= 2 && p->text[p->length - 1] == '-' && p->text[p->length - 2] != ' ' &&
           p->text[p->length - 2] != '-';
}

/* What stands between the last line and this one. */
static void begin_line(reader *r, const piece *p)
{
    bool first = r->last.size == 0;
    int level = level_of(r, p);
    if (!first && piece_beside(&r->last, p) && p->left >= r->last.right) {
        output_text(r->out, " ", 1);
        return;
    }
    double gap = p->top - r->last.bottom;
    bool goes_on = level == r->level && (first || (gap < wide_gap * p->size && gap > -column_step * p->size));
    r->level = level;
    if (level > 0 && (first || !goes_on))
        output_heading(r->out, level);
    else if (!goes_on)
        output_paragraph(r->out);
    else if (first || piece_bullet(p) > 0 || !breaks_a_word(&r->last))
        output_line(r->out);
}

static void write_line(reader *r, const piece *p)
{
    size_t bullet = piece_bullet(p);
    begin_line(r, p);
    if (bullet > 0)
        output_text(r->out, "- ", 2);
    output_text(r->out, p->text + bullet, p->length - bullet);
    r->last = *p;
    r->any = true;
}

/* Writes all of a table that `any` is a cell of, and marks its pieces as written. Its cells lie together in `down`. */
static void write_table(reader *r, page *p, const piece *any)
{
    const piece *before = NULL;
    size_t place = any->place;
    while (place > 0 && p->down[place - 1]->table == any->table)
        place--;
    output_table_begin(r->out);
    for (; place < p->count && p->down[place]->table == any->table; place++) {
        piece *cell = p->down[place];
        bool new_row = before == NULL || before->row != cell->row;
        if (new_row)
            output_table_row(r->out);
        for (uint32_t column = new_row ? 0 : before->column + 1; column <= cell->column; column++)
            output_table_cell(r->out);
        output_text(r->out, cell->text, cell->length);
        cell->length = 0;
        before = cell;
    }
    output_table_end(r->out);
    r->level = 0;
    r->last = *before;
    r->any = true;
}

static void write_page(reader *r, page *p)
{
    output_page(r->out, p->number);
    r->last.size = 0;
    for (size_t i = 0; i < p->count; i++) {
        piece *next = &p->pieces[i];
        if (next->length > 0 && next->table > 0)
            write_table(r, p, next);
        else if (next->length > 0)
            write_line(r, next);
    }
    free_page(p);
}

/* ---- the document ---- */

static void find_common_size(reader *r)
{
    size_t most = 0;
    for (int size = 1; size <= LARGEST_SIZE; size++) {
        if (r->letters[size] > most) {
            most = r->letters[size];
            r->common = size;
        }
    }
}

static void write_waiting(reader *r)
{
    if (r->common == 0)
        find_common_size(r);
    for (size_t i = 0; i < r->waiting; i++)
        write_page(r, &r->ahead[i]);
    r->waiting = 0;
}

static extract_failure read_document(reader *r, PopplerDocument *pdf)
{
    int pages = poppler_document_get_n_pages(pdf);
    for (int number = 0; number < pages; number++) {
        if (!read_page(r, pdf, number, &r->ahead[r->waiting++]))
            return FAILURE_MEMORY;
        if (r->waiting == AHEAD || r->common > 0)
            write_waiting(r);
    }
    write_waiting(r);
    if (pages == 0)
        return FAILURE_DAMAGED;
    return r->any ? FAILURE_NONE : FAILURE_SCANNED;
}

extract_failure extract_pdf(document *d, output *o)
{
    GError *error = NULL;
    reader r = { .out = o };
    GBytes *bytes = g_bytes_new_static(d->bytes, d->size);
    PopplerDocument *pdf = poppler_document_new_from_bytes(bytes, NULL, &error);
    extract_failure failure = FAILURE_NONE;
    if (pdf != NULL)
        failure = read_document(&r, pdf);
    else
        failure = g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED) ? FAILURE_ENCRYPTED : FAILURE_DAMAGED;
    for (size_t i = 0; i < r.waiting; i++)
        free_page(&r.ahead[i]);
    if (pdf != NULL)
        g_object_unref(pdf);
    g_clear_error(&error);
    g_bytes_unref(bytes);
    return failure;
}
