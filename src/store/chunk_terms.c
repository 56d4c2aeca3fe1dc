#include "store/chunk_terms.h"

#include "base/sort.h"
#include "store/vector.h"

#include <stdlib.h>
#include <string.h>

/*
 * An entry says in one number that a chunk has a key: the key, how often the chunk has it, and the chunk's place in the
 * row. With so many entries a row fills a page. The filter has a bit for the last 13 bits of a key. Words and halves
 * have rows of their own, as a search seldom asks for halves: those of halves are told by the complement of their
 * first chunk's index, which is negative.
 */
enum {
    ENTRIES_A_ROW = 1700,
    CHUNKS_A_ROW = 32, /* 5 bits of an entry */
    MOST_TIMES = 4,    /* 2 bits above, from one on */
    FILTER_BITS = 8192,
    LARGEST_ARRAY = 256 << 20,
};

static int32_t entry_of(const passage_term *term, int32_t place)
{
    int32_t times = term->times < MOST_TIMES ? term->times : MOST_TIMES;
    return (term->key * MOST_TIMES + times - 1) * CHUNKS_A_ROW + place;
}

static int32_t key_of(int32_t entry)
{
    int32_t rest = entry & (MOST_TIMES * CHUNKS_A_ROW - 1);
    return (entry - rest) / (MOST_TIMES * CHUNKS_A_ROW);
}

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
    COLUMNS
} column;

static const uint32_t column_types[COLUMNS] = {
    [FIRST_CHUNKS] = TYPE_INTEGER, [FILTERS] = TYPE_VARBIT,   [SIZE_BEGINS] = TYPE_INTEGER, [SIZE_ENDS] = TYPE_INTEGER,
    [KEY_BEGINS] = TYPE_INTEGER,   [KEY_ENDS] = TYPE_INTEGER, [SIZES] = TYPE_SMALLINT,      [KEYS] = TYPE_INTEGER,
};

/* A row that is being filled. */
typedef struct open_row {
    int32_t *entries; /* and as much again for sorting them */
    size_t count, room;
    int64_t first_chunk;
    int32_t sizes[CHUNKS_A_ROW]; /* the terms of each chunk, every time counted */
    int32_t chunks;
} open_row;

typedef enum row_kind { OF_WORDS, OF_HALVES, ROW_KINDS } row_kind;

struct term_writer {
    word_reader *words;
    passage_terms terms;
    open_row open[ROW_KINDS];
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
    passage_terms_free(&w->terms);
    for (int i = 0; i < ROW_KINDS; i++)
        free(w->open[i].entries);
    free(w);
}

/* ---- a row ---------------------------------------------------------------------------------------------------------
 */

/* The number of its bits, and the bits, the first of a byte being its highest. */
static bool write_filter(term_writer *w, const open_row *row)
{
    unsigned char bits[4 + FILTER_BITS / 8] = { 0, 0, FILTER_BITS >> 8, FILTER_BITS & 255 };
    for (size_t i = 0; i < row->count; i++) {
        uint32_t bit = (uint32_t)key_of(row->entries[i]) & (FILTER_BITS - 1);
        bits[4 + bit / 8] |= (unsigned char)(128 >> bit % 8);
    }
    return array_element(&w->rows[FILTERS], (const char *)bits, sizeof bits);
}

static bool write_integer(term_writer *w, column c, int64_t integer)
{
    return array_integer(&w->rows[c], (int32_t)integer);
}

static bool write_sizes(term_writer *w, const open_row *row)
{
    bool done = write_integer(w, SIZE_BEGINS, (int64_t)w->size_count + 1);
    for (int32_t i = 0; done && i < row->chunks; i++)
        done = array_smallint(&w->rows[SIZES], (int16_t)row->sizes[i]);
    w->size_count += (size_t)row->chunks;
    return done && write_integer(w, SIZE_ENDS, (int64_t)w->size_count);
}

static bool write_entries(term_writer *w, const open_row *row)
{
    bool done = write_integer(w, KEY_BEGINS, (int64_t)w->key_count + 1);
    for (size_t i = 0; done && i < row->count; i++)
        done = array_integer(&w->rows[KEYS], row->entries[i]);
    w->key_count += row->count;
    return done && write_integer(w, KEY_ENDS, (int64_t)w->key_count);
}

static bool finish_row(term_writer *w, row_kind kind)
{
    open_row *row = &w->open[kind];
    if (row->count == 0)
        return true;
    sort_integers(row->entries, row->entries + row->room, row->count);
    bool done = write_integer(w, FIRST_CHUNKS, kind == OF_WORDS ? row->first_chunk : ~row->first_chunk) &&
                write_filter(w, row) && write_sizes(w, row) && write_entries(w, row);
    row->count = 0;
    row->chunks = 0;
    w->row_count++;
    return done;
}

static bool make_room(open_row *row, size_t more)
{
    if (row->entries != NULL && row->count + more <= row->room)
        return true;
    size_t room = row->count + more > 2 * ENTRIES_A_ROW ? row->count + more : 2 * ENTRIES_A_ROW;
    int32_t *entries = realloc(row->entries, 2 * room * sizeof *entries);
    if (entries == NULL)
        return false;
    row->entries = entries;
    row->room = room;
    return true;
}

/* Adds those of a chunk's terms that are of this kind. */
static bool add_terms(term_writer *w, row_kind kind, int64_t chunk_index, const passage_term *terms, size_t count,
                      int32_t size)
{
    open_row *row = &w->open[kind];
    if (count == 0)
        return true;
    bool fits = row->count + count <= ENTRIES_A_ROW && chunk_index - row->first_chunk < CHUNKS_A_ROW;
    if ((!fits && !finish_row(w, kind)) || !make_room(row, count))
        return false;
    if (row->chunks == 0)
        row->first_chunk = chunk_index;
    int32_t place = (int32_t)(chunk_index - row->first_chunk);
    while (row->chunks < place) /* where a number was left out */
        row->sizes[row->chunks++] = 0;
    row->sizes[row->chunks++] = size;
    for (size_t i = 0; i < count; i++)
        row->entries[row->count++] = entry_of(&terms[i], place);
    return true;
}

/* Halves, having negative keys, come before words. */
static bool add_chunk(term_writer *w, int64_t chunk_index, const char *content)
{
    if (!passage_terms_read(w->words, content, strlen(content), &w->terms))
        return false;
    const passage_term *terms = w->terms.terms;
    size_t halves = 0, count = w->terms.count;
    int64_t size = 0;
    while (halves < count && terms[halves].key < 0)
        halves++;
    for (size_t i = 0; i < count; i++)
        size += terms[i].times;
    size = size < INT16_MAX ? size : INT16_MAX;
    return add_terms(w, OF_HALVES, chunk_index, terms, halves, (int32_t)size) &&
           add_terms(w, OF_WORDS, chunk_index, terms + halves, count - halves, (int32_t)size);
}

bool term_writer_add(term_writer *w, int64_t chunk_index, const char *content)
{
    w->failed = w->failed || !add_chunk(w, chunk_index, content);
    return !w->failed;
}

vdb_status term_writer_send(term_writer *w, vdb_tenant *t, connection *c, const char *document_uuid, vdb_error *error)
{
    w->failed = w->failed || !finish_row(w, OF_WORDS) || !finish_row(w, OF_HALVES);
    if (w->failed)
        return error_memory(error);
    if (w->row_count == 0)
        return VDB_OK;
    const size_t counts[COLUMNS] = { [SIZES] = w->size_count, [KEYS] = w->key_count };
    param arrays[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        array_set_count(&w->rows[i], i < SIZES ? w->row_count : counts[i]);
        arrays[i] = P_BINARY(w->rows[i].data, w->rows[i].length);
    }
    const request r =
        REQUEST(TERM_APPEND, P(document_uuid), arrays[SIZES], arrays[KEYS], arrays[FIRST_CHUNKS], arrays[FILTERS],
                arrays[SIZE_BEGINS], arrays[SIZE_ENDS], arrays[KEY_BEGINS], arrays[KEY_ENDS]);
    vdb_status status = tenant_run_on(t, c, false, &r, 1, NULL, error);
    begin_rows(w);
    return status;
}
