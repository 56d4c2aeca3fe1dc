-- Asked by: `privacy erase`, in the transaction that erases.
INSERT INTO voicedb_erasures (domain_uuid, key_id, caller_hashes)
VALUES (:'domain_uuid'::uuid, :'key_id'::text, decode(:'caller_hashes'::text, 'hex'));
