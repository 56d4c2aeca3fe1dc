/* What the conversation log checks before it takes something. */
#ifndef VDB_STORE_CONVERSATIONS_H
#define VDB_STORE_CONVERSATIONS_H

#include "base/buffer.h"
#include "base/uuid.h"
#include "store/tenant.h"

vdb_status conversation_check_start(const vdb_conversation_start_input *input, vdb_error *error);
/* The UUID of the conversation about a call: the same from whoever asks, without the database. */
uuid conversation_of_call(const uuid *domain, const uuid *call);

vdb_status message_check(const vdb_message *message, vdb_error *error);

/* PostgreSQL's text of an array; UUIDs need no quoting there. Nothing is appended for no list: NULL. */
vdb_status message_chunks(const char *const *uuids, buffer *text, vdb_error *error);

#endif
