#include "knowledge/fuse.h"

#include "knowledge/duplicates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Reciprocal rank fusion (Cormack, Clarke & Buettcher, SIGIR 2009) counts a first place alike whether the passage has
 * all of the question's words or one of ten, and whether its vector is near or only the nearest of many far ones. So
 * each place counts by what earned it: the cosine, and what is like it among words. The cosine of two bags of words is
 * the root of the share of the one that the other has, times the same the other way round; hence the root.
 */
enum { RANK_OFFSET = 60 };

/*
 * A passage that has so much of the weight of the question's words, and as much of it as the threshold says, answers it
 * as well as one whose vector is near.
 */
static const double enough_words = 0.4;

/* What was found by either way, once. */
typedef struct candidate {
    const found_chunk *chunk;
    double word_score, word_share, score;
    int64_t vector_rank, word_rank; /* from 1; 0: none */
} candidate;

static int compare_uuids(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return strcmp(x->chunk->chunk_uuid, y->chunk->chunk_uuid);
}

static int compare_scores(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return compare_uuids(a, b);
}

static double rank_score(int64_t rank, double weight)
{
    return rank == 0 ? 0 : weight / (double)(RANK_OFFSET + rank);
}

static double fused_score(const candidate *c)
{
    return rank_score(c->vector_rank, fmax(c->chunk->similarity, 0)) + rank_score(c->word_rank, sqrt(c->word_share));
}

/* Makes one of two candidates that stand beside each other and are the same chunk. */
static size_t merge(candidate *all, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_uuids(&all[kept - 1], &all[i]) != 0) {
            all[kept++] = all[i];
            continue;
        }
        candidate *one = &all[kept - 1];
        const candidate *other = &all[i];
        if (one->vector_rank == 0) { /* the one that was found by vector knows its similarity for certain */
            one->vector_rank = other->vector_rank;
            one->chunk = other->chunk;
        }
        if (other->word_rank > 0) {
            one->word_rank = other->word_rank;
            one->word_score = other->word_score;
            one->word_share = other->word_share;
        }
    }
    return kept;
}

static size_t collect(const chunk_finds *finds, candidate *all)
{
    size_t count = 0;
    bool both = finds->nearest != NULL && finds->worded != NULL;
    for (size_t i = 0; i < finds->nearest_count; i++)
        all[count++] = (candidate){ .chunk = &finds->nearest[i],
                                    .vector_rank = (int64_t)i + 1,
                                    .score = finds->nearest[i].similarity };
    for (size_t i = 0; i < finds->worded_count; i++) {
        const found_chunk *found = &finds->worded[i];
        all[count++] = (candidate){ .chunk = found,
                                    .word_rank = (int64_t)i + 1,
                                    .word_score = found->word_score,
                                    .word_share = found->word_share,
                                    .score = found->word_score };
    }
    if (!both)
        return count;
    qsort(all, count, sizeof *all, compare_uuids);
    count = merge(all, count);
    for (size_t i = 0; i < count; i++)
        all[i].score = fused_score(&all[i]);
    qsort(all, count, sizeof *all, compare_scores);
    return count;
}

static bool good_enough(const candidate *c, double threshold)
{
    return threshold < 0 || c->chunk->similarity >= threshold || c->word_share >= fmax(threshold, enough_words);
}

static vdb_search_hit make_hit(arena *memory, const candidate *c)
{
    return (vdb_search_hit){
        .chunk_uuid = arena_copy_string(memory, c->chunk->chunk_uuid),
        .document_uuid = arena_copy_string(memory, c->chunk->document_uuid),
        .document_name = arena_copy_string(memory, c->chunk->document_name),
        .chunk_index = c->chunk->chunk_index,
        .content = arena_copy_string(memory, c->chunk->content),
        .metadata = arena_copy_string(memory, c->chunk->metadata),
        .similarity = c->chunk->similarity,
        .word_share = c->word_share,
        .score = c->score,
        .word_score = c->word_score,
        .vector_rank = c->vector_rank,
        .word_rank = c->word_rank,
    };
}

static void note_below(const candidate *c, vdb_search_result *result)
{
    double closeness = isnan(c->chunk->similarity) ? c->word_share : c->chunk->similarity;
    if (result->below_threshold++ == 0 || closeness > result->best_below_threshold)
        result->best_below_threshold = closeness;
}

/* Of the best that are no duplicates, those that are good enough. False: memory ran out. */
static bool choose(const candidate *all, size_t count, const fuse_options *options, arena *memory, vdb_search_hit *hits,
                   vdb_search_result *result)
{
    duplicates *seen = options->keep_duplicates ? NULL : duplicates_new();
    bool done = options->keep_duplicates || seen != NULL;
    for (size_t i = 0, taken = 0; done && i < count && taken < options->top; i++) {
        bool again = false;
        done = seen == NULL || duplicates_look(seen, all[i].chunk->content, &again);
        if (again) {
            result->duplicates++;
            continue;
        }
        taken++;
        if (!good_enough(&all[i], options->threshold)) {
            note_below(&all[i], result);
            continue;
        }
        vdb_search_hit *hit = &hits[result->count++];
        *hit = make_hit(memory, &all[i]);
        done = done && hit->content != NULL && hit->document_name != NULL;
    }
    duplicates_free(seen);
    return done;
}

bool fuse(const chunk_finds *finds, const fuse_options *options, vdb_search_result *result)
{
    size_t found = finds->nearest_count + finds->worded_count;
    arena *memory;
    candidate *all = calloc(found > 0 ? found : 1, sizeof *all);
    vdb_search_hit *hits = rows_allocate(sizeof *hits, options->top < found ? options->top : found, &memory);
    result->hits = hits;
    bool done = all != NULL && hits != NULL;
    size_t count = done ? collect(finds, all) : 0;
    done = done && choose(all, count, options, memory, hits, result);
    result->verdict = result->count > 0 ? "found" : count > 0 ? "not_good_enough" : "nothing";
    free(all);
    return done;
}
