/* What a tenant's embedding services are asked for is counted, and paced where their config limits it. */
#ifndef VDB_KNOWLEDGE_ACCOUNT_H
#define VDB_KNOWLEDGE_ACCOUNT_H

#include "knowledge/embed.h"
#include "store/tenant.h"

embed_account account_of(vdb_tenant *t);

#endif
