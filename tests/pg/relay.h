/* A server's socket behind another one, which counts how often its client has the word: round trips. */
#ifndef VDB_TESTS_RELAY_H
#define VDB_TESTS_RELAY_H

typedef struct relay relay;

/* For one connection. `conninfo` of the relay lives as long as it. */
relay *relay_start(void);
const char *relay_conninfo(const relay *r);
/* How often the client has sent after the server did, so far. */
int relay_turns(const relay *r);
/* After the client has closed its connection. */
void relay_stop(relay *r);

#endif
