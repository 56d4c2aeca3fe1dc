/* The library and the process that reads documents: the real one, and ones that crash, hang, flood and lie. */
#include "extract/extract.h"

#include "base/buffer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/voicedb-extract-XXXXXX";
static char *real;
static vdb_error failure;

static int begin_group(void **state)
{
    (void)state;
    const char *given = getenv("VOICEDB_EXTRACT_DIR");
    real = given == NULL ? NULL : strdup(given);
    return mkdtemp(folder) == NULL || real == NULL;
}

static int end_group(void **state)
{
    (void)state;
    char command[64];
    free(real);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int file_of(const char *bytes, size_t length)
{
    int file = open(path_of("document"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    return file;
}

/* From now on the process is this shell script. */
static void pretend(const char *script)
{
    FILE *file = fopen(path_of("voicedb-extract"), "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path_of("voicedb-extract"), 0700), 0);
    assert_int_equal(setenv("VOICEDB_EXTRACT_DIR", folder, 1), 0);
}

static int be_honest(void **state)
{
    (void)state;
    return setenv("VOICEDB_EXTRACT_DIR", real, 1);
}

static vdb_status extract(const extract_limits *limits, extract_patience patience, extraction *x)
{
    int file = file_of("text", 4);
    vdb_status status = extract_document(file, "it", limits, patience, NULL, x, &failure);
    close(file);
    return status;
}

static void is_refused(const char *script, const extract_limits *limits, vdb_status status, const char *message)
{
    extraction x;
    if (script != NULL)
        pretend(script);
    failure = (vdb_error){ 0 };
    assert_int_equal(extract(limits, NULL, &x), status);
    assert_int_equal(failure.status, status);
    assert_string_equal(failure.message, message);
    assert_true(failure.hint[0] >= 'A' && failure.hint[0] <= 'Z');
    extraction_close(&x);
}

static vdb_status append(void *context, const char *bytes, size_t length, vdb_error *error)
{
    (void)error;
    buffer_append(context, bytes, length);
    return VDB_OK;
}

static void text_comes_back(void **state)
{
    (void)state;
    const extract_reader reader = { .text = append };
    extraction x;
    buffer text;
    assert_int_equal(extract(NULL, NULL, &x), VDB_OK);
    assert_int_equal(x.kind, KIND_TEXT);
    assert_string_equal(x.mime_type, "text/plain");
    assert_int_equal(x.text_size, 4);
    for (int time = 0; time < 2; time++) {
        buffer_init(&text, 100);
        assert_int_equal(extraction_read(&x, &reader, &text, &failure), VDB_OK);
        assert_string_equal(text.data, "text");
        buffer_free(&text);
    }
    extraction_close(&x);
}

/* Neither environment, but how the C library allocates, nor descriptors: that is where keys and connections are. */
static void nothing_is_inherited(void **state)
{
    (void)state;
    char script[256], said[256] = "";
    extraction x;
    int inherited = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as careless callers do */
    assert_int_equal(setenv("VOICEDB_SECRET", "s3cret", 1), 0);
    snprintf(script, sizeof script,
             "{ tr '\\0' '\\n' </proc/$$/environ | grep -v glibc.malloc; ls /proc/$$/fd | tr '\\n' ' '; } >%s/said",
             folder);
    pretend(script);
    assert_int_equal(extract(NULL, NULL, &x), VDB_DEFECT);
    extraction_close(&x);
    FILE *file = fopen(path_of("said"), "r");
    assert_non_null(file);
    assert_non_null(fgets(said, sizeof said, file));
    fclose(file);
    close(inherited);
    unsetenv("VOICEDB_SECRET");
    assert_null(strstr(said, "="));
    assert_null(strstr(said, "4"));
}

static void a_bad_process_is_an_error(void **state)
{
    (void)state;
    const extract_limits one_second = { .seconds = 1 }, one_megabyte = { .text_bytes = 1 << 20 };
    is_refused("kill -9 $$", NULL, VDB_BAD_INPUT, "it cannot be read: voicedb-extract was ended by signal 9");
    is_refused("kill -SEGV $$", NULL, VDB_BAD_INPUT, "it cannot be read: voicedb-extract was ended by signal 11");
    is_refused("kill -XCPU $$", &one_second, VDB_BAD_INPUT, "it takes more than 1 s to read");
    is_refused("exec sleep 1000", &one_second, VDB_BAD_INPUT, "it takes more than 1 s to read");
    is_refused("exec cat /dev/zero", &one_megabyte, VDB_BAD_INPUT, "it holds more than 1 MB of text");
    is_refused("exec >/dev/null; exec sleep 1000", NULL, VDB_BAD_INPUT,
               "it cannot be read: voicedb-extract was ended by signal 9");
    is_refused("exit 3", NULL, VDB_DEFECT, "voicedb-extract ended with status 3");
    assert_int_equal(setenv("VOICEDB_EXTRACT_DIR", "/nonexistent", 1), 0);
    is_refused(NULL, NULL, VDB_DEFECT, "cannot start /nonexistent/voicedb-extract: No such file or directory");
}

/* A frame for printf(1): type and length in the machine's order, which is the little one wherever this runs. */
#define FRAME(type, length) "\\00" type "\\0\\0\\0\\00" length "\\0\\0\\0"
#define KIND FRAME("0", "3") "\\001a/"
#define END FRAME("4", "1") "\\000"

static void a_lying_process_is_not_believed(void **state)
{
    (void)state;
    static const char *const lies[] = {
        "",
        "printf junk",
        "printf '" KIND "'",
        "printf '" END "'",
        "printf '" FRAME("0", "2") "\\037a" END "'",
        "printf '" FRAME("0", "2") "\\001 " END "'",
        "printf '" KIND FRAME("1", "1") "\\351" END "'",
        "printf '" KIND FRAME("1", "1") "\\000" END "'",
        "printf '" KIND FRAME("2", "1") "\\001" END "'",
        "printf '" KIND FRAME("7", "1") "\\001" END "'",
        "printf '" KIND FRAME("4", "1") "\\377'",
        "printf '" FRAME("0", "2") "\\000a" END "'",
        "printf '\\000\\000\\000\\000\\377\\377\\377\\377'",
    };
    extraction x;
    pretend("printf '" KIND FRAME("1", "1") "x" END "'");
    assert_int_equal(extract(NULL, NULL, &x), VDB_OK);
    assert_int_equal(x.text_size, 1);
    extraction_close(&x);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        is_refused(lies[i], NULL, VDB_DEFECT, "voicedb-extract answered what cannot be understood");
}

static bool no_patience(void *context)
{
    (void)context;
    return false;
}

static void impatience_ends_it(void **state)
{
    (void)state;
    extraction x;
    pretend("exec sleep 1000");
    assert_int_equal(extract(NULL, no_patience, &x), VDB_USAGE);
    extraction_close(&x);
}

/* Memory runs out in the process alone: a Markdown tree that does not fit. */
static void memory_is_bounded(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    const extract_limits little = { .megabytes = 16 };
    char *bytes = malloc(SIZE);
    extraction x;
    assert_non_null(bytes);
    for (int i = 0; i < SIZE; i += 4)
        memcpy(bytes + i, i == 0 ? "# a\n" : "*a* ", 4);
    int file = file_of(bytes, SIZE);
    free(bytes);
    assert_int_equal(extract_document(file, "it", &little, NULL, NULL, &x, &failure), VDB_BAD_INPUT);
    extraction_close(&x);
    assert_int_equal(extract_document(file, "it", NULL, NULL, NULL, &x, &failure), VDB_OK);
    extraction_close(&x);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_back),
        cmocka_unit_test_teardown(nothing_is_inherited, be_honest),
        cmocka_unit_test_teardown(a_bad_process_is_an_error, be_honest),
        cmocka_unit_test_teardown(a_lying_process_is_not_believed, be_honest),
        cmocka_unit_test_teardown(impatience_ends_it, be_honest),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, begin_group, end_group);
}
