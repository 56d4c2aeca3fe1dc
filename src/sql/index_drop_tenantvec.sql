-- Asked by: `index use`, of what is not to be used, or is left invalid by an interrupted build.
-- scope: none
DROP INDEX CONCURRENTLY IF EXISTS idx_chunks_embedding_tenantvec;
