#include "base/terms.h"

#include "base/sort.h"

#include <sodium/crypto_shorthash_siphash24.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utf8.h>

enum {
    SHORTEST_HALVED = 5, /* letters */
    SHORTEST_HALF = 3,
    MOST_LETTERS = 128,
    KEY_BYTES = 2 + 512, /* more than a reader of words gives */
    FIRST_ROOM = 128,
};

typedef enum key_kind { WHOLE = 'w', BEGINNING = 'b', ENDING = 'e' } key_kind;

/* A half is one of a word of so many letters: the same three letters in words of other lengths say little. */
static int32_t make_key(key_kind kind, int letters, const char *text, size_t length)
{
    static const unsigned char secret[crypto_shorthash_siphash24_KEYBYTES] = "voicedb terms 1";
    unsigned char bytes[KEY_BYTES], hash[crypto_shorthash_siphash24_BYTES];
    size_t taken = length < KEY_BYTES - 2 ? length : KEY_BYTES - 2;
    bytes[0] = (unsigned char)kind;
    bytes[1] = (unsigned char)letters;
    memcpy(bytes + 2, text, taken);
    crypto_shorthash_siphash24(hash, bytes, 2 + taken, secret);
    int32_t key = (int32_t)((uint32_t)hash[0] | (uint32_t)hash[1] << 8 | (uint32_t)hash[2] << 16);
    return kind == WHOLE ? key : key == 0 ? -1 : -key;
}

/* Where the letters of a word begin, and where it ends. */
typedef struct spelling {
    const char *text;
    size_t starts[MOST_LETTERS + 1];
    int letters;
} spelling;

static spelling spell(const char *text)
{
    spelling s = { .text = text };
    size_t length = strlen(text);
    for (size_t i = 0; i < length && s.letters < MOST_LETTERS;) {
        s.starts[s.letters++] = i;
        U8_FWD_1(text, i, length);
    }
    s.starts[s.letters] = length;
    return s;
}

static bool has_halves(const word_term *term)
{
    return term->kind == WORD_CONTENT || term->kind == WORD_COMPOUND;
}

/*
 * The keys of the halves that a word of `letters` letters has, as far as this spelling shows them: 0 to 2 into `keys`.
 */
static int halves(const spelling *s, int letters, int32_t keys[2])
{
    int first = (letters + 1) / 2, second = letters / 2 < SHORTEST_HALF ? SHORTEST_HALF : letters / 2;
    if (letters < SHORTEST_HALVED || s->letters < first || s->letters < second)
        return 0;
    keys[0] = make_key(BEGINNING, letters, s->text, s->starts[first]);
    size_t from = s->starts[s->letters - second];
    keys[1] = make_key(ENDING, letters, s->text + from, s->starts[s->letters] - from);
    return 2;
}

/* ---- passages ---------------------------------------------------------------------------------------------------- */

static bool make_room(passage_terms *p)
{
    size_t room = p->room == 0 ? FIRST_ROOM : 2 * p->room;
    int32_t *keys = realloc(p->keys, 2 * room * sizeof *keys);
    p->keys = keys == NULL ? p->keys : keys;
    passage_term *terms = keys == NULL ? NULL : realloc(p->terms, room * sizeof *terms);
    if (terms == NULL)
        return false;
    p->terms = terms;
    p->room = room;
    return true;
}

static bool add_key(passage_terms *p, int32_t key)
{
    if (p->key_count == p->room && !make_room(p))
        return false;
    p->keys[p->key_count++] = key;
    return true;
}

static bool add_word(void *context, const word_term *term)
{
    passage_terms *p = context;
    int32_t keys[2];
    if (term->kind == WORD_STOP)
        return true;
    bool added = add_key(p, make_key(WHOLE, 0, term->text, term->length));
    if (!has_halves(term))
        return added;
    const spelling s = spell(term->whole);
    for (int i = 0, count = halves(&s, s.letters, keys); added && i < count; i++)
        added = add_key(p, keys[i]);
    return added;
}

bool passage_terms_read(word_reader *r, const char *text, size_t length, passage_terms *p)
{
    p->count = p->key_count = 0;
    if (!word_reader_read(r, text, length, add_word, p))
        return false;
    if (p->key_count == 0)
        return true;
    sort_integers(p->keys, p->keys + p->room, p->key_count);
    for (size_t i = 0; i < p->key_count; i++) {
        if (p->count > 0 && p->keys[i] == p->terms[p->count - 1].key)
            p->terms[p->count - 1].times++;
        else
            p->terms[p->count++] = (passage_term){ p->keys[i], 1 };
    }
    return true;
}

void passage_terms_free(passage_terms *p)
{
    free(p->terms);
    free(p->keys);
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

static bool is_asked(const question_terms *q, int32_t key)
{
    for (size_t i = 0; i < q->words; i++) {
        if (q->keys[i] == key)
            return true;
    }
    return false;
}

/* A word that is written with a letter too many or too few stands for one of another length. */
static void add_near(question_terms *q, const word_term *term)
{
    const spelling s = spell(term->whole);
    for (int letters = s.letters - 1; letters <= s.letters + 1; letters++) {
        int32_t keys[2];
        for (int i = 0, count = halves(&s, letters, keys); i < count; i++) {
            q->near_keys[q->near_count] = keys[i];
            q->near_words[q->near_count++] = (int32_t)q->words;
        }
    }
}

static bool ask_word(void *context, const word_term *term)
{
    question_terms *q = context;
    int32_t key = make_key(WHOLE, 0, term->text, term->length);
    if (term->kind == WORD_STOP || q->words == MOST_QUESTION_WORDS || is_asked(q, key))
        return true;
    q->keys[q->words++] = key;
    if (has_halves(term))
        add_near(q, term);
    return true;
}

bool question_terms_read(word_reader *r, const char *text, size_t length, question_terms *q)
{
    q->words = q->near_count = 0;
    return word_reader_read(r, text, length, ask_word, q);
}
