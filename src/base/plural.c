#include "base/plural.h"

#include <stdbool.h>
#include <string.h>

/*
 * The first ending that a word of at least so many letters has. Words in -il and -el meet in the plurals -eis and -is
 * (facil, faceis; perfil, perfis; hotel, hoteis), and words in -i (taxi, taxis) beside them, so all become -i.
 */
static const struct ending {
    const char *ending, *becomes;
    size_t least;
} endings[] = {
    { "oes", "ao", 4 }, { "aes", "ao", 4 }, { "ais", "al", 5 }, { "ois", "ol", 5 },
    { "uis", "ul", 5 }, { "eis", "i", 5 },  { "is", "i", 5 },   { "el", "i", 4 },
    { "il", "i", 4 },   { "ns", "m", 4 },   { "s", "", 4 },
};

static bool ends_with(const char *word, size_t length, const char *ending)
{
    size_t size = strlen(ending);
    return length >= size && memcmp(word + length - size, ending, size) == 0;
}

/* "flores" and "arvores" have lost their s, and differ by an e from "flor" but not from "arvore". */
static size_t cut_e(const char *word, size_t length)
{
    bool mute = length >= 4 && word[length - 1] == 'e' && strchr("rsz", word[length - 2]) != NULL;
    return mute ? length - 1 : length;
}

size_t plural_stem(char *word, size_t length)
{
    if (length == 4 && memcmp(word, "maes", 4) == 0)
        return 3;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const struct ending *e = &endings[i];
        if (length < e->least || !ends_with(word, length, e->ending))
            continue;
        size_t size = strlen(e->becomes);
        length -= strlen(e->ending);
        memcpy(word + length, e->becomes, size);
        length += size;
        break;
    }
    size_t cut = cut_e(word, length);
    /* "ingleses" is "ingles" now, which itself loses an s. */
    return cut < length && cut >= 4 && word[cut - 1] == 's' ? cut - 1 : cut;
}
