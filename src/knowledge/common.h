/* Portuguese words that say something, but not much: they are in texts about anything. */
#ifndef VDB_KNOWLEDGE_COMMON_H
#define VDB_KNOWLEDGE_COMMON_H

#include <stdbool.h>

/* Whether a folded stem, as a word_reader gives it, is of such a word: "tempo", "pessoa", "precisa". */
bool is_common_stem(const char *stem);

#endif
