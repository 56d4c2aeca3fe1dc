/*
 * Foreign keys of a restore. A trigger that looks up each row's references costs a tenth of the time, so that they are
 * switched off and all references checked at once, as when a foreign key is added, where the role may do so; elsewhere
 * the triggers do it. What triggers do besides (a webhook at the end of a conversation) has happened once already.
 */
#ifndef VDB_BACKUP_REFERENCES_H
#define VDB_BACKUP_REFERENCES_H

#include "backup/manifest.h"
#include "pg/connection.h"

/* For the rest of the transaction, which has locked the voice tables; the backup's domains are held from here on. */
vdb_status references_defer(connection *c, const manifest *m, bool *deferred, vdb_error *error);

/* VDB_BAD_INPUT: rows refer to nothing. */
vdb_status references_check(connection *c, vdb_error *error);

#endif
