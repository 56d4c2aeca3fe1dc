#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIRST_BLOCK = 4096, LARGEST_GROWTH = 1 << 20 };

typedef struct block {
    struct block *previous;
    size_t size;
    size_t used;
    max_align_t data[];
} block;

struct arena {
    block *current;
    size_t next_size;
    bool private;
    arena *adopted;
};

arena *arena_new(void)
{
    arena *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->next_size = FIRST_BLOCK;
    return a;
}

arena *arena_new_private(void)
{
    arena *a = arena_new();
    if (a != NULL)
        a->private = true;
    return a;
}

void arena_adopt(arena *a, arena *other)
{
    arena *last = a;
    while (last->adopted != NULL)
        last = last->adopted;
    last->adopted = other;
}

/* Whole pages, so that nothing else lies in them. */
static block *private_block(size_t *size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole = (sizeof(block) + *size + page - 1) / page * page;
    void *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    (void)madvise(memory, whole, MADV_DONTDUMP);
    /* As much as the limit allows is kept out of the swap, too. */
    (void)mlock(memory, whole);
    *size = whole - sizeof(block);
    return memory;
}

static void free_block(const arena *a, block *b)
{
    if (!a->private) {
        free(b);
        return;
    }
    size_t whole = sizeof *b + b->size;
    explicit_bzero(b, whole);
    munmap(b, whole);
}

void arena_free(arena *a)
{
    while (a != NULL) {
        for (block *b = a->current; b != NULL;) {
            block *previous = b->previous;
            free_block(a, b);
            b = previous;
        }
        arena *adopted = a->adopted;
        free(a);
        a = adopted;
    }
}

static block *add_block(arena *a, size_t least)
{
    size_t size = least > a->next_size ? least : a->next_size;
    if (a->private)
        size = least;
    block *b = a->private ? private_block(&size) : calloc(1, sizeof *b + size);
    if (b == NULL)
        return NULL;
    b->size = size;
    b->previous = a->current;
    a->current = b;
    if (a->next_size < LARGEST_GROWTH)
        a->next_size *= 2;
    return b;
}

void *arena_alloc(arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    block *b = a->current;
    if (b == NULL || b->size - b->used < rounded) {
        b = add_block(a, rounded);
        if (b == NULL)
            return NULL;
    }
    void *memory = (char *)b->data + b->used;
    b->used += rounded;
    return memory;
}

void *arena_array(arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        return NULL;
    return arena_alloc(a, count * size);
}

char *arena_copy(arena *a, const char *text, size_t length)
{
    char *copy = arena_alloc(a, length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *arena_copy_string(arena *a, const char *text)
{
    return text == NULL ? NULL : arena_copy(a, text, strlen(text));
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_alloc(a, (size_t)length + 1);
    if (text != NULL) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}
