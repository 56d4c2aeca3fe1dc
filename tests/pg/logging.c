#include "logging.h"

#include <dirent.h>
#include <unistd.h>

char spool_directory[64];
char notes[1 << 16];

int begin_logging(void **state)
{
    (void)state;
    sql("TRUNCATE v_voice_secretaries, v_voice_conversations CASCADE");
    strcpy(spool_directory, "/tmp/voicedb-test-log-XXXXXX");
    assert_non_null(mkdtemp(spool_directory));
    notes[0] = '\0';
    return 0;
}

int end_logging(void **state)
{
    (void)state;
    return system(text("rm -rf %s", spool_directory));
}

/* From the writer's threads, one at a time. */
void take_note(void *context, const char *line)
{
    (void)context;
    size_t length = strlen(notes);
    snprintf(notes + length, sizeof notes - length, "%s\n", line);
}

vdb_log *open_log_with(const char *conninfo, const vdb_log_options *options)
{
    vdb_log *log = NULL;
    vdb_log_options all = *options;
    all.spool_directory = spool_directory;
    all.note = take_note;
    ok(vdb_log_open(&(vdb_options){ .conninfo = conninfo }, &all, &log, &failure));
    return log;
}

vdb_log *open_log(const char *conninfo)
{
    return open_log_with(conninfo, &(vdb_log_options){ .spool_limit_bytes = 64 << 20 });
}

const char *begin_call(vdb_log *log, const char *call)
{
    char made[37];
    ok(vdb_log_start(log, CLINIC_UUID, &(vdb_conversation_start_input){ .call_uuid = call }, made, &failure));
    return text("%s", made);
}

int64_t say(vdb_log *log, const char *conversation, const char *role, const char *content)
{
    int64_t turn = 0;
    const vdb_message message = { .role = role, .content = content };
    ok(vdb_log_say(log, CLINIC_UUID, conversation, &message, &turn, &failure));
    return turn;
}

void end_call(vdb_log *log, const char *conversation)
{
    ok(vdb_log_end(log, CLINIC_UUID, conversation, &(vdb_conversation_end_input){ 0 }, &failure));
}

void flush(vdb_log *log)
{
    ok(vdb_log_flush(log, 60000, &failure));
}

vdb_log_state state_of(vdb_log *log)
{
    vdb_log_state state;
    vdb_log_status(log, &state);
    return state;
}

const char *transcript(const char *conversation)
{
    return value("SELECT coalesce(string_agg(concat_ws(' ', turn_number, role, content), '|' ORDER BY turn_number, "
                 "created_at), '') FROM v_voice_messages WHERE conversation_uuid = '%s'",
                 conversation);
}

static int is_visible(const struct dirent *file)
{
    return file->d_name[0] != '.';
}

const char *files_left(void)
{
    struct dirent **files;
    int count = scandir(spool_directory, &files, is_visible, alphasort);
    const char *all = "";
    for (int i = 0; i < count; i++) {
        all = text("%s%s ", all, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    return all;
}

const char *dead_letters(void)
{
    FILE *file = fopen(text("%s/dead.jsonl", spool_directory), "r");
    char *content = NULL;
    size_t room = 0;
    const char *copy = file == NULL || getdelim(&content, &room, EOF, file) < 0 ? "" : text("%s", content);
    free(content);
    if (file != NULL)
        fclose(file);
    return copy;
}

char *long_text(size_t length, const char *part)
{
    char *made = malloc(length + 1);
    for (size_t i = 0; i < length; i++)
        made[i] = part[i % strlen(part)];
    made[length] = '\0';
    return made;
}
