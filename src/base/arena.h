/* Memory that is freed at once, at the end of an operation. */
#ifndef VDB_BASE_ARENA_H
#define VDB_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct arena arena;

/* NULL: memory ran out. Release with arena_free(); NULL is allowed there. */
arena *arena_new(void);
/* For secrets: its memory is left out of core dumps, locked as far as the limit allows, and wiped when it is freed. */
arena *arena_new_private(void);
/* `other` is freed with `a`. */
void arena_adopt(arena *a, arena *other);
void arena_free(arena *a);

/* Zeroed, aligned for any type, lives until arena_free(). NULL: memory ran out, or the size is absurd. */
void *arena_alloc(arena *a, size_t size);
void *arena_array(arena *a, size_t count, size_t size);

/* Copies that end with NUL. arena_copy_string(NULL) is NULL. */
char *arena_copy(arena *a, const char *text, size_t length);
char *arena_copy_string(arena *a, const char *text);
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
