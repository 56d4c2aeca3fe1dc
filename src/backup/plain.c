/* Plain SQL as pg_dump writes it. Only its rows are of interest: no statement of it is ever run. */
#include "backup/origin.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, UUID_LENGTH = 36, MOST_TABLES = 1000, HEAD = 65536 };

typedef struct scan {
    arena *memory;
    const copy_text *text;
    json_t *tables;
    json_t *domains; /* an object with a member for each, to find them again */
    int64_t offsets[MOST_TABLES];
    bool wanted;   /* the block at hand is of a voice table */
    size_t domain; /* which of its columns is the tenant */
    int64_t rows;
    char last[UUID_LENGTH + 1];
} scan;

static json_t *columns_of(const copy_head *head)
{
    json_t *columns = json_array();
    for (size_t i = 0; columns != NULL && i < head->column_count; i++) {
        json_t *column = json_pack("{s:s, s:s, s:b}", "name", head->columns[i], "type", "", "key", 0);
        if (column == NULL || json_array_append_new(columns, column) != 0) {
            json_decref(columns);
            return NULL;
        }
    }
    return columns;
}

static bool is_seen(const scan *s, const char *table)
{
    size_t i;
    json_t *seen;
    json_array_foreach(s->tables, i, seen)
    {
        if (strcmp(json_string_value(json_object_get(seen, "name")), table) == 0)
            return true;
    }
    return false;
}

static vdb_status see_head(void *context, const copy_head *head, vdb_error *error)
{
    scan *s = context;
    size_t place = json_array_size(s->tables);
    s->rows = 0;
    s->wanted =
        strncmp(head->table, "v_voice_", 8) == 0 && (*head->schema == '\0' || strcmp(head->schema, "public") == 0);
    if (!s->wanted)
        return VDB_OK;
    if (is_seen(s, head->table) || place == MOST_TABLES)
        return error_set(error, VDB_BAD_INPUT, "Give a dump made by one run of pg_dump.",
                         "the rows of %s stand there twice", head->table);
    s->offsets[place] = s->text->offset;
    s->domain = 0;
    while (s->domain < head->column_count && strcmp(head->columns[s->domain], "domain_uuid") != 0)
        s->domain++;
    json_t *columns = columns_of(head);
    json_t *table = json_pack("{s:s, s:o}", "name", head->table, "columns", columns);
    return json_array_append_new(s->tables, table) == 0 ? VDB_OK : error_memory(error);
}

static vdb_status see_row(void *context, const char *row, size_t length, vdb_error *error)
{
    scan *s = context;
    const char *end = row + length;
    s->rows++;
    for (size_t i = 0; i < s->domain && row != NULL; i++) {
        row = memchr(row, '\t', (size_t)(end - row));
        row = row == NULL ? NULL : row + 1;
    }
    if (!s->wanted || row == NULL || end - row <= UUID_LENGTH || memcmp(row, s->last, UUID_LENGTH) == 0)
        return VDB_OK;
    memcpy(s->last, row, UUID_LENGTH);
    return json_object_set_new(s->domains, s->last, json_true()) == 0
               ? VDB_OK
               : error_set(error, VDB_BAD_INPUT, "Give a dump made by pg_dump.", "a row's tenant is no UUID");
}

static vdb_status see_end(void *context, vdb_error *error)
{
    scan *s = context;
    if (!s->wanted)
        return VDB_OK;
    json_t *table = json_array_get(s->tables, json_array_size(s->tables) - 1);
    return json_object_set_new(table, "rows", json_integer(s->rows)) == 0 ? VDB_OK : error_memory(error);
}

/* In a string of an INSERT, somebody's text could look like a COPY. Without INSERTs no row's text stands outside of a
 * COPY. */
static vdb_status see_other(void *context, const char *line, size_t length, vdb_error *error)
{
    (void)context;
    if (length < 12 || memcmp(line, "INSERT INTO ", 12) != 0)
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Dump it again without --inserts.", "the dump has INSERT statements");
}

vdb_status plain_read(const origin *s, int64_t offset, copy_text *text, const bool *stop, vdb_error *error)
{
    char *block = malloc(BLOCK);
    int fd = block == NULL ? -1 : open(s->path, O_RDONLY | O_CLOEXEC);
    vdb_status status = block == NULL ? error_memory(error)
                        : fd < 0      ? file_failed(error, "cannot read", s->path)
                                      : VDB_OK;
    while (status == VDB_OK && (stop == NULL || !*stop)) {
        ssize_t length = pread(fd, block, BLOCK, offset);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            status = file_failed(error, "cannot read", s->path);
        if (length <= 0)
            break;
        offset += length;
        status = copy_text_read(text, block, (size_t)length, error);
        if (status == VDB_OK && s->progress != NULL && !s->progress(s->context, offset, s->bytes))
            status = error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted; nothing was changed");
    }
    if (fd >= 0)
        close(fd);
    free(block);
    return status;
}

/* Whether it can be read at all: pg_dump's own formats, and another encoding than ours, cannot. */
static vdb_status look(origin *s, arena *a, vdb_error *error)
{
    struct stat st;
    char *head = arena_alloc(a, HEAD + 1);
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        return file_failed(error, "cannot read", s->path);
    s->bytes = st.st_size;
    ssize_t length = head == NULL ? -1 : pread(fd, head, HEAD, 0);
    close(fd);
    if (length < 0)
        return file_failed(error, "cannot read", s->path);
    if (length >= 5 && memcmp(head, "PGDMP", 5) == 0)
        return error_set(error, VDB_BAD_INPUT,
                         "Run `pg_restore --data-only -f FILE.sql` on it and restore what that writes.",
                         "%s is an archive of pg_dump, not SQL", s->path);
    const char *encoding = strstr(head, "SET client_encoding = '");
    if (encoding != NULL && strncmp(encoding + 23, "UTF8'", 5) != 0)
        return error_set(error, VDB_BAD_INPUT, "Dump it again with `pg_dump --encoding=UTF8`.", "%s is not in UTF-8",
                         s->path);
    return VDB_OK;
}

static vdb_status take_domains(const json_t *seen, json_t *domains, vdb_error *error)
{
    const char *uuid;
    json_t *unused;
    json_object_foreach((json_t *)(uintptr_t)seen, uuid, unused)
    {
        if (json_array_append_new(domains, json_pack("{s:s, s:s}", "uuid", uuid, "name", "")) != 0)
            return error_memory(error);
    }
    return VDB_OK;
}

static vdb_status describe(origin *s, arena *a, const scan *found, manifest *m, vdb_error *error)
{
    if (json_array_size(found->tables) == 0)
        return error_set(error, VDB_BAD_INPUT, "Give a backup of voicedb, or SQL that pg_dump wrote without --inserts.",
                         "%s holds no rows of voice tables", s->path);
    m->kind = "dump";
    m->made_at = m->database = m->voicedb_version = m->server_version = NULL;
    m->migrations = json_array();
    m->domains = json_array();
    s->offsets = arena_array(a, MOST_TABLES, sizeof *s->offsets);
    if (m->migrations == NULL || m->domains == NULL || s->offsets == NULL)
        return error_memory(error);
    memcpy(s->offsets, found->offsets, sizeof found->offsets);
    vdb_status status = take_domains(found->domains, m->domains, error);
    return status == VDB_OK ? tables_of_json(a, found->tables, &m->tables, error) : status;
}

vdb_status plain_scan(origin *s, arena *a, manifest *m, vdb_error *error)
{
    vdb_status status = look(s, a, error);
    if (status != VDB_OK)
        return status;
    copy_text text;
    scan *found = arena_alloc(a, sizeof *found);
    if (found == NULL)
        return error_memory(error);
    *found = (scan){ .memory = a, .text = &text, .tables = json_array(), .domains = json_object() };
    const copy_listener listener = {
        .head = see_head, .row = see_row, .end = see_end, .other = see_other, .context = found
    };
    copy_text_begin(&text, &listener);
    status =
        found->tables == NULL || found->domains == NULL ? error_memory(error) : plain_read(s, 0, &text, NULL, error);
    if (status == VDB_OK)
        status = copy_text_finish(&text, error);
    if (status == VDB_OK)
        status = describe(s, a, found, m, error);
    copy_text_free(&text);
    json_decref(found->tables);
    json_decref(found->domains);
    return status;
}
