"""The project's own linters: each finds what it is there for, and leaves the rest alone."""
import importlib.util
import os
import sys
import unittest

import tap

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def linter(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(SOURCE, "tools/lint", name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
layers, sql = linter("layers"), linter("sql")


class Layers(unittest.TestCase):
    def found(self, path, text):
        return [message for _, message in layers.check(path, text)]

    def test_includes_point_down(self):
        self.assertEqual(self.found("src/cli/a.c", '#include "store/tenant.h"\n#include "cli.h"\n'), [])
        self.assertEqual(len(self.found("src/pg/a.c", '#include "store/tenant.h"\n')), 1)
        self.assertEqual(len(self.found("src/base/a.h", '# include "pg/pool.h"\n')), 1)

    def test_neighbours_do_not_know_each_other(self):
        self.assertEqual(len(self.found("src/schema/a.c", '#include "store/tenant.h"\n')), 1)

    def test_a_new_folder_needs_its_rank(self):
        self.assertEqual(len(self.found("src/other/a.c", "")), 1)

    def test_lower_layers_know_no_voice_table(self):
        self.assertEqual(len(self.found("src/pg/a.c", 'f("v_voice_messages");\n')), 1)
        self.assertEqual(self.found("src/schema/a.c", 'f("v_voice_messages");\n'), [])
        self.assertEqual(self.found("src/pg/a.c", "/* unlike\n v_voice_messages */\n"), [])

    def test_no_sql_in_c(self):
        for text in ("select 1 from x", "SELECT set_config('a', 'b', true)", "insert into t values (1)", "delete from t",
                     "UPDATE t SET a = 1", "create table if not exists t (a int)"):
            with self.subTest(text):
                self.assertEqual(len(self.found("src/store/a.c", f'run("{text}");')), 1)
        for text in ("select one of: %s", "Update the provider.", "Create the domain in FusionPBX.", "delete %s"):
            with self.subTest(text):
                self.assertEqual(self.found("src/store/a.c", f'run("{text}");'), [])

    def test_tells_the_line(self):
        self.assertEqual([line for line, _ in layers.check("src/pg/a.c", '\n\n#include "cli/cli.h"\n')], [3])


class Migrations(unittest.TestCase):
    def found(self, text):
        return [message for _, message in sql.check_migration(text)]

    def assert_found(self, text):
        self.assertEqual(len(self.found(text)), 1, text)

    def test_what_runs_twice_is_fine(self):
        self.assertEqual(self.found("""
            -- CREATE TABLE in a comment
            CREATE TABLE IF NOT EXISTS v_voice_x (x_uuid UUID PRIMARY KEY, domain_uuid UUID NOT NULL REFERENCES v_domains);
            CREATE UNIQUE INDEX IF NOT EXISTS i ON v_voice_x (domain_uuid);
            CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ select 'drop it; now' $$;
            DO $body$ BEGIN CREATE ROLE r; ALTER TABLE v_voice_x ADD CONSTRAINT c CHECK (true); END $body$;
            DROP POLICY IF EXISTS p ON v_voice_x;
            CREATE POLICY p ON v_voice_x USING (true);
            INSERT INTO t VALUES ('create table x ()') ON CONFLICT DO NOTHING;
            ALTER TABLE v_voice_x ADD COLUMN IF NOT EXISTS y TEXT;
            GRANT SELECT ON v_voice_x TO r;
        """), [])

    def test_what_fails_the_second_time_is_found(self):
        for text in ("CREATE TABLE x (a int);", "create  unique index i on t (a);", "CREATE EXTENSION vector;",
                     "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1';", "CREATE ROLE r;",
                     "CREATE POLICY p ON t USING (true);", "CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f();",
                     "ALTER TABLE t ADD COLUMN c text;", "ALTER TABLE t ADD CONSTRAINT c CHECK (true);",
                     "ALTER TABLE t RENAME COLUMN a TO b;", "INSERT INTO t VALUES (1);"):
            with self.subTest(text):
                self.assert_found(text)

    def test_a_policy_dropped_on_another_table_does_not_count(self):
        self.assert_found("DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON b USING (true);")

    def test_nothing_is_destroyed_not_even_in_a_block(self):
        self.assert_found("DROP TABLE IF EXISTS t;")
        self.assert_found("DO $$ BEGIN\n  ALTER TABLE t DROP COLUMN c;\nEND $$;")
        self.assert_found("TRUNCATE t;")

    def test_syntax_newer_than_13_is_found(self):
        self.assert_found("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a) NULLS NOT DISTINCT;")
        self.assert_found("CREATE OR REPLACE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f();")

    def test_a_voice_table_without_tenant_is_found(self):
        self.assert_found("CREATE TABLE IF NOT EXISTS v_voice_x (x_uuid UUID PRIMARY KEY);")
        self.assert_found("CREATE TABLE IF NOT EXISTS v_voice_x (x_uuid UUID PRIMARY KEY, domain_uuid UUID);")

    def test_numbers_follow_each_other(self):
        self.assertEqual(list(sql.check_numbers(["migrations/0002_b.sql", "migrations/0001_a.sql"])), [])
        self.assertEqual(len(list(sql.check_numbers(["migrations/0001_a.sql", "migrations/0003_c.sql"]))), 1)
        self.assertEqual(len(list(sql.check_numbers(["migrations/0001_a.sql", "migrations/0001_b.sql"]))), 1)


if __name__ == "__main__":
    tap.main()
