/* tests/http/server.py as a child of the test, and its record of what it was sent. */
#ifndef VDB_TESTS_EMBEDDINGS_SERVER_H
#define VDB_TESTS_EMBEDDINGS_SERVER_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct embeddings_server {
    pid_t pid;
    int port, closed_port;
    int stdin_pipe; /* the server ends when it is closed, so also when this process dies */
    char directory[64];
    char record[96];
} embeddings_server;

extern embeddings_server server;

/* Group fixtures of cmocka. */
int start_embeddings_server(void **state);
int stop_embeddings_server(void **state);

/* The requests to a path so far. Release with json_decref(). */
json_t *read_record(const char *wanted);

/* The requests to a path, which are `count`; one that had no answer may still be on its way into the record. */
json_t *requests_to(const char *path, size_t count);

const char *sent_string(const json_t *sent, const char *part, const char *name);

void assert_contains(const char *text, const char *part);

#endif
