#include "extract/helper/pdf_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROWS = 2, LEAST_CELLS = 2, LONGEST_CELL = 80, USUAL_CELL = 40 };

static const double same_line = 0.5;  /* how far the middles of pieces of one line may be apart, in heights */
static const double close_rows = 2.5; /* how far the tops of two rows of a table may be apart, in heights */

/* The last two are in the private places of symbol fonts. */
static const char *const bullets[] = { "•", "●", "▪", "■", "◦", "○", "‣", "·", "–", "\xEF\x82\xB7", "\xEF\x82\xA7" };

/* Pieces of `down` that stand on one line. */
typedef struct span {
    size_t first, count;
} span;

bool piece_beside(const piece *a, const piece *b)
{
    double height = fmin(a->bottom - a->top, b->bottom - b->top);
    return fabs(a->top + a->bottom - b->top - b->bottom) / 2 <= same_line * height;
}

size_t piece_bullet(const piece *p)
{
    for (size_t i = 0; i < sizeof bullets / sizeof bullets[0]; i++) {
        size_t length = strlen(bullets[i]);
        if (p->length >= length && memcmp(p->text, bullets[i], length) == 0 &&
            (p->length == length || p->text[length] == ' '))
            return length;
    }
    return 0;
}

/* A bullet, "12." or "a)" alone: the text of a list's item stands beside it. */
static bool is_mark(const piece *p)
{
    enum { LONGEST = 4 };
    char last = p->text[p->length - 1];
    return piece_bullet(p) == p->length || (p->length <= LONGEST && (last == '.' || last == ')'));
}

static int compare_tops(const void *a, const void *b)
{
    const piece *p = *(piece *const *)a, *q = *(piece *const *)b;
    double p_middle = p->top + p->bottom, q_middle = q->top + q->bottom;
    if (p_middle != q_middle)
        return p_middle < q_middle ? -1 : 1;
    return p < q ? -1 : p > q;
}

static int compare_lefts(const void *a, const void *b)
{
    const piece *p = *(piece *const *)a, *q = *(piece *const *)b;
    if (p->left != q->left)
        return p->left < q->left ? -1 : 1;
    return p < q ? -1 : p > q;
}

/* The row that begins at `first`. */
static span take_row(const page *p, size_t first, uint32_t number)
{
    span row = { .first = first, .count = 1 };
    while (first + row.count < p->count && piece_beside(p->down[first], p->down[first + row.count]))
        row.count++;
    qsort(p->down + first, row.count, sizeof *p->down, compare_lefts);
    for (size_t i = 0; i < row.count; i++) {
        p->down[first + i]->row = number;
        p->down[first + i]->place = first + i;
    }
    return row;
}

/* True for a row as tables have them: several short pieces, side by side. */
static bool is_tabular(const page *p, span row)
{
    size_t letters = 0;
    for (size_t i = 0; i < row.count; i++) {
        const piece *cell = p->down[row.first + i];
        if (cell->length > LONGEST_CELL || (i > 0 && cell->left < p->down[row.first + i - 1]->right))
            return false;
        letters += cell->length;
    }
    return row.count >= LEAST_CELLS && !is_mark(p->down[row.first]) && letters <= row.count * USUAL_CELL;
}

static bool follows_closely(const page *p, span above, span row)
{
    const piece *a = p->down[above.first], *b = p->down[row.first];
    return b->top - a->top <= close_rows * (a->bottom - a->top);
}

/* The column, behind `after`, whose left or right side is nearest to that of the cell. */
static uint32_t nearest_column(const page *p, span columns, const piece *cell, uint32_t after)
{
    uint32_t best = after;
    double least = INFINITY;
    for (uint32_t i = after; i < columns.count; i++) {
        const piece *head = p->down[columns.first + i];
        double apart = fmin(fabs(head->left - cell->left), fabs(head->right - cell->right));
        if (apart < least) {
            least = apart;
            best = i;
        }
    }
    return best;
}

/* Marks the pieces of these rows; the widest row tells the columns. */
static void mark_table(const page *p, const span *rows, size_t count, uint32_t table)
{
    span columns = rows[0];
    for (size_t i = 1; i < count; i++) {
        if (rows[i].count > columns.count)
            columns = rows[i];
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t after = 0;
        for (size_t k = 0; k < rows[i].count; k++) {
            piece *cell = p->down[rows[i].first + k];
            uint32_t left = (uint32_t)(rows[i].count - k - 1), last = (uint32_t)columns.count - 1 - left;
            uint32_t column = nearest_column(p, columns, cell, after);
            cell->column = column < last ? column : last;
            cell->table = table;
            after = cell->column + 1;
        }
    }
}

static void mark_tables(const page *p, const span *rows, size_t count)
{
    uint32_t table = 0;
    for (size_t i = 0; i < count;) {
        size_t length = 0;
        while (i + length < count && is_tabular(p, rows[i + length]) &&
               (length == 0 || follows_closely(p, rows[i + length - 1], rows[i + length])))
            length++;
        if (length >= LEAST_ROWS)
            mark_table(p, rows + i, length, ++table);
        i += length > 0 ? length : 1;
    }
}

bool page_find_tables(page *p)
{
    if (p->count == 0)
        return true;
    span *rows = calloc(p->count, sizeof *rows);
    p->down = calloc(p->count, sizeof *p->down);
    if (rows == NULL || p->down == NULL) {
        free(rows);
        return false;
    }
    for (size_t i = 0; i < p->count; i++)
        p->down[i] = &p->pieces[i];
    qsort(p->down, p->count, sizeof *p->down, compare_tops);
    size_t count = 0;
    for (size_t i = 0; i < p->count; i += rows[count++].count)
        rows[count] = take_row(p, i, (uint32_t)count);
    mark_tables(p, rows, count);
    free(rows);
    return true;
}
