"""Complete schemas of FusionPBX, where some are at hand (docs/development.md): voicedb works beside all of their tables and leaves them
as they are."""
import glob
import os
import unittest

from backup import Backups
from command import CLINIC_UUID, HOTEL_UUID, SOURCE
import tap

FOLDER = os.environ.get("VOICEDB_FUSIONPBX_SCHEMAS", os.path.join(SOURCE, "../shared/fusionpbx"))
SCHEMAS = sorted(glob.glob(os.path.join(FOLDER, "schema-*.sql")))

# Columns, indexes and constraints of all tables that are not voicedb's.
CATALOG = """
SELECT count(*), md5(string_agg(line, E'\\n' ORDER BY line))
FROM (SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS line, c.relname
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      UNION ALL
      SELECT indexdef, tablename FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL
      SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)), conrelid::regclass::text FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace) x
WHERE relname NOT LIKE 'v\\_voice\\_%' AND relname NOT LIKE 'voicedb\\_%'
"""


@unittest.skipUnless(SCHEMAS, "no complete schema of FusionPBX is at hand")
class CompleteSchemas(Backups):
    chunks = 3

    def each_database(self, **options):
        for schema in SCHEMAS:
            env = self.other_database(schema=schema, **options)
            before = self.sql(CATALOG, env)
            yield env
            self.assertEqual(self.sql(CATALOG, env), before, schema)

    def test_tables_and_rows_come_and_all_is_well(self):
        backup = self.path("complete.vdb")
        self.voicedb("backup", backup)
        for env in self.each_database():
            self.voicedb("migrate", env=env)
            self.voicedb("migrate", "verify", env=env)
            self.voicedb("restore", backup, env=env)
            for domain in (CLINIC_UUID, HOTEL_UUID):
                self.assertEqual(self.rows_of(domain, env), self.rows_of(domain))
            self.voicedb("migrate", "verify", env=env)

    def test_numbers_are_looked_up(self):
        for env in self.each_database():
            self.voicedb("migrate", env=env)
            self.sql(f"INSERT INTO v_extensions (extension_uuid, domain_uuid, extension, enabled) "
                     f"VALUES (gen_random_uuid(), '{CLINIC_UUID}', '200', 'true')", env)
            for kind, number in (("extension", "200"), ("ring_group", "600"), ("queue", "700"), ("voicemail", "200"), ("ivr_menu", "800")):
                self.at_clinic("transfer", "add", "--department", kind, "--type", kind, "--extension", number, env=env)
            answer = self.json("doctor", "transfer-number", "drift", "domains-key", status=12, env=env)
            self.assertEqual([(c["code"], c["state"]) for c in answer["checks"]],
                             [("domains-key", "good"), ("drift", "good"), ("transfer-number", "found")])
            self.assertEqual(len(answer["findings"]), 4)

    def test_adopting(self):
        with open(os.path.join(SOURCE, "tests/fixtures/voice_ai_ivr.sql"), encoding="utf-8") as file:
            fixture = file.read()
        for env in self.each_database(domains=False):
            self.sql(fixture, env)
            self.voicedb("migrate", "adopt", env=env)
            self.voicedb("migrate", "verify", env=env)


if __name__ == "__main__":
    tap.main()
