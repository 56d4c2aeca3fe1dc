-- Where the migrations run to be looked at; rolled back. With a v_domains of its own, so that no foreign key takes a lock on
-- FusionPBX's. Asked by: migrate verify.
-- scope: none
CREATE SCHEMA voicedb_scratch
    CREATE TABLE v_domains (domain_uuid uuid PRIMARY KEY, domain_name text);
