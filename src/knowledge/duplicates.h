/* Passages that say the same: copies, and those in which a few words differ. */
#ifndef VDB_KNOWLEDGE_DUPLICATES_H
#define VDB_KNOWLEDGE_DUPLICATES_H

#include <stdbool.h>

typedef struct duplicates duplicates;

/* NULL: memory ran out. Release with duplicates_free(); NULL is allowed there. */
duplicates *duplicates_new(void);
void duplicates_free(duplicates *d);

/* Sets `again` when a text that was looked at before says the same as `text`; else remembers it. False: memory ran out.
 */
bool duplicates_look(duplicates *d, const char *text, bool *again);

#endif
