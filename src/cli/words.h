/* Text that was given as several words. */
#ifndef VDB_CLI_WORDS_H
#define VDB_CLI_WORDS_H

#include "base/arena.h"

/* With one space between. `words` ends with NULL. NULL: memory ran out. */
const char *words_join(arena *memory, const char *const *words);

#endif
