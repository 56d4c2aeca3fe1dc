/* How a child process comes to the same database: by libpq's variables, never by its arguments. */
#include "base/arena.h"
#include "pg/session.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

static bool sets(const char *entry, const char *variable)
{
    size_t length = strlen(variable);
    return strncmp(entry, variable, length) == 0 && entry[length] == '=';
}

/* A service file would come before the variables; what it said is in them. */
static bool is_libpq(const char *entry, const PQconninfoOption *options)
{
    if (sets(entry, "PGSERVICE") || sets(entry, "PGSERVICEFILE"))
        return true;
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (o->envvar != NULL && sets(entry, o->envvar))
            return true;
    }
    return false;
}

/* Of several hosts, the one that answered. */
static const char *value_of(const connection *c, const PQconninfoOption *option)
{
    if (strcmp(option->keyword, "host") == 0)
        return PQhost(c->pg);
    if (strcmp(option->keyword, "port") == 0)
        return PQport(c->pg);
    if (strcmp(option->keyword, "hostaddr") == 0 && option->val != NULL)
        return PQhostaddr(c->pg);
    return strcmp(option->keyword, "service") == 0 ? NULL : option->val;
}

static size_t count_of(char **list)
{
    size_t count = 0;
    while (list[count] != NULL)
        count++;
    return count;
}

char **connection_environment(const connection *c, struct arena *a)
{
    PQconninfoOption *options = PQconninfo(c->pg);
    if (options == NULL)
        return NULL;
    size_t known = 0, used = 0;
    while (options[known].keyword != NULL)
        known++;
    char **made = arena_array(a, count_of(environ) + known + 1, sizeof *made);
    for (char **entry = environ; made != NULL && *entry != NULL; entry++) {
        if (!is_libpq(*entry, options))
            made[used++] = *entry;
    }
    for (const PQconninfoOption *o = options; made != NULL && o->keyword != NULL; o++) {
        const char *value = value_of(c, o);
        if (o->envvar == NULL || value == NULL || *value == '\0')
            continue;
        made[used] = arena_printf(a, "%s=%s", o->envvar, value);
        if (made[used++] == NULL)
            made = NULL;
    }
    PQconninfoFree(options);
    return made;
}

const char *connection_option(const connection *c, struct arena *a, const char *keyword)
{
    PQconninfoOption *options = PQconninfo(c->pg);
    const char *value = NULL;
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, keyword) == 0)
            value = arena_copy_string(a, o->val);
    }
    PQconninfoFree(options);
    return value;
}
