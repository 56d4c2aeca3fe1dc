#include "calls/dead.h"

#include "base/clock.h"
#include "base/text.h"
#include "calls/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void set_uuid(json_t *line, const char *name, const uuid *id)
{
    char text[37];
    uuid_format(id, text);
    if (!uuid_is_nil(id))
        json_object_set_new(line, name, json_string(text));
}

static void set_instant(json_t *line, const char *name, int64_t at)
{
    char text[CLOCK_TEXT];
    json_object_set_new(line, name, json_string(clock_format(at, text)));
}

/* Bytes that are no UTF-8 have no place in JSON: they are told in hexadecimal. */
static void set_field(json_t *line, const char *name, const entry_field *f)
{
    if (f->text == NULL)
        return;
    if (text_is_utf8(f->text, f->length)) {
        json_object_set_new(line, name, json_stringn_nocheck(f->text, f->length));
        return;
    }
    char *hex = malloc(2 * f->length + 1), *key;
    if (hex != NULL && asprintf(&key, "%s_hex", name) >= 0) {
        for (size_t i = 0; i < f->length; i++)
            snprintf(hex + 2 * i, 3, "%02x", (unsigned char)f->text[i]);
        json_object_set_new(line, key, json_string(hex));
        free(key);
    }
    free(hex);
}

static char *line_of(const entry *e, const char *why)
{
    json_t *line = json_object();
    if (line == NULL)
        return NULL;
    set_instant(line, "dead_at", clock_now());
    json_object_set_new(line, "reason", json_string(why == NULL ? "unknown" : why));
    json_object_set_new(line, "kind", json_string(entry_kind_name(e->kind)));
    set_instant(line, "at", e->at);
    set_uuid(line, "domain_uuid", &e->domain);
    set_uuid(line, "conversation_uuid", &e->conversation);
    set_uuid(line, "call_uuid", &e->call);
    set_uuid(line, e->kind == ENTRY_SAY ? "message_uuid" : "record_uuid", &e->message);
    if (e->kind == ENTRY_SAY)
        json_object_set_new(line, "turn_number", json_integer(e->turn));
    for (size_t i = 0; i < entry_field_count(e->kind); i++)
        set_field(line, entry_field_name(e->kind, i), &e->fields[i]);
    char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    return text;
}

static bool append(int fd, const char *text, size_t length)
{
    off_t end = lseek(fd, 0, SEEK_END);
    for (size_t done = 0; end >= 0 && done < length;) {
        ssize_t written = write(fd, text + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            int reason = errno;
            if (ftruncate(fd, end) != 0) /* half a line would spoil the next one */
                return false;
            errno = reason;
            return false;
        }
        done += (size_t)written;
    }
    return end >= 0;
}

vdb_status dead_write(const char *directory, const entry *e, const char *why, bool durable, vdb_error *error)
{
    char *text = line_of(e, why), *path = spool_path(directory, "dead.jsonl"), *line = NULL;
    bool ready = text != NULL && path != NULL && asprintf(&line, "%s\n", text) >= 0;
    int fd = ready ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    bool written =
        fd >= 0 && flock(fd, LOCK_EX) == 0 && append(fd, line, strlen(line)) && (!durable || fdatasync(fd) == 0);
    vdb_status status = VDB_OK;
    if (!written)
        status = error_system(error, "Check the directory's owner and mode, and that the disk has room.",
                              "%s/dead.jsonl cannot be written", directory);
    if (fd >= 0)
        close(fd);
    free(text);
    free(path);
    free(line);
    return status;
}

int64_t dead_count(const char *directory)
{
    char *path = spool_path(directory, "dead.jsonl");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    int64_t lines = file == NULL && errno != ENOENT ? -1 : 0;
    free(path);
    for (int c; file != NULL && (c = getc_unlocked(file)) != EOF;)
        lines += c == '\n';
    if (file != NULL)
        fclose(file);
    return lines;
}
