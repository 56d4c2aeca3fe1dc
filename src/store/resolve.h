/* The transfer rules that a tenant's handle keeps ready. */
#ifndef VDB_STORE_RESOLVE_H
#define VDB_STORE_RESOLVE_H

struct rule_cache;

/* NULL is allowed. */
void rule_cache_free(struct rule_cache *cache);

#endif
