#include "cli/fusionpbx.h"

#include "base/buffer.h"
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 1024 * 1024 };

static const char *const places[] = { "/etc/fusionpbx/config.conf", "/usr/local/etc/fusionpbx/config.conf", NULL };

/* What config.conf calls a setting after "database.0.", and what libpq does. */
static const struct {
    const char *key;
    const char *keyword; /* NULL: the kind of database, no parameter of a connection */
} settings[] = {
    { "type", NULL },       { "host", "host" },         { "port", "port" },       { "name", "dbname" },
    { "username", "user" }, { "password", "password" }, { "sslmode", "sslmode" },
};

enum { SETTINGS = sizeof settings / sizeof settings[0], TYPE = 0, NAME = 3 };

typedef struct span {
    const char *start;
    size_t length;
} span;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static span trimmed(const char *start, const char *end)
{
    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    return (span){ start, (size_t)(end - start) };
}

static bool equals(span s, const char *text)
{
    return s.length == strlen(text) && memcmp(s.start, text, s.length) == 0;
}

static void take_line(const char *start, const char *end, span *values)
{
    static const char prefix[] = "database.0.";
    const size_t prefix_length = sizeof prefix - 1;
    const char *sign = memchr(start, '=', (size_t)(end - start));
    if (sign == NULL)
        return;
    span key = trimmed(start, sign), value = trimmed(sign + 1, end);
    if (key.length <= prefix_length || memcmp(key.start, prefix, prefix_length) != 0)
        return;
    key = (span){ key.start + prefix_length, key.length - prefix_length };
    if (value.length >= 2 && value.start[0] == '"' && value.start[value.length - 1] == '"')
        value = (span){ value.start + 1, value.length - 2 };
    for (size_t i = 0; i < SETTINGS; i++) {
        if (equals(key, settings[i].key))
            values[i] = value;
    }
}

/* keyword='value', with backslashes before what libpq would read otherwise. */
static void append_setting(buffer *b, const char *keyword, span value)
{
    buffer_printf(b, "%s%s='", b->length == 0 ? "" : " ", keyword);
    for (size_t i = 0; i < value.length; i++) {
        if (value.start[i] == '\'' || value.start[i] == '\\')
            buffer_append(b, "\\", 1);
        buffer_append(b, value.start + i, 1);
    }
    buffer_append(b, "'", 1);
}

static vdb_status compose(arena *memory, const span *values, const char **conninfo, vdb_error *error)
{
    buffer b;
    buffer_init(&b, 3 * (size_t)FILE_MOST);
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].keyword != NULL && values[i].length > 0)
            append_setting(&b, settings[i].keyword, values[i]);
    }
    *conninfo = b.failed ? NULL : arena_copy(memory, b.data, b.length);
    buffer_free(&b);
    return *conninfo == NULL ? error_memory(error) : VDB_OK;
}

vdb_status fusionpbx_conninfo(arena *memory, const char *text, const char **conninfo, vdb_error *error)
{
    span values[SETTINGS] = { { NULL, 0 } };
    while (*text != '\0') {
        const char *end = text + strcspn(text, "\n");
        span line = trimmed(text, end);
        if (line.length > 0 && line.start[0] != '#')
            take_line(line.start, line.start + line.length, values);
        text = end + (*end == '\n');
    }
    if (values[TYPE].length > 0 && !equals(values[TYPE], "pgsql"))
        return error_set(error, VDB_BAD_INPUT, "Give a configuration whose database.0.type is pgsql.",
                         "FusionPBX's database is not PostgreSQL");
    if (values[NAME].length == 0)
        return error_set(error, VDB_BAD_INPUT,
                         "Give FusionPBX's config.conf, with lines such as "
                         "\"database.0.name = fusionpbx\".",
                         "the configuration names no database");
    return compose(memory, values, conninfo, error);
}

vdb_status fusionpbx_read(arena *memory, const char *path, const char **conninfo, vdb_error *error)
{
    for (size_t i = 0; *path == '\0' && places[i] != NULL; i++) {
        if (access(places[i], F_OK) == 0)
            path = places[i];
    }
    if (*path == '\0')
        return error_set(error, VDB_BAD_INPUT, "Give its place with --fusionpbx=FILE.", "there is neither %s nor %s",
                         places[0], places[1]);
    const char *text;
    vdb_status status = cli_read_file(memory, path, FILE_MOST, &text, error);
    if (status != VDB_OK)
        return status;
    status = fusionpbx_conninfo(memory, text, conninfo, error);
    return status == VDB_OK ? VDB_OK : error_detail(error, "read from %s", path);
}
