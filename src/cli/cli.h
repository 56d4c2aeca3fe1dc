/* The `voicedb` command: one table of commands, from which parsing, help, completion and the reference are made. */
#ifndef VDB_CLI_CLI_H
#define VDB_CLI_CLI_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a word on the command line becomes. A member of a values struct points at it; NULL: not given. */
typedef enum cli_kind {
    CLI_FLAG,     /* const bool *: true */
    CLI_FLAG_OFF, /* const bool *: false */
    CLI_SWITCH,   /* const bool *: on or off */
    CLI_TEXT,     /* const char * */
    CLI_UUID,     /* const char * */
    CLI_CHOICE,   /* const char *: one of `choices` */
    CLI_FILE,     /* const char *: a path */
    CLI_JSON,     /* const char *: JSON as it stands, of @FILE, or of standard input (-) */
    CLI_INTEGER,  /* const int64_t * */
    CLI_SIZE,     /* const int64_t *: bytes; K, M and G are powers of 1024 */
    CLI_NUMBER    /* const double * */
} cli_kind;

/* An option or a positional argument. A list of them ends with a NULL name. */
typedef struct cli_parameter {
    const char *name; /* "display-name" of an option, "FILE" of an argument */
    cli_kind kind;
    const char *value;          /* what help calls an option's value; NULL: by its kind */
    const char *const *choices; /* ends with NULL */
    double least, most;         /* both 0: any */
    const char *standard;       /* what holds when it is not given, for help; NULL: nothing to say */
    const char *instead;        /* an option that takes this argument's place */
    bool required;
    bool many;     /* const char *const *, ends with NULL: may be repeated */
    bool optional; /* its value may be missing: "" then, and given only by `=` */
    size_t slot;   /* of the member in the values struct */
    const char *help;
} cli_parameter;

typedef struct cli_globals {
    const bool *json;
    const bool *help;
    const bool *version;
    const char *domain;
    const char *conninfo;
    const char *fusionpbx;
    const char *master_key;
} cli_globals;

typedef enum cli_needs { CLI_NOTHING, CLI_DATABASE, CLI_TENANT } cli_needs;

typedef struct cli_call cli_call;

typedef struct cli_command {
    const char *noun;
    const char *verb; /* NULL: the noun alone is a command */
    cli_needs needs;
    vdb_status (*run)(cli_call *call, vdb_error *error);
    size_t values; /* size of the struct that its parameters fill */
    const cli_parameter *arguments;
    const cli_parameter *options;
    const char *help;    /* one line */
    const char *more;    /* further lines, or NULL */
    const char *example; /* a command line, or NULL */
} cli_command;

typedef struct cli_noun {
    const char *name;
    const char *help;
} cli_noun;

/* One run of the command. */
struct cli_call {
    arena *memory;
    const cli_noun *noun;       /* NULL: none was given */
    const cli_command *command; /* NULL: none was given */
    void *values;               /* of the command */
    cli_globals globals;
    bool json;
    bool reported; /* the errors are on stderr already */
    vdb_pool *pool;
    vdb_tenant *tenant;
};

extern const cli_noun cli_nouns[];        /* ends with a NULL name */
extern const cli_command cli_commands[];  /* ends with a NULL noun; those of a noun stand together */
extern const cli_parameter cli_options[]; /* the global ones, into cli_globals */

/* ---- connect.c ----------------------------------------------------------------------------------------------------
 */

/* How the command line and the environment say to connect. What it points at lives as long as the call. */
vdb_status cli_database(cli_call *call, vdb_options *options, vdb_error *error);
/* The domain that is meant; NULL: none was given. */
const char *cli_domain(const cli_call *call);

/* ---- parse.c ------------------------------------------------------------------------------------------------------
 */

/* Fills noun, command, values and globals. VDB_USAGE: the words make no command. */
vdb_status cli_parse(cli_call *call, int count, char **words, vdb_error *error);
const cli_noun *cli_find_noun(const char *name);
/* `verb` NULL: the command that the noun alone is. NULL: there is none. */
const cli_command *cli_find_command(const char *noun, const char *verb);

/* ---- value.c ------------------------------------------------------------------------------------------------------
 */

/* Turns a word into what the parameter wants and lets its slot in `values` point at it. */
vdb_status cli_set_value(cli_call *call, const cli_parameter *parameter, void *values, const char *text, size_t words,
                         vdb_error *error);
/* A whole file as text, "-" being standard input. VDB_BAD_INPUT: unreadable, larger than `most`, or with a NUL. */
vdb_status cli_read_file(arena *memory, const char *path, size_t most, const char **text, vdb_error *error);
bool cli_is_given(const cli_parameter *parameter, const void *values);
bool cli_takes_value(const cli_parameter *parameter);
/* "--name" of an option, "NAME" of an argument. */
const char *cli_label(arena *memory, const cli_parameter *parameter);
/* The name that `word` was meant to be; NULL: nothing is near. `names` ends with NULL. */
const char *cli_closest(const char *word, const char *const *names);

/* ---- help.c, markdown.c, completion.c -----------------------------------------------------------------------------
 */

typedef struct cli_exit {
    vdb_status status;
    const char *means;
} cli_exit;

extern const cli_exit cli_exits[]; /* ends with a NULL meaning */

/* Help on all, on a noun or on a command, as far as they are given. */
void help_print(FILE *out, const cli_noun *noun, const cli_command *command);
/* "voicedb provider add": what is typed for a command. */
const char *help_name(const cli_command *command);
/* A usage line without "usage:". */
void help_usage(FILE *out, const cli_command *command);
/* "--name TEXT" or "--fusionpbx[=FILE]". */
void help_option(FILE *out, const cli_parameter *option);
void help_markdown(FILE *out);
void completion_bash(FILE *out);

/* ---- the commands -------------------------------------------------------------------------------------------------
 */

vdb_status run_migrate(cli_call *call, vdb_error *error);
vdb_status run_migrate_status(cli_call *call, vdb_error *error);
vdb_status run_migrate_repair(cli_call *call, vdb_error *error);
vdb_status run_migrate_adopt(cli_call *call, vdb_error *error);
vdb_status run_migrate_verify(cli_call *call, vdb_error *error);
vdb_status run_tenant_list(cli_call *call, vdb_error *error);
vdb_status run_provider_add(cli_call *call, vdb_error *error);
vdb_status run_provider_list(cli_call *call, vdb_error *error);
vdb_status run_provider_show(cli_call *call, vdb_error *error);
vdb_status run_provider_update(cli_call *call, vdb_error *error);
vdb_status run_provider_remove(cli_call *call, vdb_error *error);
vdb_status run_provider_test(cli_call *call, vdb_error *error);
vdb_status run_provider_usage(cli_call *call, vdb_error *error);
vdb_status run_secretary_add(cli_call *call, vdb_error *error);
vdb_status run_secretary_list(cli_call *call, vdb_error *error);
vdb_status run_secretary_show(cli_call *call, vdb_error *error);
vdb_status run_secretary_update(cli_call *call, vdb_error *error);
vdb_status run_secretary_remove(cli_call *call, vdb_error *error);
vdb_status run_document_add(cli_call *call, vdb_error *error);
vdb_status run_document_list(cli_call *call, vdb_error *error);
vdb_status run_document_show(cli_call *call, vdb_error *error);
vdb_status run_document_remove(cli_call *call, vdb_error *error);
vdb_status run_document_enable(cli_call *call, vdb_error *error);
vdb_status run_document_disable(cli_call *call, vdb_error *error);
vdb_status run_document_index(cli_call *call, vdb_error *error);
vdb_status run_document_run(cli_call *call, vdb_error *error);
vdb_status run_document_reembed(cli_call *call, vdb_error *error);
vdb_status run_search(cli_call *call, vdb_error *error);
vdb_status run_eval(cli_call *call, vdb_error *error);
vdb_status run_transfer_add(cli_call *call, vdb_error *error);
vdb_status run_transfer_list(cli_call *call, vdb_error *error);
vdb_status run_transfer_remove(cli_call *call, vdb_error *error);
vdb_status run_transfer_resolve(cli_call *call, vdb_error *error);
vdb_status run_transfer_test(cli_call *call, vdb_error *error);
vdb_status run_conversation_start(cli_call *call, vdb_error *error);
vdb_status run_conversation_say(cli_call *call, vdb_error *error);
vdb_status run_conversation_end(cli_call *call, vdb_error *error);
vdb_status run_conversation_list(cli_call *call, vdb_error *error);
vdb_status run_conversation_show(cli_call *call, vdb_error *error);
vdb_status run_conversation_sweep(cli_call *call, vdb_error *error);
vdb_status run_conversation_spool(cli_call *call, vdb_error *error);
vdb_status run_index_show(cli_call *call, vdb_error *error);
vdb_status run_index_use(cli_call *call, vdb_error *error);
vdb_status run_backup(cli_call *call, vdb_error *error);
vdb_status run_backup_verify(cli_call *call, vdb_error *error);
vdb_status run_backup_key(cli_call *call, vdb_error *error);
vdb_status run_restore(cli_call *call, vdb_error *error);
vdb_status run_tenant_export(cli_call *call, vdb_error *error);
vdb_status run_tenant_import(cli_call *call, vdb_error *error);
vdb_status run_tenant_erase(cli_call *call, vdb_error *error);
vdb_status run_maintain(cli_call *call, vdb_error *error);
vdb_status run_doctor(cli_call *call, vdb_error *error);
vdb_status run_key_init(cli_call *call, vdb_error *error);
vdb_status run_key_status(cli_call *call, vdb_error *error);
vdb_status run_key_seal(cli_call *call, vdb_error *error);
vdb_status run_key_rotate(cli_call *call, vdb_error *error);
vdb_status run_webhook_run(cli_call *call, vdb_error *error);
vdb_status run_webhook_list(cli_call *call, vdb_error *error);
vdb_status run_webhook_retry(cli_call *call, vdb_error *error);
vdb_status run_webhook_secret(cli_call *call, vdb_error *error);
vdb_status run_privacy_find(cli_call *call, vdb_error *error);
vdb_status run_privacy_export(cli_call *call, vdb_error *error);
vdb_status run_privacy_erase(cli_call *call, vdb_error *error);
vdb_status run_privacy_retention(cli_call *call, vdb_error *error);
vdb_status run_completion(cli_call *call, vdb_error *error);
vdb_status run_help(cli_call *call, vdb_error *error);
vdb_status run_version(cli_call *call, vdb_error *error);

#endif
