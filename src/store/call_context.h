/* What a call begins with. */
#ifndef VDB_STORE_CALL_CONTEXT_H
#define VDB_STORE_CALL_CONTEXT_H

#include "store/tenant.h"

/* vdb_call_context_get() of a secretary that may be disabled. `open` false: configs stay sealed, and no key is needed.
 */
vdb_status call_context_load(vdb_tenant *t, const char *secretary, bool open, const vdb_call_context **context,
                             vdb_error *error);

#endif
