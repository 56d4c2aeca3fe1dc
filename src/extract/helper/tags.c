#include "extract/helper/tags.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *key, const void *found)
{
    return strcmp(key, ((const tag_name *)found)->name);
}

int tag_of(const tag_name *list, size_t count, const char *name)
{
    const tag_name *found = bsearch(name, list, count, sizeof *list, compare_names);
    return found == NULL ? 0 : found->tag;
}
