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

/* What a message lists, as the queries take it; NULL data: no list. */
typedef struct message_lists {
    buffer chunks, similarities;
} message_lists;

vdb_status message_lists_make(const vdb_message *message, message_lists *lists, vdb_error *error);
void message_lists_free(message_lists *lists); /* of those that were made */

#endif
