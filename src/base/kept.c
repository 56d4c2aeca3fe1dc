#include "base/kept.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

typedef struct item {
    struct item *next; /* in its bucket */
    struct item *newer, *older;
    const void *value;
    size_t weight;
    char key[];
} item;

struct kept {
    pthread_mutex_t lock;
    const kept_kind *kind;
    size_t most, weight;
    item *newest, *oldest;
    item *buckets[BUCKETS];
};

kept *kept_new(size_t most, const kept_kind *kind)
{
    kept *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    pthread_mutex_init(&k->lock, NULL);
    k->kind = kind;
    k->most = most;
    return k;
}

/* FNV-1a. */
static item **bucket_of(kept *k, const char *key)
{
    uint64_t hash = 14695981039346656037u;
    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return &k->buckets[(hash ^ hash >> 32) % BUCKETS];
}

/* Where the item hangs; `*place` NULL: there is none. */
static item **place_of(kept *k, const char *key)
{
    item **place = bucket_of(k, key);
    while (*place != NULL && strcmp((*place)->key, key) != 0)
        place = &(*place)->next;
    return place;
}

static void unlink_item(kept *k, item *i)
{
    *(i->newer == NULL ? &k->newest : &i->newer->older) = i->older;
    *(i->older == NULL ? &k->oldest : &i->older->newer) = i->newer;
}

static void put_newest(kept *k, item *i)
{
    i->newer = NULL;
    i->older = k->newest;
    *(k->newest == NULL ? &k->oldest : &k->newest->newer) = i;
    k->newest = i;
}

static void discard(kept *k, item **place)
{
    item *i = *place;
    if (i == NULL)
        return;
    *place = i->next;
    unlink_item(k, i);
    k->weight -= i->weight;
    k->kind->release(i->value);
    free(i);
}

void kept_free(kept *k)
{
    if (k == NULL)
        return;
    while (k->oldest != NULL)
        discard(k, place_of(k, k->oldest->key));
    pthread_mutex_destroy(&k->lock);
    free(k);
}

const void *kept_find(kept *k, const char *key)
{
    const void *value = NULL;
    pthread_mutex_lock(&k->lock);
    item *i = *place_of(k, key);
    if (i != NULL) {
        unlink_item(k, i);
        put_newest(k, i);
        k->kind->share(i->value);
        value = i->value;
    }
    pthread_mutex_unlock(&k->lock);
    return value;
}

void kept_put(kept *k, const char *key, const void *value, size_t weight)
{
    size_t length = strlen(key) + 1;
    item *i = weight > k->most ? NULL : calloc(1, sizeof *i + length);
    pthread_mutex_lock(&k->lock);
    discard(k, place_of(k, key));
    while (i != NULL && k->weight > k->most - weight)
        discard(k, place_of(k, k->oldest->key));
    if (i != NULL) {
        memcpy(i->key, key, length);
        i->value = value;
        i->weight = weight;
        item **bucket = bucket_of(k, key);
        i->next = *bucket;
        *bucket = i;
        put_newest(k, i);
        k->weight += weight;
        k->kind->share(value);
    }
    pthread_mutex_unlock(&k->lock);
}

void kept_remove(kept *k, const char *key)
{
    pthread_mutex_lock(&k->lock);
    discard(k, place_of(k, key));
    pthread_mutex_unlock(&k->lock);
}
