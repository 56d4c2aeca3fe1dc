/*
 * The data of the measurements, made from seeds: the same numbers give the same tenants, texts and vectors everywhere.
 *
 * Tenants have Zipf sizes (exponent 0.9: of 200 000 chunks in 1000 tenants the largest has 19 000, the smallest 38). A
 * document has 20 chunks and belongs to one of its tenant's topics, about one for 40 chunks. A vector is a random
 * direction of its tenant, one of its topic and one of its own, weighted and scaled to length 1: within a topic the
 * cosine is about 0.61, between topics 0.25, between tenants 0. A question is a chunk of the tenant turned away to
 * cosine 0.8; every tenth is a random direction, about nothing that the tenant knows.
 *
 * Directions are drawn with variance 1/i along axis i, as the principal components of text embeddings fall off (a
 * hundred of 1536 carry two thirds), and all is turned by one rotation, so that no number of a vector means more than
 * another.
 */
#ifndef VDB_BENCH_DATA_H
#define VDB_BENCH_DATA_H

#include "lib.h"

#define BENCH_MODEL "bench-vectors-1"

enum { CHUNKS_A_DOCUMENT = 20, CONTENT_ROOM = 1024 };

typedef struct dataset {
    int tenants, chunks;
    int *first; /* of each tenant's chunks; [tenants] is the end */
} dataset;

void dataset_init(dataset *d, int tenants, int chunks);
/* Tenants of these sizes, each of them `times` times. */
void dataset_init_like(dataset *d, const int *sizes, int count, int times);
/* 200 000 chunks of 1000 tenants; quick: 4000 of 50. */
void dataset_init_sized(dataset *d, bool quick);
void dataset_free(dataset *d);
int dataset_size(const dataset *d, int tenant);
int dataset_tenant_of(const dataset *d, int chunk);

void tenant_uuid_of(int tenant, uint8_t uuid[16]);
void chunk_uuid_of(int chunk, uint8_t uuid[16]);

/* The vector of a chunk of the tenant. */
void chunk_vector(const dataset *d, int tenant, int chunk, float *vector);
/* The vector of question `number` to this tenant. */
void question_vector(const dataset *d, int tenant, int number, float *vector);
/*
 * Lets texts have many words: of 8000 made-up ones, as often as those of a language beside its stop words, the most
 * frequent one in a fifth of the chunks. Those of the sentences are a hundred, which is no vocabulary to search by.
 */
void content_of_many_words(void);
/* One of them. */
void draw_word(random_stream *r, char *word, size_t room);
/* About 600 bytes of Portuguese, or of many words. */
void chunk_content(int chunk, char content[CONTENT_ROOM]);
/* A sentence about one of a few hundred subjects; sentences of a subject share words. */
void sentence(random_stream *r, int subject, char *text, size_t room);

/* A random direction of length 1; turn() then spreads its axes over all numbers, and scales to length 1. */
void direction(random_stream *r, float *vector);
void turn(float *vector);
void add_scaled(float *vector, const float *other, float weight);
void to_length_one(float *vector);
float dot_product(const float *a, const float *b);

/* Fills the database of the connection: domains, documents, chunks in random order of the rows. */
void load_dataset(PGconn *pg, const dataset *d);
/* The same with the rows of each tenant side by side. */
void load_dataset_ordered(PGconn *pg, const dataset *d);

/* Columns of a chunk as the loads write them, and the values of one: for further rows, whose numbers go on behind the
 * dataset's. */
#define CHUNK_COLUMNS                                                                                                  \
    "chunk_uuid, domain_uuid, document_uuid, chunk_index, content, embedding, embedding_model, embedding_dimensions, " \
    "token_count"

typedef struct chunk_row {
    uint8_t chunk[16], domain[16], document[16];
    int index; /* in its document */
    char content[CONTENT_ROOM], wire[WIRE_VECTOR_BYTES];
} chunk_row;

void chunk_row_make(const dataset *d, int tenant, int chunk, chunk_row *row);
void copy_chunk(copy_stream *c, const chunk_row *row);

#endif
