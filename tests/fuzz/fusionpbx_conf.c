/*
 * Any text as FusionPBX's config.conf: what is made of it must be a connection string for libpq that says what the file
 * said, and nothing else.
 */
#include "cli/fusionpbx.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_ours(const char *keyword)
{
    static const char *const ours[] = { "host", "port", "dbname", "user", "password", "sslmode" };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(ours[i], keyword) == 0)
            return true;
    }
    return false;
}

static void check(const char *text, const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    require(options != NULL);
    bool named = false;
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        require(is_ours(o->keyword) && strstr(text, o->val) != NULL && strchr(o->val, '\n') == NULL);
        named = named || strcmp(o->keyword, "dbname") == 0;
    }
    require(named);
    PQconninfoFree(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *memory = arena_new();
    char *text = arena_copy(memory, (const char *)data, size);
    const char *conninfo = NULL;
    vdb_error error = { 0 };
    vdb_status status = fusionpbx_conninfo(memory, text, &conninfo, &error);
    if (status == VDB_OK)
        check(text, conninfo);
    else
        require(status == VDB_BAD_INPUT && error.status == status && error.hint[0] != '\0' && conninfo == NULL);
    arena_free(memory);
    return 0;
}
