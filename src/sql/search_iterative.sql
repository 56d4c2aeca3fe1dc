-- Lets pgvector's own indexes go on past rows that the filter leaves out. Asked by: every search while such an index is in use.
-- scope: none
SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('ivfflat.iterative_scan', 'relaxed_order', true);
