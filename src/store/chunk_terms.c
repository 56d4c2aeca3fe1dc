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

/* The rows that are complete, as arrays in PostgreSQL's binary format; those from `SIZES` on hold all rows' parts one
 * behind the other. */
typedef enum column {
    FIRST_CHUNKS,
    FILTERS,
    SIZE_BEGINS,
    SIZE_ENDS,
    KEY_BEGINS,
    KEY_ENDS,
    SIZES,
    KEYS,
    CHUNKS,
    COLUMNS
} column;

static const uint32_t column_types[COLUMNS] = {
    [FIRST_CHUNKS] = TYPE_INTEGER, [FILTERS] = TYPE_VARBIT,     [SIZE_BEGINS] = TYPE_INTEGER,
    [SIZE_ENDS] = TYPE_INTEGER,    [KEY_BEGINS] = TYPE_INTEGER, [KEY_ENDS] = TYPE_INTEGER,
    [SIZES] = TYPE_SMALLINT,       [KEYS] = TYPE_INTEGER,       [CHUNKS] = TYPE_SMALLINT,
};

struct term_writer {
    word_reader *words;
    passage_terms terms;
    entry *entries; /* of the row that is being filled */
    size_t count, room;
    int64_t first_chunk;
    int32_t sizes[CHUNKS_A_ROW];
    int32_t chunks;
    buffer rows[COLUMNS];
    size_t row_count, size_count, key_count; /* in them */
    bool failed;
};

static void begin_rows(term_writer *w)
{
    for (int i = 0; i < COLUMNS; i++) {
        buffer_reset(&w->rows[i]);
        w->failed = !array_begin(&w->rows[i], column_types[i], 1) || w->failed;
    }
    w->row_count = w->size_count = w->key_count = 0;
}

term_writer *term_writer_new(void)
{
    term_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    for (int i = 0; i < COLUMNS; i++)
        buffer_init(&w->rows[i], LARGEST_ARRAY);
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
    for (int i = 0; i < COLUMNS; i++)
        buffer_free(&w->rows[i]);
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

/* The number of its bits, and the bits, the first of a byte being its highest. */
static bool write_filter(term_writer *w)
{
    unsigned char bits[4 + FILTER_BITS / 8] = { 0, 0, FILTER_BITS >> 8, FILTER_BITS & 255 };
    for (size_t i = 0; i < w->count; i++) {
        uint32_t bit = (uint32_t)w->entries[i].key & (FILTER_BITS - 1);
        bits[4 + bit / 8] |= (unsigned char)(128 >> bit % 8);
    }
    return array_element(&w->rows[FILTERS], (const char *)bits, sizeof bits);
}

static bool write_integer(term_writer *w, column c, int64_t integer)
{
    return array_integer(&w->rows[c], (int32_t)integer);
}

static bool write_sizes(term_writer *w)
{
    bool done = write_integer(w, SIZE_BEGINS, (int64_t)w->size_count + 1);
    for (int32_t i = 0; done && i < w->chunks; i++)
        done = array_smallint(&w->rows[SIZES], (int16_t)w->sizes[i]);
    w->size_count += (size_t)w->chunks;
    return done && write_integer(w, SIZE_ENDS, (int64_t)w->size_count);
}

static bool write_entries(term_writer *w)
{
    bool done = write_integer(w, KEY_BEGINS, (int64_t)w->key_count + 1);
    for (size_t i = 0; done && i < w->count; i++)
        done = array_integer(&w->rows[KEYS], w->entries[i].key) &&
               array_smallint(&w->rows[CHUNKS], (int16_t)w->entries[i].where);
    w->key_count += w->count;
    return done && write_integer(w, KEY_ENDS, (int64_t)w->key_count);
}

static bool finish_row(term_writer *w)
{
    if (w->chunks == 0)
        return true;
    qsort(w->entries, w->count, sizeof *w->entries, compare_entries);
    bool done = write_integer(w, FIRST_CHUNKS, w->first_chunk) && write_filter(w) && write_sizes(w) && write_entries(w);
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
    const size_t counts[COLUMNS] = { [SIZES] = w->size_count, [KEYS] = w->key_count, [CHUNKS] = w->key_count };
    param arrays[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        array_set_count(&w->rows[i], i < SIZES ? w->row_count : counts[i]);
        arrays[i] = P_BINARY(w->rows[i].data, w->rows[i].length);
    }
    const request r =
        REQUEST(TERM_APPEND, P(document_uuid), arrays[SIZES], arrays[KEYS], arrays[CHUNKS], arrays[FIRST_CHUNKS],
                arrays[FILTERS], arrays[SIZE_BEGINS], arrays[SIZE_ENDS], arrays[KEY_BEGINS], arrays[KEY_ENDS]);
    vdb_status status = tenant_run_on(t, c, false, &r, 1, NULL, error);
    begin_rows(w);
    return status;
}
