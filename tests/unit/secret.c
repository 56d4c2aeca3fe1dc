/* Sealed values open only with their key, where they stand; what is a secret; the file of master keys. */
#include "base/arena.h"
#include "secret/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static arena *memory;
static vdb_error failure;
static char folder[] = "/tmp/voicedb-unit-secret-XXXXXX";

static const seal_place here = { "c1000000-0000-4000-8000-00000000000c", "v_voice_ai_providers",
                                 "11111111-0000-4000-8000-000000000001", "config" };

static data_key key_of(char letter)
{
    data_key key;
    memset(&key, letter, sizeof key);
    snprintf(key.uuid, sizeof key.uuid, "%c%c%c%c%c%c%c%c-0000-4000-8000-000000000001", letter, letter, letter, letter,
             letter, letter, letter, letter);
    return key;
}

static const char *sealed_of(const char *config, const data_key *key)
{
    const char *sealed = NULL;
    assert_int_equal(config_seal(memory, config, &(seal_order){ .place = &here, .key = key }, &sealed, &failure),
                     VDB_OK);
    return arena_copy_string(memory, sealed);
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void what_is_sealed_opens_again(void **state)
{
    (void)state;
    const data_key key = key_of('a');
    static const char *const configs[] = {
        "{\"api_key\":\"sk-1\"}",
        "{\"model\":\"x\",\"deep\":[{\"token\":\"ação \\\"\\\\\\n☎\"},{\"password\":{\"a\":[1,null]}}],\"n\":0.2}",
        "{\"a/b\":{\"secret\":1},\"a\":{\"b/secret\":2},\"a~1b\":{\"secret\":true}}",
    };
    for (size_t i = 0; i < COUNT(configs); i++) {
        const char *sealed = sealed_of(configs[i], &key), *opened;
        assert_true(config_has_sealed(sealed));
        assert_null(strstr(sealed, "sk-1"));
        assert_null(strstr(sealed, "☎"));
        assert_int_equal(config_open(memory, sealed, &here, &key, &opened, &failure), VDB_OK);
        assert_string_equal(opened, configs[i]);
    }
}

static void the_same_secret_never_looks_the_same(void **state)
{
    (void)state;
    const data_key key = key_of('a');
    assert_string_not_equal(sealed_of("{\"token\":\"x\"}", &key), sealed_of("{\"token\":\"x\"}", &key));
}

static void refuse_opening(const char *sealed, const seal_place *place, const data_key *key)
{
    const char *opened = "untouched";
    assert_int_equal(config_open(memory, sealed, place, key, &opened, &failure), VDB_BAD_INPUT);
    assert_string_equal(opened, "untouched");
    assert_int_equal(config_open(memory, sealed, place, key, &opened, NULL), VDB_BAD_INPUT);
    assert_non_null(strstr(failure.message, "config/"));
    assert_null(strstr(failure.message, "sk-1"));
    assert_null(strstr(failure.detail, "sk-1"));
}

static void it_opens_nowhere_else(void **state)
{
    (void)state;
    const data_key key = key_of('a'), other = key_of('b');
    data_key impostor = other;
    memcpy(impostor.uuid, key.uuid, sizeof key.uuid);
    const char *sealed = sealed_of("{\"api_key\":\"sk-1\",\"token\":\"sk-2\"}", &key);
    seal_place places[4];
    for (size_t i = 0; i < COUNT(places); i++)
        places[i] = here;
    places[0].domain = "40000000-0000-4000-8000-000000000007";
    places[1].table = "v_voice_secretaries";
    places[2].row = "11111111-0000-4000-8000-000000000002";
    places[3].column = "config2";
    for (size_t i = 0; i < 3; i++)
        refuse_opening(sealed, &places[i], &key);
    const char *opened;
    assert_int_equal(config_open(memory, sealed, &places[3], &key, &opened, &failure), VDB_BAD_INPUT);
    refuse_opening(sealed, &here, &other);
    refuse_opening(sealed, &here, &impostor);
    refuse_opening(sealed, &here, NULL);
}

/* Within one row, too: the key of one field is not that of another. */
static void fields_cannot_be_exchanged(void **state)
{
    (void)state;
    const data_key key = key_of('a');
    char *sealed = strdup(sealed_of("{\"api_key\":\"sk-1\",\"ipa_key\":{\"apikey\":\"sk-2\"}}", &key));
    memcpy(strstr(sealed, "api_key"), "oth_key", 7);
    refuse_opening(sealed, &here, &key);
    free(sealed);
}

static void a_changed_byte_is_noticed(void **state)
{
    (void)state;
    const data_key key = key_of('a');
    const char *sealed = sealed_of("{\"api_key\":\"sk-1\"}", &key);
    for (size_t at = strlen("{\"api_key\":{\"$sealed\":\""); sealed[at] != '"'; at++) {
        char *changed = strdup(sealed);
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        refuse_opening(changed, &here, &key);
        free(changed);
    }
    refuse_opening("{\"api_key\":{\"$sealed\":\"\"}}", &here, &key);
    refuse_opening("{\"api_key\":{\"$sealed\":\"v1\"}}", &here, &key);
    refuse_opening("{\"api_key\":{\"$sealed\":\"v2:aaaaaaaa-0000-4000-8000-000000000001:AAAA\"}}", &here, &key);
    refuse_opening("{\"api_key\":{\"$sealed\":\"v1:aaaaaaaa-0000-4000-8000-000000000001:\"}}", &here, &key);
}

static void what_is_sealed_is_sealed_again_by_another_key(void **state)
{
    (void)state;
    const data_key old = key_of('a'), new = key_of('b');
    const char *sealed = sealed_of("{\"api_key\":\"sk-1\",\"n\":1.5}", &old), *resealed, *opened;
    seal_place there = here;
    there.row = "11111111-0000-4000-8000-000000000002";
    const seal_order order = { .place = &there, .key = &new, .old_place = &here, .old = &old };
    assert_int_equal(config_seal(memory, sealed, &order, &resealed, &failure), VDB_OK);
    assert_int_equal(config_open(memory, resealed, &there, &new, &opened, &failure), VDB_OK);
    assert_string_equal(opened, "{\"api_key\":\"sk-1\",\"n\":1.5}");
    refuse_opening(resealed, &here, &new);
    assert_int_equal(config_seal(memory, resealed, &order, &resealed, &failure), VDB_BAD_INPUT);
}

static void sealing_again_leaves_every_other_byte(void **state)
{
    (void)state;
    const data_key old = key_of('a'), new = key_of('b');
    const seal_order order = { .place = &here, .key = &new, .old = &old };
    const char *sealed = sealed_of("{\"token\":\"sk-1\"}", &old), *resealed, *opened;
    const char *config = arena_printf(memory, "{\"n\": 1.50, \"deep\":  %s, \"s\": \"\\u00e7\"}", sealed);
    assert_int_equal(config_reseal(memory, config, NULL, &order, &resealed, &failure), VDB_BAD_INPUT);
    config = arena_printf(memory, "{\"n\": 1.50, %s", sealed + 1);
    assert_int_equal(config_reseal(memory, config, NULL, &order, &resealed, &failure), VDB_OK);
    assert_memory_equal(resealed, "{\"n\": 1.50, \"token\":{\"$sealed\":\"v1:bbbbbbbb-", 44);
    assert_int_equal(config_open(memory, resealed, &here, &new, &opened, &failure), VDB_OK);
    assert_non_null(strstr(opened, "\"token\":\"sk-1\""));
}

/* ---- what is a secret -------------------------------------------------------------------------------------------- */

static void secrets_are_told_by_name_and_by_declaration(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        int sealed, plain;
    } cases[] = {
        { "{}", 0, 0 },
        { "{\"model\":\"x\",\"max_tokens\":5,\"keyboard\":1}", 0, 0 },
        { "{\"api_key\":\"x\",\"OPENAI_API_KEY\":\"x\",\"x\":{\"Authorization\":\"Bearer x\"}}", 0, 3 },
        { "{\"api_key\":null,\"token\":\"\"}", 0, 0 },
        { "{\"$secret\":[\"account\"],\"account\":\"x\",\"deep\":[{\"account\":1}]}", 0, 2 },
        { "{\"$secret\":\"account\",\"account\":\"x\"}", 0, 0 },
        { "{\"a\":[{\"$sealed\":\"v1:k:AAAA\"}],\"token\":{\"$sealed\":\"v1:k:AAAA\"}}", 2, 0 },
        { "{\"token\":{\"$sealed\":\"v1:k:AAAA\",\"more\":1}}", 0, 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t sealed, plain;
        assert_int_equal(config_count(cases[i].config, &sealed, &plain, &failure), VDB_OK);
        assert_int_equal(sealed, cases[i].sealed);
        assert_int_equal(plain, cases[i].plain);
    }
    int64_t sealed, plain;
    assert_int_equal(config_count("[1]", &sealed, &plain, &failure), VDB_BAD_INPUT);
}

static void what_is_secret_is_masked(void **state)
{
    (void)state;
    char *masked = vdb_provider_config_masked("{\"$secret\":[\"account\"],\"account\":7,\"x\":{\"$sealed\":\"v1:k:"
                                              "AAAA\"},\"l\":[{\"$sealed\":\"v1\"}],\"n\":0.2}");
    assert_string_equal(
        masked, "{\"$secret\": [\"account\"], \"account\": \"***\", \"x\": \"***\", \"l\": [\"***\"], \"n\": 0.2}");
    free(masked);
}

static void a_mask_is_no_secret(void **state)
{
    (void)state;
    const data_key key = key_of('a');
    const char *sealed;
    const seal_order order = { .place = &here, .key = &key };
    assert_int_equal(config_seal(memory, "{\"deep\":[{\"api_key\":\"***\"}]}", &order, &sealed, &failure),
                     VDB_BAD_INPUT);
    assert_string_equal(failure.message, "config/deep/0/api_key is masked");
}

/* ---- master keys ------------------------------------------------------------------------------------------------- */

static const char *path_of(const char *name)
{
    return arena_printf(memory, "%s/%s", folder, name);
}

static const char *write_file(const char *name, const char *content, mode_t mode)
{
    const char *path = path_of(name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static const char *read_file(const char *path)
{
    static char content[LARGEST_KEY_FILE];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    content[fread(content, 1, sizeof content - 1, file)] = '\0';
    fclose(file);
    return content;
}

static void a_key_file_is_made_once(void **state)
{
    (void)state;
    char id[MASTER_ID_ROOM], again[MASTER_ID_ROOM] = "";
    struct stat s;
    const char *path = path_of("once");
    assert_int_equal(vdb_key_init(path, NULL, id, &failure), VDB_OK);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    const char *before = arena_copy_string(memory, read_file(path));
    assert_int_equal(vdb_key_init(path, NULL, again, &failure), VDB_CONFLICT);
    assert_string_equal(again, "");
    assert_string_equal(read_file(path), before);
    assert_int_equal(access(path_of("once.partial"), F_OK), -1);
    assert_int_equal(vdb_key_init(path_of("no/such/folder"), NULL, id, &failure), VDB_BAD_INPUT);
}

/* A new key in front; the old one still opens. */
static void a_new_key_follows_an_old_one(void **state)
{
    (void)state;
    char old_id[MASTER_ID_ROOM], new_id[MASTER_ID_ROOM], ids[MOST_MASTER_KEYS][MASTER_ID_ROOM];
    size_t count;
    data_key key = key_of('a'), opened;
    const char *sealed, *resealed;
    assert_int_equal(vdb_key_init(path_of("old"), NULL, old_id, &failure), VDB_OK);
    assert_int_equal(vdb_key_init(path_of("new"), path_of("old"), new_id, &failure), VDB_OK);
    keyring *old = keyring_new(path_of("old")), *new = keyring_new(path_of("new"));
    assert_int_equal(keyring_ids(new, ids, &count, &failure), VDB_OK);
    assert_int_equal(count, 2);
    assert_string_equal(ids[0], new_id);
    assert_string_equal(ids[1], old_id);
    assert_int_equal(keyring_seal(old, memory, here.domain, &key, &sealed, &failure), VDB_OK);
    assert_int_equal(keyring_open(new, here.domain, key.uuid, sealed, &opened, &failure), VDB_OK);
    assert_memory_equal(opened.bytes, key.bytes, sizeof key.bytes);
    assert_int_equal(keyring_seal(new, memory, here.domain, &key, &resealed, &failure), VDB_OK);
    assert_int_equal(keyring_open(old, here.domain, key.uuid, resealed, &opened, &failure), VDB_NOT_ALLOWED);
    assert_non_null(strstr(failure.message, new_id));
    /* Of another tenant, or another key: it does not open. */
    assert_int_equal(keyring_open(new, here.row, key.uuid, sealed, &opened, &failure), VDB_BAD_INPUT);
    assert_non_null(strstr(failure.message, old_id));
    assert_int_equal(keyring_open(new, here.domain, here.row, sealed, &opened, &failure), VDB_BAD_INPUT);
    keyring_free(old);
    keyring_free(new);
}

static void a_file_that_gets_a_key_is_read_again(void **state)
{
    (void)state;
    char id[MASTER_ID_ROOM];
    data_key key = key_of('a'), opened;
    const char *sealed;
    assert_int_equal(vdb_key_init(path_of("first"), NULL, id, &failure), VDB_OK);
    assert_int_equal(vdb_key_init(path_of("second"), path_of("first"), id, &failure), VDB_OK);
    keyring *patient = keyring_new(path_of("first")), *ahead = keyring_new(path_of("second"));
    assert_int_equal(keyring_load(patient, &failure), VDB_OK);
    assert_int_equal(keyring_seal(ahead, memory, here.domain, &key, &sealed, &failure), VDB_OK);
    assert_int_equal(keyring_open(patient, here.domain, key.uuid, sealed, &opened, &failure), VDB_NOT_ALLOWED);
    assert_int_equal(rename(path_of("second"), path_of("first")), 0);
    assert_int_equal(keyring_open(patient, here.domain, key.uuid, sealed, &opened, &failure), VDB_OK);
    keyring_free(patient);
    keyring_free(ahead);
}

static void refuse_file(vdb_status status, const char *path, const char *message)
{
    keyring *k = keyring_new(path);
    assert_int_equal(keyring_load(k, &failure), status);
    if (strstr(failure.message, message) == NULL && strstr(failure.detail, message) == NULL)
        fail_msg("%s (%s) lacks %s", failure.message, failure.detail, message);
    assert_non_null(strstr(failure.message, path));
    assert_null(strstr(failure.message, "0123456789abcdef"));
    assert_null(strstr(failure.detail, "0123456789abcdef"));
    keyring_free(k);
}

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static void a_key_file_that_is_none_is_refused(void **state)
{
    (void)state;
    char id[MASTER_ID_ROOM];
    refuse_file(VDB_NOT_ALLOWED, path_of("nowhere"), "No such file");
    refuse_file(VDB_BAD_INPUT, folder, "no regular file");
    refuse_file(VDB_BAD_INPUT, write_file("empty", "", 0600), "holds no key");
    refuse_file(VDB_BAD_INPUT, write_file("comment", "# x\n\n", 0600), "holds no key");
    refuse_file(VDB_BAD_INPUT, write_file("backup", HEX64 "\n", 0600), "is a key for backups");
    refuse_file(VDB_BAD_INPUT, write_file("id", "voicedb-master-key-1 " HEX16 " " HEX64 "\n", 0600), "line 1");
    refuse_file(VDB_BAD_INPUT, write_file("short", "#\nvoicedb-master-key-1 " HEX16 " " HEX16 "\n", 0600), "line 2");
    refuse_file(VDB_BAD_INPUT, write_file("words", "always " HEX64, 0600), "damaged");
    assert_int_equal(vdb_key_init(path_of("good"), NULL, id, &failure), VDB_OK);
    const char *good = arena_copy_string(memory, read_file(path_of("good")));
    refuse_file(VDB_NOT_ALLOWED, write_file("world", good, 0644), "open to others");
    refuse_file(VDB_NOT_ALLOWED, write_file("group", good, 0640), "open to others");
    refuse_file(VDB_BAD_INPUT, write_file("twice", arena_printf(memory, "%s%s", good, good), 0600), "twice");
    char *large = arena_alloc(memory, LARGEST_KEY_FILE + 10);
    memset(large, '#', LARGEST_KEY_FILE + 1);
    refuse_file(VDB_BAD_INPUT, write_file("large", large, 0600), "too large");
    char *cut = arena_copy_string(memory, good);
    cut[strlen(cut) - 3] = '\0';
    refuse_file(VDB_BAD_INPUT, write_file("cut", cut, 0600), "damaged");
}

/* systemd gives a service's credentials its access by an ACL, whose mask shows as the group's right. */
static void a_credential_may_show_its_mask(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# a file of root's takes root\n");
        skip();
    }
    char id[MASTER_ID_ROOM];
    unlink(path_of("voicedb-master.key"));
    assert_int_equal(vdb_key_init(path_of("voicedb-master.key"), NULL, id, &failure), VDB_OK);
    assert_int_equal(chmod(path_of("voicedb-master.key"), 0440), 0);
    refuse_file(VDB_NOT_ALLOWED, path_of("voicedb-master.key"), "open to others");
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    unsetenv("VOICEDB_MASTER_KEY");
    keyring *k = keyring_new(NULL);
    assert_string_equal(keyring_path(k), path_of("voicedb-master.key"));
    assert_int_equal(keyring_load(k, &failure), VDB_OK);
    assert_int_equal(chmod(path_of("voicedb-master.key"), 0444), 0);
    assert_int_equal(keyring_load(k, &failure), VDB_NOT_ALLOWED);
    keyring_free(k);
    unsetenv("CREDENTIALS_DIRECTORY");
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* Whether the mapping that holds an address is left out of core dumps. */
static bool is_undumped(const void *address)
{
    char line[512];
    bool within = false, undumped = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            within = (unsigned long)address >= from && (unsigned long)address < to;
        if (within && strncmp(line, "VmFlags:", 8) == 0)
            undumped = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    return undumped;
}

static void opened_configs_are_in_no_core_dump(void **state)
{
    (void)state;
    arena *private = arena_new_private(), *owner = arena_new();
    const data_key key = key_of('a');
    const char *opened;
    assert_int_equal(config_open(private, sealed_of("{\"token\":\"x\"}", &key), &here, &key, &opened, &failure),
                     VDB_OK);
    assert_true(is_undumped(opened));
    assert_false(is_undumped(arena_alloc(owner, 16)));
    arena_adopt(owner, private);
    arena_free(owner);
}

static int begin(void **state)
{
    (void)state;
    memory = arena_new();
    return sodium_init() < 0 || mkdtemp(folder) == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    const char *command = arena_printf(memory, "rm -rf '%s'", folder);
    int status = system(command);
    arena_free(memory);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_again),
        cmocka_unit_test(the_same_secret_never_looks_the_same),
        cmocka_unit_test(it_opens_nowhere_else),
        cmocka_unit_test(fields_cannot_be_exchanged),
        cmocka_unit_test(a_changed_byte_is_noticed),
        cmocka_unit_test(what_is_sealed_is_sealed_again_by_another_key),
        cmocka_unit_test(sealing_again_leaves_every_other_byte),
        cmocka_unit_test(secrets_are_told_by_name_and_by_declaration),
        cmocka_unit_test(what_is_secret_is_masked),
        cmocka_unit_test(a_mask_is_no_secret),
        cmocka_unit_test(a_key_file_is_made_once),
        cmocka_unit_test(a_new_key_follows_an_old_one),
        cmocka_unit_test(a_file_that_gets_a_key_is_read_again),
        cmocka_unit_test(a_key_file_that_is_none_is_refused),
        cmocka_unit_test(a_credential_may_show_its_mask),
        cmocka_unit_test(opened_configs_are_in_no_core_dump),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
