#include "store/chunk_terms.h"

#include "store/vector.h"

#include <stdlib.h>
#include <string.h>

/*
 * With so many entries a row fills a page. A chunk's place is counted from the row's first one. The filter has a bit
 * for the last 13 bits of a key.
 */
enum {
    ENTRIES_A_ROW = 1120,
    CHUNKS_A_ROW = 256, /* 8 bits of a place */
    MOST_TIMES = 127,   /* 7 bits above */
    FILTER_BITS = 8192,
    LARGEST_ARRAY = 256 << 20,
};

typedef struct entry {
    int32_t key;
    int32_t where; /* the chunk's place, and in the bits above it how often it has the word */
} entry;

/* The columns of rows that are complete, as arrays of texts, which the server casts. */
typedef struct columns {
    buffer first_chunks, filters, sizes, keys, chunks;
} columns;

struct term_writer {
    word_reader *words;
    passage_terms terms;
    entry *entries; /* of the row that is being filled */
    size_t count, room;
    int64_t first_chunk;
    int32_t sizes[CHUNKS_A_ROW];
    int32_t chunks;
    columns rows;
    size_t row_count;
    buffer text; /* of one element */
    bool failed;
};

static buffer *const *all_columns(columns *c, buffer *all[5])
{
    all[0] = &c->first_chunks;
    all[1] = &c->filters;
    all[2] = &c->sizes;
    all[3] = &c->keys;
    all[4] = &c->chunks;
    return all;
}

static void begin_rows(term_writer *w)
{
    buffer *all[5];
    all_columns(&w->rows, all);
    for (int i = 0; i < 5; i++) {
        buffer_reset(all[i]);
        w->failed = !array_begin(all[i], TYPE_TEXT, 1) || w->failed;
    }
    w->row_count = 0;
}

term_writer *term_writer_new(void)
{
    term_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    buffer *all[5];
    all_columns(&w->rows, all);
    for (int i = 0; i < 5; i++)
        buffer_init(all[i], LARGEST_ARRAY);
    buffer_init(&w->text, LARGEST_ARRAY);
    begin_rows(w);
    w->words = word_reader_new();
    if (w->words == NULL || w->failed) {
        term_writer_free(w);
        return NULL;
    }
    return w;
}

void term_writer_free(term_writer *w)
{
    if (w == NULL)
        return;
    buffer *all[5];
    all_columns(&w->rows, all);
    for (int i = 0; i < 5; i++)
        buffer_free(all[i]);
    buffer_free(&w->text);
    word_reader_free(w->words);
    free(w->terms.terms);
    free(w->entries);
    free(w);
}

/* ---- a row ---------------------------------------------------------------------------------------------------------
 */

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->where > y->where) - (x->where < y->where);
}

/* "x0f…", the first bit of the first digit being bit 0. */
static bool write_filter(term_writer *w)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char nibbles[FILTER_BITS / 4] = { 0 };
    char text[1 + FILTER_BITS / 4] = "x";
    for (size_t i = 0; i < w->count; i++) {
        uint32_t bit = (uint32_t)w->entries[i].key & (FILTER_BITS - 1);
        nibbles[bit / 4] |= (unsigned char)(8 >> bit % 4);
    }
    for (size_t i = 0; i < sizeof nibbles; i++)
        text[1 + i] = digits[nibbles[i]];
    return array_element(&w->rows.filters, text, sizeof text);
}

/* Writes an integer into the end of `room`; returns where it begins. */
static char *write_integer(char room[12], int32_t integer)
{
    char *at = room + 12;
    uint32_t left = integer < 0 ? -(uint32_t)integer : (uint32_t)integer;
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (integer < 0)
        *--at = '-';
    return at;
}

/*
 * An array of integers as text, into a column; `first` is the first one's place, `step` the bytes to the next. A chunk
 * has some hundred of them: they are written without printf().
 */
static bool write_integers(term_writer *w, buffer *column, const int32_t *first, size_t count, size_t step)
{
    buffer_reset(&w->text);
    bool done = buffer_append(&w->text, "{", 1);
    for (size_t i = 0; done && i < count; i++) {
        char room[13];
        int32_t integer;
        memcpy(&integer, (const char *)first + i * step, sizeof integer);
        char *at = write_integer(room, integer);
        room[12] = i + 1 < count ? ',' : '}';
        done = buffer_append(&w->text, at, (size_t)(room + 13 - at));
    }
    done = done && (count > 0 || buffer_append(&w->text, "}", 1));
    return done && array_element(column, w->text.data, w->text.length);
}

static bool finish_row(term_writer *w)
{
    char first[24];
    if (w->chunks == 0)
        return true;
    qsort(w->entries, w->count, sizeof *w->entries, compare_entries);
    int length = snprintf(first, sizeof first, "%" PRId64, w->first_chunk);
    bool done = array_element(&w->rows.first_chunks, first, (size_t)length) && write_filter(w) &&
                write_integers(w, &w->rows.sizes, w->sizes, (size_t)w->chunks, sizeof w->sizes[0]) &&
                write_integers(w, &w->rows.keys, &w->entries->key, w->count, sizeof *w->entries) &&
                write_integers(w, &w->rows.chunks, &w->entries->where, w->count, sizeof *w->entries);
    w->count = 0;
    w->chunks = 0;
    w->row_count++;
    return done;
}

static bool make_room(term_writer *w, size_t more)
{
    if (w->entries != NULL && w->count + more <= w->room)
        return true;
    size_t room = w->count + more > 2 * ENTRIES_A_ROW ? w->count + more : 2 * ENTRIES_A_ROW;
    entry *entries = realloc(w->entries, room * sizeof *entries);
    if (entries == NULL)
        return false;
    w->entries = entries;
    w->room = room;
    return true;
}

static bool add_chunk(term_writer *w, int64_t chunk_index, const char *content)
{
    if (!passage_terms_read(w->words, content, strlen(content), &w->terms))
        return false;
    bool fits = w->count + w->terms.count <= ENTRIES_A_ROW && chunk_index - w->first_chunk < CHUNKS_A_ROW;
    if ((!fits && !finish_row(w)) || !make_room(w, w->terms.count))
        return false;
    if (w->chunks == 0)
        w->first_chunk = chunk_index;
    int32_t place = (int32_t)(chunk_index - w->first_chunk);
    while (w->chunks < place) /* where a number was left out */
        w->sizes[w->chunks++] = 0;
    int64_t size = 0;
    for (size_t i = 0; i < w->terms.count; i++) {
        const passage_term *term = &w->terms.terms[i];
        int32_t times = term->times < MOST_TIMES ? term->times : MOST_TIMES;
        w->entries[w->count++] = (entry){ term->key, times * CHUNKS_A_ROW + place };
        size += times;
    }
    w->sizes[w->chunks++] = size < INT16_MAX ? (int32_t)size : INT16_MAX;
    return true;
}

bool term_writer_add(term_writer *w, int64_t chunk_index, const char *content)
{
    w->failed = w->failed || !add_chunk(w, chunk_index, content);
    return !w->failed;
}

vdb_status term_writer_send(term_writer *w, vdb_tenant *t, connection *c, const char *document_uuid, vdb_error *error)
{
    w->failed = w->failed || !finish_row(w);
    if (w->failed)
        return error_memory(error);
    if (w->row_count == 0)
        return VDB_OK;
    buffer *all[5];
    param arrays[5];
    all_columns(&w->rows, all);
    for (int i = 0; i < 5; i++) {
        array_set_count(all[i], w->row_count);
        arrays[i] = P_BINARY(all[i]->data, all[i]->length);
    }
    const request r = REQUEST(TERM_APPEND, P(document_uuid), arrays[0], arrays[1], arrays[2], arrays[3], arrays[4]);
    vdb_status status = tenant_run_on(t, c, false, &r, 1, NULL, error);
    begin_rows(w);
    return status;
}
