/* A PgBouncer of the program's own, in transaction mode, in front of the server that `admin` is connected to. */
#ifndef VDB_TESTS_PG_BOUNCER_H
#define VDB_TESTS_PG_BOUNCER_H

/*
 * Starts one that logs in as `user` with at most `connections` server connections; the startup parameter `options` is
 * refused, as by default. `settings` are further lines of its configuration. Returns a connection string to the
 * program's database, or NULL: it is not installed. One at a time.
 */
const char *start_bouncer(const char *user, int connections, const char *settings);
void stop_bouncer(void);

#endif
