/* The words of a Portuguese text, as terms that meet whatever their accents, case, number and ending. */
#ifndef VDB_BASE_WORDS_H
#define VDB_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum word_kind {
    WORD_CONTENT,  /* folded stem: "ligações", "ligação" and "ligacao" are all "ligaca" */
    WORD_STOP,     /* folded, too common to say what a text is about: "de", "você" */
    WORD_NUMBER,   /* folded, with a digit in it: "8h30" */
    WORD_COMPOUND, /* folded stem of a word with hyphens, behind its parts: "check", "in", "checkin" */
} word_kind;

typedef struct word_term {
    word_kind kind;
    const char *text;  /* UTF-8, lives during the call */
    size_t length;     /* bytes, at least 1 */
    const char *whole; /* the folded word in the singular, with its ending: "ligacao" */
} word_term;

/* Told of each word in order. False ends the reading. */
typedef bool (*word_sink)(void *context, const word_term *term);

typedef struct word_reader word_reader;

/* NULL: memory ran out. Release with word_reader_free(). For one thread at a time. */
word_reader *word_reader_new(void);
void word_reader_free(word_reader *r);

/*
 * Reads the words of `text`; bytes that are no UTF-8 end a word. Of a word that is longer than 60 letters the first 60
 * count. False: memory ran out, or the sink said so.
 */
bool word_reader_read(word_reader *r, const char *text, size_t length, word_sink sink, void *context);

#endif
