/* The conversation log, its spool cut, changed and mixed up by somebody: what is sent is never wrong, what is lost is
 * told. */
#include "logging.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 128, TURNS = 6, STEP = 7 };

/* ---- a spool to spoil -------------------------------------------------------------------------------------------- */

/* What a log has left that could reach no database: one segment with a start, turns and an end. */
typedef struct specimen {
    const char *path, *lock, *conversation;
    unsigned char *bytes;
    size_t length;
    size_t ends[TURNS + 3]; /* behind the header and behind each record */
} specimen;

static const char *only_file(const char *pattern)
{
    glob_t found;
    assert_int_equal(glob(text("%s/%s", spool_directory, pattern), 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    const char *path = text("%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static unsigned char *read_whole(const char *path, size_t *length)
{
    struct stat info;
    int fd = open(path, O_RDONLY);
    assert_int_equal(fstat(fd, &info), 0);
    *length = (size_t)info.st_size;
    unsigned char *bytes = malloc(*length);
    assert_int_equal(read(fd, bytes, *length), *length);
    close(fd);
    return bytes;
}

static void write_whole(const char *path, const unsigned char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

static uint32_t number_at(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static specimen make_specimen(void)
{
    specimen s;
    vdb_log *log = open_log(NOWHERE);
    s.conversation = begin_call(log, NOBODY_UUID);
    for (int i = 1; i <= TURNS; i++)
        say(log, s.conversation, "user", text("turn %d", i));
    end_call(log, s.conversation);
    vdb_log_close(log);
    s.path = only_file("*.spool");
    s.lock = only_file("*.lock");
    s.bytes = read_whole(s.path, &s.length);
    s.ends[0] = HEADER;
    for (size_t i = 1; i < COUNT(s.ends); i++)
        s.ends[i] = s.ends[i - 1] + 112 + number_at(s.bytes + s.ends[i - 1] + 4);
    assert_int_equal(s.ends[TURNS + 2], s.length);
    return s;
}

/* Delivers these bytes as the spool of a dead process, into an empty database. */
static void deliver(const specimen *s, const unsigned char *bytes, size_t length)
{
    assert_int_equal(system(text("rm -f %s/*", spool_directory)), 0);
    sql("TRUNCATE v_voice_conversations CASCADE");
    notes[0] = '\0';
    write_whole(s->path, bytes, length);
    write_whole(s->lock, (const unsigned char *)"1\n", 2);
    vdb_log *log = open_log_with(NULL, &(vdb_log_options){ .senders = 1 });
    assert_int_equal(state_of(log).adopted, 1);
    flush(log);
    vdb_log_close(log);
}

/* Every message in the database is one that was said, with its own turn. */
static int64_t right_messages(void)
{
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages WHERE role <> 'user' OR content <> 'turn ' || "
                            "turn_number OR turn_number > %d",
                            TURNS),
                     0);
    return number("SELECT count(*) FROM v_voice_messages");
}

static int64_t dead_messages(void)
{
    int64_t count = 0;
    for (const char *s = dead_letters(); (s = strstr(s, "\"kind\":\"say\"")) != NULL; s++)
        count++;
    return count;
}

static bool is_whole(void)
{
    return right_messages() == TURNS && number("SELECT count(*) FROM v_voice_conversations WHERE ended_at IS NOT NULL");
}

static bool is_kept_and_told(void)
{
    return strstr(files_left(), ".damaged") != NULL && notes[0] != '\0';
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

static void what_is_whole_is_delivered(void **state)
{
    (void)state;
    specimen s = make_specimen();
    deliver(&s, s.bytes, s.length);
    assert_true(is_whole());
    assert_string_equal(notes, "");
    assert_string_equal(files_left(), "");
    free(s.bytes);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    specimen s = make_specimen();
    for (size_t i = 0; i < s.length; i += STEP) {
        s.bytes[i] ^= 0x41;
        deliver(&s, s.bytes, s.length);
        s.bytes[i] ^= 0x41;
        if (!is_kept_and_told())
            fail_msg("byte %zu of %zu: %s%s", i, s.length, files_left(), notes);
        if (i >= HEADER) /* of one record; without the start, the messages are refused and kept */
            assert_in_range(right_messages() + dead_messages(), TURNS - 1, TURNS);
    }
    free(s.bytes);
}

/* One record is lost; which one is told, and all others are stored. */
static void a_changed_record_is_named(void **state)
{
    (void)state;
    specimen s = make_specimen();
    for (size_t turn = 1; turn <= TURNS; turn++) {
        size_t last = s.ends[turn + 1] - 1; /* record 1 is the start */
        s.bytes[last] ^= 1;
        deliver(&s, s.bytes, s.length);
        s.bytes[last] ^= 1;
        assert_int_equal(right_messages(), TURNS - 1);
        assert_int_equal(number("SELECT count(*) FROM v_voice_messages WHERE turn_number = %d", (int)turn), 0);
        assert_contains(notes, text("record %zu of ", turn + 1));
        assert_contains(notes, "the checksum is wrong");
        assert_true(is_kept_and_told());
    }
    free(s.bytes);
}

static void a_cut_file_gives_what_is_left(void **state)
{
    (void)state;
    specimen s = make_specimen();
    for (size_t length = 0; length < s.length; length += STEP) {
        deliver(&s, s.bytes, length);
        size_t records = 0;
        while (length >= HEADER && records < TURNS + 2 && s.ends[records + 1] <= length)
            records++;
        assert_int_equal(right_messages(), records <= 1 ? 0 : records - 1);
        assert_true(is_kept_and_told());
    }
    free(s.bytes);
}

/* A write that a kill has cut off: it was not acknowledged, so nothing is lost and nothing is to be told. */
static void a_torn_end_is_passed_over(void **state)
{
    (void)state;
    specimen s = make_specimen();
    unsigned char *torn = malloc(s.length + 300);
    memcpy(torn, s.bytes, s.length);
    for (size_t more = 1; more < 300; more += 23) {
        memcpy(torn + s.length, s.bytes + HEADER, more);
        deliver(&s, torn, s.length + more);
        assert_true(is_whole());
    }
    free(torn);
    free(s.bytes);
}

static size_t append(unsigned char *to, size_t length, const specimen *s, size_t record)
{
    size_t size = s->ends[record] - s->ends[record - 1];
    memcpy(to + length, s->bytes + s->ends[record - 1], size);
    return length + size;
}

/* Records are 1 to TURNS + 2. */
static void records_out_of_their_place_are_noticed(void **state)
{
    (void)state;
    specimen s = make_specimen();
    static const struct {
        size_t order[TURNS + 3];
        int64_t stored;
        const char *told;
    } cases[] = {
        { { 1, 2, 3, 5, 6, 7, 8 }, TURNS - 1, "record 4 of " },
        { { 2, 3, 4, 5, 6, 7, 8 }, 0, "record 1 of " },
        { { 1, 2, 3, 3, 4, 5, 6, 7, 8 }, TURNS, "is there again" },
        { { 1, 3, 2, 4, 5, 6, 7, 8 }, TURNS - 1, "is there again" },
        { { 1, 2, 3, 4, 5, 6, 7 }, TURNS, "record 8 of " },
        { { 1 }, 0, "records 2 to 8 of " },
    };
    unsigned char *mixed = malloc(2 * s.length);
    memcpy(mixed, s.bytes, HEADER);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = HEADER;
        for (size_t j = 0; j < COUNT(cases[i].order) && cases[i].order[j] != 0; j++)
            length = append(mixed, length, &s, cases[i].order[j]);
        deliver(&s, mixed, length);
        assert_int_equal(right_messages(), cases[i].stored);
        assert_contains(notes, cases[i].told);
        assert_true(is_kept_and_told());
    }
    free(mixed);
    free(s.bytes);
}

/* A record of another spool, whole in itself. */
static void a_record_from_elsewhere_is_not_taken(void **state)
{
    (void)state;
    specimen s = make_specimen();
    assert_int_equal(system(text("rm -f %s/*", spool_directory)), 0);
    specimen other = make_specimen();
    size_t at = s.ends[2], size = s.ends[3] - s.ends[2];
    assert_int_equal(other.ends[3] - other.ends[2], size);
    memcpy(s.bytes + at, other.bytes + other.ends[2], size);
    deliver(&s, s.bytes, s.length);
    assert_int_equal(right_messages(), TURNS - 1);
    assert_contains(notes, "record 3 of ");
    free(s.bytes);
    free(other.bytes);
}

static void what_is_no_spool_is_kept(void **state)
{
    (void)state;
    specimen s = make_specimen();
    unsigned char noise[5000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * i * 31 + i / 7);
    static const size_t lengths[] = { 0, 1, HEADER - 1, HEADER, sizeof noise };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        deliver(&s, noise, lengths[i]);
        assert_int_equal(right_messages(), 0);
        assert_true(is_kept_and_told());
        assert_contains(notes, "is no spool that can be read");
    }
    free(s.bytes);
}

/* A file that is cut off, and one that is removed, under a log that lives. */
static void a_living_log_notices_too(void **state)
{
    (void)state;
    const char *way = text("%s/way", spool_directory);
    vdb_log *log = open_log(text("host=%s", way));
    const char *c = begin_call(log, NULL);
    for (int i = 1; i <= 3; i++)
        say(log, c, "user", text("turn %d", i));
    refused(VDB_UNREACHABLE, vdb_log_flush(log, 50, &failure));
    const char *path = only_file("*.spool");
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (int i = 4; i <= 200; i++)
        say(log, c, "user", text("turn %d", i));
    assert_int_equal(truncate(path, info.st_size + 50), 0);
    say(log, c, "user", "turn 201");
    assert_int_equal(symlink(getenv("PGHOST"), way), 0);
    flush(log);
    say(log, c, "user", "turn 202");
    flush(log);
    vdb_log_close(log);
    unlink(way);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages WHERE content <> 'turn ' || turn_number"), 0);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages WHERE turn_number IN (1, 2, 3, 202)"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_whole_is_delivered, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_noticed, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(a_changed_record_is_named, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(a_cut_file_gives_what_is_left, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(a_torn_end_is_passed_over, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(records_out_of_their_place_are_noticed, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(a_record_from_elsewhere_is_not_taken, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(what_is_no_spool_is_kept, begin_logging, end_logging),
        cmocka_unit_test_setup_teardown(a_living_log_notices_too, begin_logging, end_logging),
    };
    return run_with_database(tests);
}
