-- The type whose values go into a binary array. Asked by: storing a document, once.
-- scope: none
SELECT oid
FROM pg_type
WHERE oid = 'vector'::regtype;
