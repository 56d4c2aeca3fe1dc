#include "backup/operator.h"

#include <string.h>

/* Letters, digits and a few signs; a name with others cannot leave the directory. */
char *retention_stem(arena *a, const char *database)
{
    char *stem = arena_printf(a, "voicedb-%s-", database);
    for (char *c = stem; c != NULL && *c != '\0'; c++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c) == NULL)
            *c = '_';
    }
    return stem;
}
