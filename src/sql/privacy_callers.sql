-- Every caller id of the tenant, once. Which of them are spellings of one number is decided outside. Asked by: `privacy find`, `export` and
-- `erase`, and when erasures are done again after a restore or an import.
SELECT DISTINCT caller_id
FROM v_voice_conversations
WHERE domain_uuid = :'domain_uuid'::uuid AND caller_id IS NOT NULL;
