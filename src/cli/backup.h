/* What the commands on backups print alike. */
#ifndef VDB_CLI_BACKUP_H
#define VDB_CLI_BACKUP_H

#include "cli/output.h"

/* What a backup is and what it holds, then a line for people. */
void backup_print(const cli_call *call, const vdb_backup_info *info, const char *verdict);

#endif
