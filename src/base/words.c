/*
 * Portuguese words to terms, in this order: lower case with accents (NFKC_Casefold); the plurals that Snowball's
 * Portuguese stemmer leaves apart from their singulars; the accents that it looks for, where a careless writer or a
 * speech recognizer left them out; the stemmer; and only then folding. Folding first would hide from the stemmer the
 * endings that it knows: "informações" and "informação" would no longer meet.
 */
#include "base/words.h"

#include "base/text.h"

#include <libstemmer.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

enum { WORD_LETTERS = 60, WORD_BYTES = WORD_LETTERS * U8_MAX_LENGTH + 8, HYPHEN = 0x2010 };

struct word_reader {
    struct sb_stemmer *stemmer;
    const UNormalizer2 *casefold;
    arena *memory; /* of the text that is being read */
    word_sink sink;
    void *context;
};

/* Folded, in strcmp() order. */
static const char *const stop_words[] = {
    "a",      "agora",  "ai",     "ainda",   "algum",    "alguma",  "algumas",  "alguns",  "ali",     "ao",
    "aos",    "apenas", "aquela", "aquelas", "aquele",   "aqueles", "aqui",     "aquilo",  "as",      "assim",
    "ate",    "bem",    "ca",     "cada",    "com",      "como",    "da",       "daquela", "daquele", "das",
    "de",     "dela",   "delas",  "dele",    "deles",    "demais",  "depois",   "dessa",   "dessas",  "desse",
    "desses", "desta",  "destas", "deste",   "destes",   "deve",    "devem",    "devo",    "disso",   "disto",
    "do",     "dos",    "e",      "ela",     "elas",     "ele",     "eles",     "em",      "entao",   "entre",
    "era",    "eram",   "essa",   "essas",   "esse",     "esses",   "esta",     "estamos", "estao",   "estar",
    "estas",  "estava", "este",   "estes",   "estou",    "eu",      "faco",     "favor",   "faz",     "fazem",
    "fazer",  "ficar",  "foi",    "for",     "foram",    "fosse",   "gostaria", "ha",      "isso",    "isto",
    "ja",     "la",     "lhe",    "lhes",    "lo",       "mais",    "mas",      "me",      "mesma",   "mesmo",
    "meu",    "meus",   "mim",    "minha",   "minhas",   "muita",   "muitas",   "muito",   "muitos",  "na",
    "nao",    "nas",    "nem",    "nenhum",  "nenhuma",  "nessa",   "nesse",    "nesta",   "neste",   "no",
    "nos",    "nossa",  "nossas", "nosso",   "nossos",   "num",     "numa",     "o",       "oi",      "ola",
    "onde",   "os",     "ou",     "outra",   "outras",   "outro",   "outros",   "para",    "pela",    "pelas",
    "pelo",   "pelos",  "pode",   "podem",   "pois",     "por",     "porque",   "posso",   "pra",     "pras",
    "pro",    "pros",   "quais",  "qual",    "qualquer", "quando",  "quanta",   "quantas", "quanto",  "quantos",
    "que",    "quem",   "quer",   "querem",  "queria",   "quero",   "sao",      "se",      "seja",    "sem",
    "sempre", "sendo",  "ser",    "sera",    "seu",      "seus",    "sim",      "so",      "sob",     "sobre",
    "sou",    "sua",    "suas",   "ta",      "tal",      "tambem",  "tao",      "te",      "tem",     "temos",
    "tenho",  "ter",    "teu",    "teve",    "tinha",    "to",      "toda",     "todas",   "todo",    "todos",
    "tu",     "tua",    "tudo",   "um",      "uma",      "umas",    "uns",      "vai",     "vao",     "vc",
    "vcs",    "voce",   "voces",  "vos",     "vou",
};

typedef struct ending {
    const char *from; /* a space in front: the whole word */
    const char *to;
    size_t least; /* bytes that must stand before it */
    bool bare;    /* only in a word without any accent */
} ending;

/* All end in "s". The first that fits is taken. */
static const ending plurals[] = {
    { " mães", " mãe", 0, false },
    { " maes", " mãe", 0, false },
    { " úteis", " útil", 0, false },
    { " uteis", " útil", 0, false },
    { " gratis", " grátis", 0, false },
    { " taxis", " táxi", 0, false },
    { " táxis", " táxi", 0, false },
    { " tenis", " tênis", 0, false },
    { "ções", "ção", 1, false },
    { "coes", "ção", 1, false },
    { "ões", "ão", 1, false },
    { "oes", "ão", 1, false },
    { "ães", "ão", 1, false },
    { "aes", "ão", 1, false },
    { "ãos", "ão", 1, false },
    { "aos", "ão", 1, false },
    { "veis", "vel", 1, false },
    { "ceis", "cil", 1, false },
    { "éis", "el", 1, false },
    { "eis", "el", 2, false },
    { "ais", "al", 2, false },
    { "óis", "ol", 1, false },
    { "ois", "ol", 2, false },
    { "uis", "ul", 2, false },
    { "is", "il", 3, true },
    { "ns", "m", 1, false },
    { "âncias", "ância", 1, false },
    { "ancias", "ância", 1, false },
    { "ências", "ência", 1, false },
    { "encias", "ência", 1, false },
    { "res", "r", 2, false },
    { "zes", "z", 2, false },
    { "as", "a", 2, false },
    { "es", "e", 2, false },
    { "os", "o", 2, false },
    { "ás", "á", 2, false },
    { "és", "é", 2, false },
    { "ós", "ó", 2, false },
};

static const ending accents[] = {
    { "cao", "ção", 1, false },   { "ao", "ão", 1, false },       { "avel", "ável", 1, false },
    { "ivel", "ível", 1, false }, { "ancia", "ância", 1, false }, { "encia", "ência", 1, false },
};

word_reader *word_reader_new(void)
{
    UErrorCode status = U_ZERO_ERROR;
    word_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->stemmer = sb_stemmer_new("portuguese", "UTF_8");
    r->casefold = unorm2_getNFKCCasefoldInstance(&status);
    if (r->stemmer == NULL || U_FAILURE(status)) {
        word_reader_free(r);
        return NULL;
    }
    return r;
}

void word_reader_free(word_reader *r)
{
    if (r == NULL)
        return;
    sb_stemmer_delete(r->stemmer);
    free(r);
}

/* Single letters ("R$", "h") say no more than stop words. */
static bool is_stop_word(const char *folded)
{
    return folded[0] == '\0' || folded[1] == '\0' ||
           text_is_among(folded, stop_words, sizeof stop_words / sizeof stop_words[0]);
}

static bool is_ascii(const char *text)
{
    while (*text > 0)
        text++;
    return *text == '\0';
}

/* Rewrites the end of a word that has a space in front, by the first rule that fits. */
static void replace_ending(char word[WORD_BYTES], const ending *rules, size_t count)
{
    size_t length = strlen(word);
    for (const ending *e = rules; e < rules + count; e++) {
        size_t from = strlen(e->from);
        bool whole = e->from[0] == ' ';
        if (length < from || (!whole && length < 1 + e->least + from) || (e->bare && !is_ascii(word)))
            continue;
        if (strcmp(word + length - from, e->from) == 0) {
            memcpy(word + length - from, e->to, strlen(e->to) + 1);
            return;
        }
    }
}

static bool emit(const word_reader *r, word_kind kind, const char *text, const char *whole)
{
    return r->sink(r->context, &(word_term){ .kind = kind, .text = text, .length = strlen(text), .whole = whole });
}

/* The folded stem. What has three letters keeps them: the stemmer makes "mã" of "mãe" and of "mão". NULL: memory ran
 * out. */
static const char *stem_of(word_reader *r, const char *text)
{
    const char *folded = text_fold(r->memory, text, strlen(text));
    if (folded == NULL || strlen(folded) <= 3)
        return folded;
    const sb_symbol *stem = sb_stemmer_stem(r->stemmer, (const sb_symbol *)text, (int)strlen(text));
    return stem == NULL ? NULL : text_fold(r->memory, (const char *)stem, (size_t)sb_stemmer_length(r->stemmer));
}

/* `text` is a word in lower case with its accents, with a space in front. */
static bool emit_word(word_reader *r, bool compound, char text[WORD_BYTES])
{
    const char *folded = text_fold(r->memory, text, strlen(text));
    if (folded == NULL)
        return false;
    bool number = folded[strcspn(folded, "0123456789")] != '\0';
    if (number || is_stop_word(folded))
        return compound || folded[0] == '\0' || emit(r, number ? WORD_NUMBER : WORD_STOP, folded, folded);
    if (text[strlen(text) - 1] == 's')
        replace_ending(text, plurals, sizeof plurals / sizeof plurals[0]);
    replace_ending(text, accents, sizeof accents / sizeof accents[0]);
    const char *stem = stem_of(r, text + 1), *whole = text_fold(r->memory, text, strlen(text));
    return stem != NULL && whole != NULL && emit(r, compound ? WORD_COMPOUND : WORD_CONTENT, stem, whole);
}

static bool in_word(UChar32 c)
{
    return u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

/* A word from where `*at` is, which is moved behind it. Empty: there is none. */
static void take_word(const UChar *text, int32_t length, int32_t *at, char word[WORD_BYTES])
{
    size_t bytes = 0;
    word[bytes++] = ' ';
    for (int letters = 0; *at < length; letters++) {
        int32_t next = *at;
        UChar32 c;
        U16_NEXT(text, next, length, c);
        if (!in_word(c))
            break;
        *at = next;
        if (letters < WORD_LETTERS)
            U8_APPEND_UNSAFE(word, bytes, c);
    }
    word[bytes] = '\0';
}

/* Adds a part to the whole of a word with hyphens, as long as it fits. */
static void join(char whole[WORD_BYTES], const char *part)
{
    size_t length = strlen(whole), more = strlen(part);
    if (length + more < WORD_BYTES)
        memcpy(whole + length, part, more + 1);
}

/* Words joined by single hyphens. */
static bool read_compound(word_reader *r, const UChar *text, int32_t length, int32_t *at)
{
    char whole[WORD_BYTES] = " ", part[WORD_BYTES];
    int parts = 0;
    for (;; ++*at) {
        take_word(text, length, at, part);
        if (part[1] == '\0')
            break;
        parts++;
        join(whole, part + 1);
        if (!emit_word(r, false, part))
            return false;
        if (*at >= length || (text[*at] != '-' && text[*at] != HYPHEN))
            break;
    }
    return parts < 2 || emit_word(r, true, whole);
}

/* `text` in UTF-16, without case. NULL: memory ran out. */
static UChar *without_case(word_reader *r, const char *text, size_t length, int32_t *units)
{
    if (length > INT32_MAX / 64)
        return NULL;
    UErrorCode status = U_ZERO_ERROR;
    int32_t room = (int32_t)length + 1;
    UChar *wide = arena_array(r->memory, (size_t)room, sizeof *wide);
    if (wide == NULL)
        return NULL;
    int32_t wide_units;
    u_strFromUTF8WithSub(wide, room, &wide_units, text, (int32_t)length, 0xFFFD, NULL, &status);
    for (;;) {
        UChar *folded = arena_array(r->memory, (size_t)room, sizeof *folded);
        if (folded == NULL || (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR))
            return NULL;
        status = U_ZERO_ERROR;
        *units = unorm2_normalize(r->casefold, wide, wide_units, folded, room, &status);
        if (U_SUCCESS(status))
            return folded;
        room = *units + 1;
    }
}

static bool read_text(word_reader *r, const char *text, size_t length)
{
    int32_t units;
    const UChar *wide = without_case(r, text, length, &units);
    if (wide == NULL)
        return false;
    for (int32_t at = 0; at < units;) {
        int32_t start = at;
        if (!read_compound(r, wide, units, &at))
            return false;
        if (at == start)
            U16_FWD_1(wide, at, units);
    }
    return true;
}

bool word_reader_read(word_reader *r, const char *text, size_t length, word_sink sink, void *context)
{
    r->sink = sink;
    r->context = context;
    r->memory = arena_new();
    bool done = r->memory != NULL && read_text(r, text, length);
    arena_free(r->memory);
    r->memory = NULL;
    return done;
}
