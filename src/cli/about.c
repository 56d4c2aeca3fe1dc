/* The commands that need no database: help, version, completion. */
#include "cli/output.h"
#include "cli/values.h"

vdb_status run_help(cli_call *call, vdb_error *error)
{
    const help_values *v = call->values;
    const char *const *words = v->words;
    if (v->markdown != NULL) {
        help_markdown(stdout);
        return VDB_OK;
    }
    if (words == NULL) {
        help_print(stdout, NULL, NULL);
        return VDB_OK;
    }
    const cli_noun *noun = cli_find_noun(words[0]);
    const cli_command *command = noun == NULL || words[1] == NULL ? NULL : cli_find_command(words[0], words[1]);
    if (noun == NULL || (words[1] != NULL && (command == NULL || words[2] != NULL)))
        return error_set(error, VDB_USAGE, "Run `voicedb help` for the list of commands.", "there is no such command");
    help_print(stdout, noun, command);
    return VDB_OK;
}

vdb_status run_version(cli_call *call, vdb_error *error)
{
    (void)error;
    if (call->json)
        output_uuid(call, "version", vdb_version());
    else
        printf("voicedb %s\n", vdb_version());
    return VDB_OK;
}

vdb_status run_completion(cli_call *call, vdb_error *error)
{
    (void)call;
    (void)error;
    completion_bash(stdout);
    return VDB_OK;
}
