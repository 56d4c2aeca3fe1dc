-- Nothing was lost: number and hash of every table's rows, before and after.
INSERT INTO voicedb_adoption (kind, name, before, after)
SELECT 'table', table_name, before, pg_temp.fingerprint(table_name) FROM voicedb_contents ORDER BY table_name;

DO $$
DECLARE
    changed text;
BEGIN
    SELECT string_agg(name, ', ') INTO changed FROM voicedb_adoption WHERE kind = 'table' AND before IS DISTINCT FROM after;
    IF changed IS NOT NULL THEN
        RAISE EXCEPTION 'adopting would change contents of %', changed;
    END IF;
END $$;
