/* Files and folders that were named on the command line, as files. */
#ifndef VDB_CLI_FILES_H
#define VDB_CLI_FILES_H

#include "base/error.h"

#include <sys/stat.h>

typedef struct found_file {
    char *path;
    const char *name; /* of a file in a folder: its path from there; NULL: it was named itself */
    struct stat about;
} found_file;

/* Where a file stands among those that are taken together. */
typedef struct file_turn {
    size_t place, count; /* from 1 */
    int64_t bytes_before, bytes;
} file_turn;

typedef struct file_list {
    found_file *items; /* in the order of the paths that were named, within a folder by name */
    size_t count;
    size_t room;
} file_list;

/*
 * Finds the regular files below the folders among `paths` (ends with NULL): not those whose name begins with a dot, nor
 * what links inside a folder lead to. A path that is no folder is taken as it stands, whether it exists or not; "-"
 * too. VDB_BAD_INPUT: a folder cannot be read. Release with files_free(), whatever was returned.
 */
vdb_status files_find(const char *const *paths, file_list *list, vdb_error *error);
void files_free(file_list *list);

#endif
