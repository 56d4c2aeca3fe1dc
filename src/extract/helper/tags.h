/* The names of elements that an extractor knows. */
#ifndef VDB_EXTRACT_HELPER_TAGS_H
#define VDB_EXTRACT_HELPER_TAGS_H

#include <stddef.h>

typedef struct tag_name {
    const char *name;
    int tag; /* not 0 */
} tag_name;

/* The tag of a name in a list in strcmp() order; 0: it is not there. */
int tag_of(const tag_name *list, size_t count, const char *name);

#endif
