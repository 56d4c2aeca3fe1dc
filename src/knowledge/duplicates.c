/*
 * A text is known by the smallest hashes of its runs of three words: two texts share as many of them as they share runs
 * (Broder, "On the resemblance and containment of documents", SEQUENCES 1997).
 */
#include "knowledge/duplicates.h"

#include "base/text.h"

#include <sodium/crypto_shorthash_siphash24.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_A_RUN = 3, SKETCH = 64, SAME_PERCENT = 80, FIRST_ROOM = 16 };

typedef struct sketch {
    uint64_t hashes[SKETCH]; /* ascending, each once */
    size_t count;
    uint64_t numbers; /* of all words with a digit, in any order: where a price differs, so does what is said */
} sketch;

struct duplicates {
    sketch *seen;
    size_t count;
    size_t room;
};

duplicates *duplicates_new(void)
{
    return calloc(1, sizeof(duplicates));
}

void duplicates_free(duplicates *d)
{
    if (d == NULL)
        return;
    free(d->seen);
    free(d);
}

static uint64_t hash_of(const char *text, size_t length)
{
    static const unsigned char key[crypto_shorthash_siphash24_KEYBYTES] = "voicedb shingle";
    unsigned char bytes[crypto_shorthash_siphash24_BYTES];
    uint64_t hash;
    crypto_shorthash_siphash24(bytes, (const unsigned char *)text, length, key);
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

/* Keeps the smallest. */
static void add(sketch *s, uint64_t hash)
{
    size_t at = s->count;
    while (at > 0 && s->hashes[at - 1] > hash)
        at--;
    if (at == SKETCH || (at > 0 && s->hashes[at - 1] == hash))
        return;
    size_t moved = s->count < SKETCH ? s->count - at : SKETCH - 1 - at;
    memmove(&s->hashes[at + 1], &s->hashes[at], moved * sizeof hash);
    s->hashes[at] = hash;
    s->count += s->count < SKETCH;
}

static const char *behind_word(const char *text)
{
    const char *space = strchr(text, ' ');
    return space == NULL ? text + strlen(text) : space;
}

static uint64_t hash_numbers(const char *folded)
{
    uint64_t sum = 0;
    for (const char *word = folded; *word != '\0';) {
        const char *end = behind_word(word);
        if (word + strcspn(word, "0123456789") < end)
            sum += hash_of(word, (size_t)(end - word));
        word = *end == '\0' ? end : end + 1;
    }
    return sum;
}

/* Of a folded text; one of less than three words is one run. */
static sketch draw(const char *folded)
{
    sketch s = { .numbers = hash_numbers(folded) };
    for (const char *start = folded; *start != '\0';) {
        const char *end = start;
        for (int words = 0; words < WORDS_A_RUN && *end != '\0'; words++)
            end = behind_word(*end == ' ' ? end + 1 : end);
        add(&s, hash_of(start, (size_t)(end - start)));
        if (*end == '\0')
            break;
        start = behind_word(start) + 1;
    }
    return s;
}

/* Compares the smallest hashes of both together, as many as a sketch has at most. */
static bool same(const sketch *a, const sketch *b)
{
    size_t i = 0, j = 0, all = 0, shared = 0;
    for (; all < SKETCH && (i < a->count || j < b->count); all++) {
        if (j == b->count || (i < a->count && a->hashes[i] < b->hashes[j])) {
            i++;
        } else if (i == a->count || b->hashes[j] < a->hashes[i]) {
            j++;
        } else {
            i++;
            j++;
            shared++;
        }
    }
    return all > 0 && a->numbers == b->numbers && shared * 100 >= all * SAME_PERCENT;
}

static bool remember(duplicates *d, const sketch *s)
{
    if (d->count == d->room) {
        size_t room = d->room == 0 ? FIRST_ROOM : 2 * d->room;
        sketch *seen = realloc(d->seen, room * sizeof *seen);
        if (seen == NULL)
            return false;
        d->seen = seen;
        d->room = room;
    }
    d->seen[d->count++] = *s;
    return true;
}

bool duplicates_look(duplicates *d, const char *text, bool *again)
{
    arena *memory = arena_new();
    const char *folded = memory == NULL ? NULL : text_fold(memory, text, strlen(text));
    sketch s = draw(folded == NULL ? "" : folded);
    arena_free(memory);
    *again = false;
    for (size_t i = 0; !*again && i < d->count; i++)
        *again = same(&s, &d->seen[i]);
    return folded != NULL && (*again || remember(d, &s));
}
