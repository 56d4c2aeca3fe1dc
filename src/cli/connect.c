#include "cli/cli.h"
#include "cli/fusionpbx.h"

#include <stdlib.h>

vdb_status cli_database(cli_call *call, vdb_options *options, vdb_error *error)
{
    *options = (vdb_options){ .conninfo = call->globals.conninfo, .master_key_file = call->globals.master_key };
    if (call->globals.fusionpbx == NULL)
        return VDB_OK;
    if (options->conninfo != NULL)
        return error_set(error, VDB_USAGE, "Leave one of them out.",
                         "--conninfo and --fusionpbx both say how to connect");
    return fusionpbx_read(call->memory, call->globals.fusionpbx, &options->conninfo, error);
}

const char *cli_domain(const cli_call *call)
{
    const char *domain = call->globals.domain != NULL ? call->globals.domain : getenv("VOICEDB_DOMAIN");
    return domain != NULL && *domain != '\0' ? domain : NULL;
}
