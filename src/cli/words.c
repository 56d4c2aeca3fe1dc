#include "cli/words.h"

#include "base/buffer.h"

const char *words_join(arena *memory, const char *const *words)
{
    buffer b;
    buffer_init(&b, (size_t)1 << 30);
    for (const char *const *word = words; *word != NULL; word++) {
        if (word != words)
            buffer_append(&b, " ", 1);
        buffer_append_string(&b, *word);
    }
    const char *joined = b.failed ? NULL : arena_copy(memory, b.data == NULL ? "" : b.data, b.length);
    buffer_free(&b);
    return joined;
}
