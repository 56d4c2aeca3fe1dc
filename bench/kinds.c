#include "kinds.h"

#include "knowledge/embed.h"

#include <math.h>
#include <string.h>

enum { SUBJECTS = 400, SENTENCE_ROOM = 300, SIFT_DIMENSIONS = 128, CHUNKS_A_CLUSTER = 40 };

static const float cone_weight = 1.7320508F;

static void make_topics(vector_set *s)
{
    dataset d;
    dataset_init(&d, 1, s->chunks);
    for (int i = 0; i < s->chunks; i++)
        chunk_vector(&d, 0, i, s->vectors[i]);
    for (int i = 0; i < s->questions; i++)
        question_vector(&d, 0, i, s->asked[i]);
    dataset_free(&d);
}

/* `white`: variance is the same along all axes. */
static void own_direction(random_stream *r, bool white, float *vector)
{
    direction(r, vector);
    for (int i = 0; white && i < VDB_DIMENSIONS; i++)
        vector[i] *= sqrtf((float)i + 1);
    to_length_one(vector);
}

static void make_cone(vector_set *s, bool white)
{
    random_stream r = { seed_of(99, white, 0) };
    float axis[VDB_DIMENSIONS], own[VDB_DIMENSIONS];
    own_direction(&r, true, axis);
    for (int i = 0; i < s->chunks; i++) {
        own_direction(&r, white, s->vectors[i]);
        add_scaled(s->vectors[i], axis, cone_weight);
    }
    for (int i = 0; i < s->questions; i++) {
        own_direction(&r, white, own);
        bool near = i % 10 != 9;
        memcpy(s->asked[i], near ? s->vectors[random_below(&r, (uint64_t)s->chunks)] : axis, sizeof axis);
        add_scaled(s->asked[i], own, near ? 0.75F : 1 / cone_weight);
        turn(s->asked[i]);
    }
    for (int i = 0; i < s->chunks; i++)
        turn(s->vectors[i]);
}

static void make_narrow(vector_set *s)
{
    make_cone(s, false);
}

static void make_white(vector_set *s)
{
    make_cone(s, true);
}

static void subject_text(random_stream *r, int subject, int sentences, char *text)
{
    size_t length = 0;
    for (int i = 0; i < sentences; i++) {
        sentence(r, subject, text + length, SENTENCE_ROOM);
        length += strlen(text + length);
        text[length++] = ' ';
    }
    text[length - 1] = '\0';
}

/* Each chunk and question is a text of its own. */
static void embed_all(vector_set *s, embedder *e)
{
    vdb_error error;
    random_stream r = { seed_of(97, 0, 0) };
    char(*texts)[CONTENT_ROOM] = allocate(EMBED_BATCH, sizeof *texts);
    const char *batch[EMBED_BATCH];
    for (int done = 0, count; done < s->chunks + s->questions; done += count) {
        bool asking = done >= s->chunks;
        int place = asking ? done - s->chunks : done, left = (asking ? s->questions : s->chunks) - place;
        count = left < EMBED_BATCH ? left : EMBED_BATCH;
        for (int i = 0; i < count; i++) {
            int number = place + i;
            int subject = asking && number % 10 == 9 ? SUBJECTS + number : number % SUBJECTS;
            subject_text(&r, subject, asking ? 1 : 3, texts[i]);
            batch[i] = texts[i];
        }
        must(embed_texts(e, asking ? EMBED_QUERY : EMBED_DOCUMENT, batch, (size_t)count,
                         asking ? s->asked[place] : s->vectors[place], &s->dimensions, &error),
             &error);
    }
    free(texts);
    embedder_free(e);
}

static void make_builtin(vector_set *s)
{
    vdb_error error;
    embedder *e;
    must(embedder_new("builtin", "{}", &e, &error), &error);
    embed_all(s, e);
}

static void make_provider(vector_set *s)
{
    vdb_error error;
    embedder *e;
    must(embedder_new("bench", getenv("VOICEDB_BENCH_PROVIDER"), &e, &error), &error);
    embed_all(s, e);
}

/* Of mean 0 and variance 1, near enough to a normal distribution. */
static float bell(random_stream *r)
{
    float sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (float)(random_next(r) >> 40) / (float)(1 << 24);
    return sum - 6;
}

static void sift_vector(random_stream *r, uint64_t cluster, float *vector)
{
    random_stream center = { seed_of(95, cluster, 0) };
    for (int i = 0; i < SIFT_DIMENSIONS; i++) {
        float value = roundf(12 * expf(1.1F * bell(&center)) * expf(0.6F * bell(r)) + 4 * fabsf(bell(r)));
        vector[i] = value > 255 ? 255 : value;
    }
}

static void make_sift_like(vector_set *s)
{
    random_stream r = { seed_of(94, 0, 0) };
    uint64_t clusters = (uint64_t)(s->chunks / CHUNKS_A_CLUSTER + 1);
    s->dimensions = SIFT_DIMENSIONS;
    for (int i = 0; i < s->chunks; i++)
        sift_vector(&r, random_below(&r, clusters), s->vectors[i]);
    for (int i = 0; i < s->questions; i++)
        sift_vector(&r, i % 10 == 9 ? clusters + (uint64_t)i : random_below(&r, clusters), s->asked[i]);
}

static void uniform_vector(random_stream *r, int dimensions, float *vector)
{
    for (int i = 0; i < dimensions; i++)
        vector[i] = (float)(random_next(r) >> 40) / (float)(1 << 24) - 0.5F;
}

static void make_even(vector_set *s, int dimensions)
{
    random_stream r = { seed_of(93, (uint64_t)dimensions, 0) };
    s->dimensions = dimensions;
    for (int i = 0; i < s->chunks; i++)
        uniform_vector(&r, dimensions, s->vectors[i]);
    for (int i = 0; i < s->questions; i++)
        uniform_vector(&r, dimensions, s->asked[i]);
}

static void make_uniform_small(vector_set *s)
{
    make_even(s, SIFT_DIMENSIONS);
}

static void make_uniform(vector_set *s)
{
    make_even(s, VDB_DIMENSIONS);
}

static const struct {
    const char *name;
    void (*make)(vector_set *s);
} kinds[KINDS] = {
    [KIND_TOPICS] = { "topics", make_topics },          [KIND_CONE] = { "cone", make_narrow },
    [KIND_WHITE_CONE] = { "white cone", make_white },   [KIND_BUILTIN] = { "builtin", make_builtin },
    [KIND_SIFT_LIKE] = { "sift-like", make_sift_like }, [KIND_UNIFORM_SMALL] = { "uniform", make_uniform_small },
    [KIND_UNIFORM] = { "uniform", make_uniform },       [KIND_PROVIDER] = { "provider", make_provider },
};

const char *kind_name(vector_kind kind)
{
    return kinds[kind].name;
}

bool kind_available(vector_kind kind)
{
    return kind != KIND_PROVIDER || getenv("VOICEDB_BENCH_PROVIDER") != NULL;
}

void vector_set_init(vector_set *s, int chunks, int questions)
{
    *s = (vector_set){ .chunks = chunks,
                       .questions = questions,
                       .vectors = allocate((size_t)chunks, sizeof *s->vectors),
                       .asked = allocate((size_t)questions, sizeof *s->asked) };
}

void vector_set_make(vector_set *s, vector_kind kind)
{
    memset(s->vectors, 0, (size_t)s->chunks * sizeof *s->vectors);
    memset(s->asked, 0, (size_t)s->questions * sizeof *s->asked);
    s->dimensions = VDB_DIMENSIONS;
    kinds[kind].make(s);
}

void vector_set_free(vector_set *s)
{
    free(s->vectors);
    free(s->asked);
}
