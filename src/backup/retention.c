/* Which backups of a directory stay: as many good ones as are wanted, and whatever is newer. */
#include "backup/container.h"
#include "backup/operator.h"
#include "base/file.h"
#include "pg/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Letters, digits and a few signs; a name with others cannot leave the directory. */
char *retention_stem(arena *a, const char *database)
{
    char *stem = arena_printf(a, "voicedb-%s-", database);
    for (char *c = stem; c != NULL && *c != '\0'; c++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c) == NULL)
            *c = '_';
    }
    return stem;
}

/* "20260301T030000000000Z.vdb" behind the stem, and nothing else. */
static bool is_ours(const char *name, const char *stem)
{
    static const char form[] = "00000000T000000000000Z.vdb";
    size_t length = strlen(stem);
    if (strncmp(name, stem, length) != 0 || strlen(name + length) != sizeof form - 1)
        return false;
    bool fits = true;
    for (size_t i = 0; fits && form[i] != '\0'; i++) {
        char c = name[length + i];
        fits = form[i] == '0' ? c >= '0' && c <= '9' : c == form[i];
    }
    return fits;
}

static int newest_first(const void *a, const void *b)
{
    return -strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vdb_status list(arena *a, const char *directory, const char *stem, const char ***names, size_t *count,
                       vdb_error *error)
{
    DIR *d = opendir(directory);
    if (d == NULL)
        return file_failed(error, "cannot read", directory);
    size_t room = 0;
    *names = NULL;
    *count = 0;
    vdb_status status = VDB_OK;
    for (struct dirent *entry; status == VDB_OK && (entry = readdir(d)) != NULL;) {
        if (!is_ours(entry->d_name, stem))
            continue;
        if (*count == room) {
            const char **more = arena_array(a, room = room == 0 ? 64 : room * 2, sizeof *more);
            if (more != NULL && *count > 0)
                memcpy(more, *names, *count * sizeof *more);
            *names = more;
        }
        const char *copy = *names == NULL ? NULL : arena_printf(a, "%s/%s", directory, entry->d_name);
        if (copy == NULL)
            status = error_memory(error);
        else
            (*names)[(*count)++] = copy;
    }
    closedir(d);
    if (status == VDB_OK && *count > 0)
        qsort(*names, *count, sizeof **names, newest_first);
    return status;
}

static bool is_good(const char *path, const char *key_file)
{
    container_reader *r;
    if (container_open(path, key_file, &r, NULL) != VDB_OK)
        return false;
    bool good = container_skim(r, NULL, NULL, NULL) == VDB_OK;
    container_close(r);
    return good;
}

static vdb_status judge(const char *path, const char *key_file, int *wanted, const char **state, vdb_error *error)
{
    if (*wanted == 0) {
        *state = "removed";
        return unlink(path) == 0 || errno == ENOENT ? VDB_OK : file_failed(error, "cannot remove", path);
    }
    bool good = is_good(path, key_file);
    *state = good ? "kept" : "damaged";
    *wanted -= good;
    return VDB_OK;
}

static vdb_status prune(arena *a, const char *directory, const char *database, int keep, const char *key_file,
                        const vdb_backup_file **rows, size_t *count, vdb_error *error)
{
    const char **names = NULL;
    char *stem = retention_stem(a, database);
    vdb_status status = stem == NULL ? error_memory(error) : list(a, directory, stem, &names, count, error);
    if (status != VDB_OK)
        return status;
    arena *memory;
    vdb_backup_file *made = rows_allocate(sizeof *made, *count, &memory);
    if (made == NULL)
        return error_memory(error);
    for (size_t i = 0; status == VDB_OK && i < *count; i++) {
        made[i].path = arena_copy_string(memory, names[i]);
        status = judge(names[i], key_file, &keep, &made[i].state, error);
    }
    if (status != VDB_OK)
        vdb_rows_free(made);
    else
        *rows = made;
    return status;
}

vdb_status vdb_backup_prune(const char *directory, const char *database, int keep, const char *key_file,
                            const vdb_backup_file **rows, size_t *count, vdb_error *error)
{
    error_clear(error);
    if (keep < 1)
        return error_set(error, VDB_USAGE, "Keep at least 1.", "no backup would be kept");
    arena *a = arena_new();
    if (a == NULL)
        return error_memory(error);
    vdb_status status = prune(a, directory, database, keep, key_file, rows, count, error);
    arena_free(a);
    return status;
}
