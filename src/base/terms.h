/* The keys by which a passage is found by its words, and those that a question looks for. */
#ifndef VDB_BASE_TERMS_H
#define VDB_BASE_TERMS_H

#include "base/words.h"

#include <stdint.h>

/*
 * A key is a hash of a stem, so that it meets whatever the accents, number and ending of the word; a word of five
 * letters or more has two more, of its halves. Who writes one letter wrong leaves one of the halves as it was, and
 * those are looked for where a word as a whole is not found. Keys have 24 bits; those of halves are negative. So in a
 * tenant of 5000 different words one word in 3000 that is asked for and not there seems to be.
 */
typedef struct passage_term {
    int32_t key;
    int32_t times; /* that the word stands there */
} passage_term;

typedef struct passage_terms {
    passage_term *terms; /* by ascending key, each once */
    size_t count;
    int32_t *keys; /* as they are read, and as much again for sorting them */
    size_t key_count, room;
} passage_terms;

/* Fills `p`, whose memory is used again; zeroed at first. Release with passage_terms_free(). False: memory ran out. */
bool passage_terms_read(word_reader *r, const char *text, size_t length, passage_terms *p);
void passage_terms_free(passage_terms *p);

enum { MOST_QUESTION_WORDS = 32, NEAR_KEYS_A_WORD = 6 };

typedef struct question_terms {
    size_t words; /* distinct ones; further ones are left out */
    int32_t keys[MOST_QUESTION_WORDS];
    size_t near_count;
    int32_t near_keys[MOST_QUESTION_WORDS * NEAR_KEYS_A_WORD];
    int32_t near_words[MOST_QUESTION_WORDS * NEAR_KEYS_A_WORD]; /* whose halves they are, from 1 */
} question_terms;

/* False: memory ran out. */
bool question_terms_read(word_reader *r, const char *text, size_t length, question_terms *q);

#endif
