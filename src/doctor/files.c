/* Files on this machine that hold secrets, and who may read them. */
#include "doctor/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS = 07, GROUP_AND_OTHERS = 077 };

/* A file, and who must keep out of it. */
typedef struct place {
    const char *path; /* NULL: there is none */
    const char *what;
    mode_t closed_to;
    const char *only_with; /* it holds a secret only where this word stands in it; NULL: in any case */
    bool ours;             /* nobody else's software needs it open */
} place;

/* ---- where they are ---------------------------------------------------------------------------------------------- */

static const char *home(void)
{
    const char *path = getenv("HOME");
    const struct passwd *me = path == NULL || *path == '\0' ? getpwuid(geteuid()) : NULL;
    return me != NULL ? me->pw_dir : path;
}

static const char *in_home(doctor *d, const char *name)
{
    const char *path = home();
    return path == NULL ? NULL : LINE(d, "%s/%s", path, name);
}

/* What the connection was told, else what libpq would take. */
static const char *of_connection(doctor *d, const char *keyword, const char *standard)
{
    const char *path = connection_option(d->c, d->memory, keyword);
    return path != NULL && *path != '\0' ? path : in_home(d, standard);
}

static const char *service_file(doctor *d)
{
    const char *path = getenv("PGSERVICEFILE");
    return path != NULL && *path != '\0' ? path : in_home(d, ".pg_service.conf");
}

static const char *fusionpbx_file(const doctor *d)
{
    static const char *const paths[] = { "/etc/fusionpbx/config.conf", "/usr/local/etc/fusionpbx/config.conf" };
    if (d->options->fusionpbx != NULL && *d->options->fusionpbx != '\0')
        return d->options->fusionpbx;
    return access(paths[0], F_OK) == 0 ? paths[0] : paths[1];
}

/* Ends with one without `what`; NULL: memory ran out. */
static const place *list_places(doctor *d)
{
    const place known[] = {
        { of_connection(d, "passfile", ".pgpass"), "The password file", GROUP_AND_OTHERS, NULL, true },
        { service_file(d), "The service file", GROUP_AND_OTHERS, "password", true },
        { of_connection(d, "sslkey", ".postgresql/postgresql.key"), "The connection's key", GROUP_AND_OTHERS, NULL,
          true },
        { fusionpbx_file(d), "FusionPBX's configuration", OTHERS, ".password", false },
    };
    enum { KNOWN = sizeof known / sizeof known[0] };
    size_t named = 0;
    while (d->options->files != NULL && d->options->files[named] != NULL)
        named++;
    place *all = arena_array(d->memory, KNOWN + named + 1, sizeof *all);
    if (all == NULL)
        return NULL;
    memcpy(all, known, sizeof known);
    for (size_t i = 0; i < named; i++)
        all[KNOWN + i] = (place){ d->options->files[i], "The file", GROUP_AND_OTHERS, NULL, true };
    return all;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

/* True when the word stands in the file, and when it cannot be read: who may not read it cannot know. */
static bool holds(const char *path, const char *word)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return true;
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (!found && getline(&line, &room, file) >= 0) {
        const char *text = line + strspn(line, " \t");
        found = *text != '#' && strstr(text, word) != NULL;
    }
    free(line);
    fclose(file);
    return found;
}

static const char *quoted(doctor *d, const char *path)
{
    const char *made = LINE(d, "'");
    for (; made != NULL && *path != '\0'; path++)
        made = *path == '\'' ? LINE(d, "%s'\\''", made) : LINE(d, "%s%c", made, *path);
    return made == NULL ? NULL : LINE(d, "%s'", made);
}

static const char *shell_word(doctor *d, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    return path[strspn(path, plain)] == '\0' && *path != '-' ? path : quoted(d, path);
}

static const char *mend_of(doctor *d, const place *p)
{
    return LINE(d, "chmod %s %s", p->closed_to == OTHERS ? "o=" : "go=", shell_word(d, p->path));
}

static vdb_status look(doctor *d, const place *p, vdb_error *error)
{
    struct stat s;
    if (p->path == NULL || stat(p->path, &s) != 0 || !S_ISREG(s.st_mode) || (s.st_mode & p->closed_to) == 0)
        return VDB_OK;
    if (p->only_with != NULL && !holds(p->path, p->only_with))
        return VDB_OK;
    const report r = { .severity = p->ours ? "error" : "warning",
                       .problem = LINE(d, "%s %s is open to others (mode %03o).", p->what, p->path,
                                       (unsigned)(s.st_mode & 0777)),
                       .mend_by = "shell",
                       .mend = mend_of(d, p),
                       .fixable = p->ours && (s.st_uid == geteuid() || geteuid() == 0) };
    return doctor_report(d, &r, error);
}

/* What somebody names and is not there would otherwise pass for safe. */
static vdb_status check_named(const doctor *d, vdb_error *error)
{
    struct stat s;
    for (const char *const *file = d->options->files; file != NULL && *file != NULL; file++) {
        if (stat(*file, &s) != 0)
            return error_set(error, VDB_BAD_INPUT, "Give a file that is there.", "cannot look at %s: %s", *file,
                             strerror(errno));
    }
    return VDB_OK;
}

vdb_status check_secret_file(doctor *d, vdb_error *error)
{
    const place *p = list_places(d);
    vdb_status status = p == NULL ? error_memory(error) : check_named(d, error);
    for (; status == VDB_OK && p->what != NULL; p++)
        status = look(d, p, error);
    return status;
}

/* ---- mending ----------------------------------------------------------------------------------------------------- */

static vdb_status close_file(const char *path, vdb_error *error)
{
    struct stat s;
    if (stat(path, &s) == 0 && chmod(path, s.st_mode & S_IRWXU) == 0)
        return VDB_OK;
    return error_set(error, VDB_NOT_ALLOWED, "Change its mode as its owner.", "cannot change the mode of %s: %s", path,
                     strerror(errno));
}

/* The file whose mending this is. */
vdb_status fix_secret_file(doctor *d, const vdb_finding *f, vdb_error *error)
{
    const place *p = list_places(d);
    while (p != NULL && p->what != NULL && (p->path == NULL || strcmp(mend_of(d, p), f->mend) != 0))
        p++;
    return p == NULL || p->what == NULL ? error_memory(error) : close_file(p->path, error);
}
