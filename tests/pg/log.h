/* A spool directory for each test, and what lies in it. */
#ifndef VDB_TESTS_PG_LOG_H
#define VDB_TESTS_PG_LOG_H

#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static char notes[1 << 16]; /* what logs have told, line by line */

static void log_begin_test(void)
{
    strcpy(directory, "/tmp/voicedb-test-log-XXXXXX");
    assert_non_null(mkdtemp(directory));
    notes[0] = '\0';
}

static void log_end_test(void)
{
    assert_int_equal(system(text("rm -rf %s", directory)), 0);
}

/* From the writer's threads, one at a time. */
static void take_note(void *context, const char *line)
{
    (void)context;
    size_t length = strlen(notes);
    snprintf(notes + length, sizeof notes - length, "%s\n", line);
}

/* `conninfo` NULL: the test's database. */
static vdb_log *open_log(const char *conninfo)
{
    vdb_log *log = NULL;
    const vdb_log_options options = { .spool_directory = directory, .spool_limit_bytes = 8 << 20, .note = take_note };
    ok(vdb_log_open(&(vdb_options){ .conninfo = conninfo }, &options, &log, &failure));
    return log;
}

/* Nobody listens there. */
#define NOWHERE "host=/nonexistent"

static int is_visible(const struct dirent *file)
{
    return file->d_name[0] != '.';
}

/* The names in the spool directory, each with a space behind it. */
static const char *files_left(void)
{
    struct dirent **files;
    int count = scandir(directory, &files, is_visible, alphasort);
    const char *all = "";
    for (int i = 0; i < count; i++) {
        all = text("%s%s ", all, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    return all;
}

#endif
