#include "cli/files.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

void files_free(file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    free(list->items);
    *list = (file_list){ 0 };
}

/* `inside`: where in the path the name within the folder begins; 0: the path was named itself. */
static bool append(file_list *list, const char *path, size_t inside, const struct stat *about)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : 2 * list->room;
        found_file *items = realloc(list->items, room * sizeof *items);
        if (items == NULL)
            return false;
        list->items = items;
        list->room = room;
    }
    found_file *file = &list->items[list->count];
    *file = (found_file){ .path = strdup(path) };
    if (file->path == NULL)
        return false;
    file->name = inside == 0 ? NULL : file->path + inside;
    if (about != NULL)
        file->about = *about;
    list->count++;
    return true;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static vdb_status visit(FTS *walk, FTSENT *entry, size_t inside, file_list *list, vdb_error *error)
{
    if (entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.') {
        fts_set(walk, entry, FTS_SKIP);
        return VDB_OK;
    }
    if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
        return error_set(error, VDB_BAD_INPUT, "Check the path and its rights.", "cannot read %s: %s", entry->fts_path,
                         strerror(entry->fts_errno));
    if (entry->fts_info == FTS_F && S_ISREG(entry->fts_statp->st_mode) &&
        !append(list, entry->fts_path, inside, entry->fts_statp))
        return error_memory(error);
    return VDB_OK; /* a file that has gone since (FTS_NS) is none */
}

static vdb_status walk_folder(const char *folder, file_list *list, vdb_error *error)
{
    char *root = strdup(folder);
    size_t length = root == NULL ? 0 : strlen(root);
    while (length > 1 && root[length - 1] == '/')
        root[--length] = '\0';
    char *roots[] = { root, NULL };
    FTS *walk = root == NULL ? NULL : fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    vdb_status status = walk == NULL ? error_memory(error) : VDB_OK;
    size_t inside = length + (length > 0 && root[length - 1] == '/' ? 0 : 1);
    for (FTSENT *entry; status == VDB_OK && (entry = fts_read(walk)) != NULL;)
        status = visit(walk, entry, inside, list, error);
    if (walk != NULL)
        fts_close(walk);
    free(root);
    return status;
}

vdb_status files_find(const char *const *paths, file_list *list, vdb_error *error)
{
    vdb_status status = VDB_OK;
    *list = (file_list){ 0 };
    for (; status == VDB_OK && *paths != NULL; paths++) {
        struct stat about;
        bool there = strcmp(*paths, "-") != 0 && stat(*paths, &about) == 0;
        if (there && S_ISDIR(about.st_mode))
            status = walk_folder(*paths, list, error);
        else if (!append(list, *paths, 0, there ? &about : NULL))
            status = error_memory(error);
    }
    return status;
}
