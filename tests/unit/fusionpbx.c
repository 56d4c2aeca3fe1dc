/* FusionPBX's config.conf: what becomes of it in libpq's eyes. */
#include "cli/fusionpbx.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Checks one setting as libpq reads it back from the connection string. NULL: it must not be there. */
static void expect(const char *config, const char *keyword, const char *value)
{
    arena *memory = arena_new();
    const char *conninfo = NULL;
    vdb_error error = { 0 };
    assert_int_equal(fusionpbx_conninfo(memory, config, &conninfo, &error), VDB_OK);
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    assert_non_null(options);
    const PQconninfoOption *option = options;
    while (option->keyword != NULL && strcmp(option->keyword, keyword) != 0)
        option++;
    assert_non_null(option->keyword);
    if (value == NULL)
        assert_null(option->val);
    else
        assert_string_equal(option->val, value);
    PQconninfoFree(options);
    arena_free(memory);
}

static void refuse(const char *config, const char *message)
{
    arena *memory = arena_new();
    const char *conninfo = NULL;
    vdb_error error = { 0 };
    assert_int_equal(fusionpbx_conninfo(memory, config, &conninfo, &error), VDB_BAD_INPUT);
    assert_string_equal(error.message, message);
    assert_true(error.hint[0] != '\0');
    assert_null(conninfo);
    arena_free(memory);
}

static void every_setting_has_its_libpq_name(void **state)
{
    (void)state;
    static const char config[] = "# FusionPBX Settings\n"
                                 "\n"
                                 "#database system settings\n"
                                 "database.0.type = pgsql\n"
                                 "database.0.host = 127.0.0.1\n"
                                 "database.0.port = 5433\n"
                                 "database.0.sslmode = prefer\n"
                                 "database.0.name = fusionpbx\n"
                                 "database.0.username = pbx\n"
                                 "database.0.password = s3cret\n"
                                 "database.1.type = sqlite\n"
                                 "database.1.name = core.db\n"
                                 "document.root = /var/www/fusionpbx\n";
    expect(config, "host", "127.0.0.1");
    expect(config, "port", "5433");
    expect(config, "sslmode", "prefer");
    expect(config, "dbname", "fusionpbx");
    expect(config, "user", "pbx");
    expect(config, "password", "s3cret");
    expect(config, "options", NULL);
}

static void values_reach_libpq_as_they_are(void **state)
{
    (void)state;
    expect("database.0.name=x\ndatabase.0.password = a=b=c==\n", "password", "a=b=c==");
    expect("database.0.name=x\ndatabase.0.password = it's \\ 'all' # mine\n", "password", "it's \\ 'all' # mine");
    expect("database.0.name=x\ndatabase.0.password = \" spaces \"\n", "password", " spaces ");
    expect("database.0.name=x\ndatabase.0.password = \"\n", "password", "\"");
    expect("database.0.name=x\ndatabase.0.password = x' host='evil\n", "host", NULL);
    expect("database.0.name=x\ndatabase.0.password = x\\\n", "password", "x\\");
    expect("database.0.name = postgresql://evil/db\n", "dbname", "postgresql://evil/db");
    expect("database.0.name=Cl\xC3\xADnica\n", "dbname", "Cl\xC3\xADnica");
}

static void lines_may_be_written_in_many_ways(void **state)
{
    (void)state;
    expect("\tdatabase.0.name   =\tx\t\r\ndatabase.0.port=1\r\n", "dbname", "x");
    expect("database.0.name=x\r\ndatabase.0.port=1\r\n", "port", "1");
    expect("database.0.name = x", "dbname", "x");
    expect("database.0.name = x\ndatabase.0.name = y\n", "dbname", "y");
    expect("database.0.name = x\n  # database.0.name = y\n", "dbname", "x");
    expect("no sign\n=\ndatabase.0. = 1\ndatabase.0.name = x\n", "dbname", "x");
    expect("database.0.name = x\ndatabase.0.host =\n", "host", NULL);
}

static void what_is_no_postgresql_is_refused(void **state)
{
    (void)state;
    refuse("", "the configuration names no database");
    refuse("database.0.name =\n", "the configuration names no database");
    refuse("database.1.name = core.db\n", "the configuration names no database");
    refuse("database.0.type = mysql\ndatabase.0.name = x\n", "FusionPBX's database is not PostgreSQL");
    refuse("database.0.type = pgsqlx\ndatabase.0.name = x\n", "FusionPBX's database is not PostgreSQL");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const char *conninfo = NULL;
    vdb_error error = { 0 };
    assert_int_equal(fusionpbx_read(memory, "/nowhere/config.conf", &conninfo, &error), VDB_BAD_INPUT);
    assert_string_equal(error.message, "cannot open /nowhere/config.conf: No such file or directory");
    assert_null(conninfo);
    arena_free(memory);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_its_libpq_name),  cmocka_unit_test(values_reach_libpq_as_they_are),
        cmocka_unit_test(lines_may_be_written_in_many_ways), cmocka_unit_test(what_is_no_postgresql_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
