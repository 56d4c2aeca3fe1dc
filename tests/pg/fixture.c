#include "fixture.h"

#include "base/arena.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

PGconn *admin;
vdb_pool *pool;
vdb_tenant *clinic, *hotel;
vdb_error failure;

static arena *memory;

/* ---- SQL --------------------------------------------------------------------------------------------------------- */

__attribute__((__format__(__printf__, 1, 0))) static const char *format_text(const char *format, va_list arguments)
{
    char *made;
    if (vasprintf(&made, format, arguments) < 0)
        fail_msg("memory ran out");
    const char *copy = arena_copy_string(memory, made);
    free(made);
    return copy;
}

/* Formats the statement of the variadic function that uses it. */
#define FORMATTED(statement, format)                                                                                   \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    const char *statement = format_text(format, arguments);                                                            \
    va_end(arguments)

const char *text(const char *format, ...)
{
    FORMATTED(made, format);
    return made;
}

static PGresult *query(PGconn *c, const char *statement)
{
    PGresult *result = PQexec(c, statement);
    if (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK)
        return result;
    const char *reason = text("%s", PQresultErrorMessage(result));
    PQclear(result);
    fail_msg("%s\n%s", reason, statement);
    return NULL;
}

void sql(const char *format, ...)
{
    FORMATTED(statement, format);
    PQclear(query(admin, statement));
}

void sql_on(PGconn *c, const char *format, ...)
{
    FORMATTED(statement, format);
    PQclear(query(c, statement));
}

static const char *only_value(PGconn *c, const char *statement)
{
    PGresult *result = query(c, statement);
    int rows = PQntuples(result), columns = PQnfields(result);
    const char *only =
        rows != 1 || PQgetisnull(result, 0, 0) ? NULL : arena_copy_string(memory, PQgetvalue(result, 0, 0));
    PQclear(result);
    if (rows != 1 || columns != 1)
        fail_msg("%d rows of %d columns: %s", rows, columns, statement);
    return only;
}

const char *value(const char *format, ...)
{
    FORMATTED(statement, format);
    return only_value(admin, statement);
}

const char *value_on(PGconn *c, const char *format, ...)
{
    FORMATTED(statement, format);
    return only_value(c, statement);
}

int64_t number(const char *format, ...)
{
    FORMATTED(statement, format);
    const char *only = only_value(admin, statement);
    if (only == NULL)
        fail_msg("NULL: %s", statement);
    return strtoll(only, NULL, 10);
}

const char *rows_on(PGconn *c, const char *format, ...)
{
    FORMATTED(statement, format);
    PGresult *result = query(c, statement);
    char *joined = NULL;
    size_t size;
    FILE *out = open_memstream(&joined, &size);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++)
            fprintf(out, "%s%s", column == 0 ? row == 0 ? "" : "\n" : "|", PQgetvalue(result, row, column));
    }
    fclose(out);
    const char *copy = arena_copy_string(memory, joined);
    free(joined);
    PQclear(result);
    return copy;
}

const char *sqlstate_on(PGconn *c, const char **message, const char *format, ...)
{
    FORMATTED(statement, format);
    PGresult *result = PQexec(c, statement);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    state = arena_copy_string(memory, state == NULL ? "" : state);
    if (message != NULL)
        *message = arena_copy_string(memory, PQresultErrorMessage(result));
    PQclear(result);
    return state;
}

/* ---- what calls said --------------------------------------------------------------------------------------------- */

static const char *name_of(vdb_status status)
{
    return status == UNTOUCHED ? "untouched" : vdb_status_name(status);
}

static void tell(vdb_status status, const char *call)
{
    print_error("%s\n%s, error %s %s: %s (%s) %s\n", call, name_of(status), name_of(failure.status), failure.sqlstate,
                failure.status == UNTOUCHED ? "" : failure.message, failure.detail, failure.hint);
}

void check_ok(vdb_status status, const char *call, const char *file, int line)
{
    if (status == VDB_OK)
        return;
    tell(status, call);
    _fail(file, line);
}

static bool is_one_line(const char *said)
{
    return said[0] != '\0' && strpbrk(said, "\r\n\t") == NULL;
}

static bool is_hint(const char *hint)
{
    size_t length = strlen(hint);
    return is_one_line(hint) && hint[0] >= 'A' && hint[0] <= 'Z' && hint[1] >= 'a' && hint[length - 1] == '.';
}

void check_refused(vdb_status wanted, vdb_status status, const char *call, const char *file, int line)
{
    if (status == wanted && failure.status == wanted && is_one_line(failure.message) && is_hint(failure.hint))
        return;
    print_error("wanted: %s\n", name_of(wanted));
    tell(status, call);
    _fail(file, line);
}

void check_contains(const char *whole, const char *part, bool wanted, const char *file, int line)
{
    if (whole != NULL && (strstr(whole, part) != NULL) == wanted)
        return;
    print_error("\"%s\" %s \"%s\"\n", whole == NULL ? "(NULL)" : whole, wanted ? "lacks" : "contains", part);
    _fail(file, line);
}

/* ---- the checkout and the database ------------------------------------------------------------------------------- */

static const char *source(const char *path)
{
    const char *top = getenv("VOICEDB_SOURCE");
    return text("%s/%s", top == NULL ? "." : top, path);
}

const char *file_of(const char *path)
{
    FILE *file = fopen(source(path), "r");
    char *content = NULL;
    size_t room = 0;
    if (file == NULL || getdelim(&content, &room, EOF, file) < 0)
        fail_msg("cannot read %s", source(path));
    const char *copy = arena_copy_string(memory, content);
    free(content);
    fclose(file);
    return copy;
}

const char *own_name(const char *suffix)
{
    return text("voicedb_test_%d_%s", (int)getpid(), suffix);
}

PGconn *connect_to(const char *conninfo)
{
    PGconn *c = PQconnectdb(conninfo);
    if (PQstatus(c) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(c));
    /* What a failed test goes on holding lets the next one fail, not wait. */
    sql_on(c, "SET client_min_messages = warning; SET lock_timeout = 60000");
    return c;
}

vdb_pool *pool_to(const char *conninfo)
{
    vdb_pool *new = NULL;
    ok(vdb_pool_open(&(vdb_options){ .conninfo = conninfo }, &new, &failure));
    return new;
}

void migrate(const char *database)
{
    vdb_pool *to = pool_to(text("dbname=%s", database));
    ok(vdb_migrate(to, 0, NULL, NULL, NULL, &failure));
    vdb_pool_close(to);
}

const char *make_database(const char *suffix)
{
    const char *name = own_name(suffix);
    PGconn *c = connect_to("dbname=postgres");
    sql_on(c, "DROP DATABASE IF EXISTS %s", name);
    sql_on(c, "CREATE DATABASE %s TEMPLATE template0", name);
    PQfinish(c);
    c = connect_to(text("dbname=%s", name));
    sql_on(c, "%s", file_of("tests/fixtures/fusionpbx.sql"));
    sql_on(c,
           "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'clinic.example', true), "
           "('%s', 'hotel.example', true)",
           CLINIC_UUID, HOTEL_UUID);
    PQfinish(c);
    return name;
}

void psql_file(const char *database, const char *path)
{
    const char *command =
        text("PGOPTIONS='-c client_min_messages=warning' psql -Xq -v ON_ERROR_STOP=1 -d %s -f '%s' >&2", database,
             source(path));
    if (system(command) != 0)
        fail_msg("psql -f %s failed", path);
}

/*
 * A process that outlives this one by a moment, whatever ends this one, and then drops what it made. It ends when the
 * pipe closes, and has a session of its own, so that a signal to the group of the tests does not reach it.
 */
static pid_t janitor;
static int janitor_pipe;

static const char sweep[] =
    "read -r _\n"
    "export PGDATABASE=postgres\n"
    "psql -XAtqc \"SELECT datname FROM pg_database WHERE starts_with(datname, '$1')\" | while read -r name; do\n"
    "    dropdb --force --if-exists \"$name\"\n"
    "done\n"
    "psql -XAtqc \"SELECT rolname FROM pg_roles WHERE starts_with(rolname, '$1')\" | while read -r name; do\n"
    "    dropuser \"$name\"\n"
    "done\n"
    "rm -f \"$2\"\n";

static void hire_janitor(void)
{
    const char *prefix = own_name("");
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    janitor = fork();
    if (janitor == 0) {
        setsid();
        dup2(ends[0], STDIN_FILENO);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execlp("sh", "sh", "-c", sweep, "sh", prefix, getenv("VOICEDB_MASTER_KEY"), (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    janitor_pipe = ends[1];
}

static int begin(void **state)
{
    (void)state;
    setenv("VOICEDB_MASTER_KEY", text("/tmp/%s", own_name("master.key")), 1);
    hire_janitor();
    ok(vdb_key_init(getenv("VOICEDB_MASTER_KEY"), NULL, NULL, &failure));
    const char *name = make_database("main");
    setenv("PGDATABASE", name, 1);
    migrate(name);
    admin = connect_to("");
    pool = pool_to(NULL);
    ok(vdb_tenant_open(pool, "clinic.example", &clinic, &failure));
    ok(vdb_tenant_open(pool, "hotel.example", &hotel, &failure));
    return 0;
}

static int end(void **state)
{
    (void)state;
    vdb_tenant_close(clinic);
    vdb_tenant_close(hotel);
    vdb_pool_close(pool);
    PQfinish(admin);
    close(janitor_pipe);
    int status = 0;
    waitpid(janitor, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* The socket's folder lies beside the log. */
static void show_log(void)
{
    fflush(stdout);
    const char *command = text("tail -n 2000 \"$PGHOST/../log\" 2>/dev/null | grep -aF '@%s' | tail -n 60 | cut -c "
                               "1-300 | sed 's/^/# server: /' >&2",
                               own_name(""));
    if (system(command) != 0)
        fprintf(stderr, "# the server's log cannot be read\n");
}

int run_group(const struct CMUnitTest *tests, size_t count)
{
    memory = memory == NULL ? arena_new() : memory;
    if (getenv("PGHOST") == NULL)
        fprintf(stderr, "# PGHOST is not set: eval \"$(./dev pg env)\"\n");
    int failed = _cmocka_run_group_tests("tests", tests, count, begin, end);
    if (failed != 0)
        show_log();
    arena_free(memory);
    memory = NULL;
    return failed;
}

/* ---- a cluster of one's own -------------------------------------------------------------------------------------- */

static const char *own_cluster;

static int dev_pg(const char *what)
{
    return system(text("'%s' pg --cluster %s %s >/dev/null 2>&1 </dev/null", source("dev"), own_cluster, what));
}

void start_server(void)
{
    if (dev_pg("start") != 0)
        fail_msg("the cluster does not start");
}

void kill_server(void)
{
    char path[512];
    int pid = 0;
    const char *debian = getenv("VOICEDB_DEBIAN");
    const char *servers = source(debian != NULL ? text(".pg/%s", debian) : ".pg");
    snprintf(path, sizeof path, "%s/clusters/%s/data/postmaster.pid", servers, own_cluster);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%d", &pid) != 1 || kill(pid, SIGKILL) != 0)
        fail_msg("the server cannot be killed: %s", path);
    fclose(file);
}

/* The cluster's place, as libpq wants it, into this process's environment. */
static bool point_at_cluster(void)
{
    char line[256];
    FILE *shell = popen(text("eval \"$('%s' pg --cluster %s env)\" && printf '%%s\\n' \"$PGHOST\" \"$PGPORT\"",
                             source("dev"), own_cluster),
                        "r");
    static const char *const names[] = { "PGHOST", "PGPORT" };
    bool found = shell != NULL;
    for (size_t i = 0; found && i < COUNT(names); i++) {
        found = fgets(line, sizeof line, shell) != NULL;
        line[strcspn(line, "\n")] = '\0';
        found = found && setenv(names[i], line, 1) == 0;
    }
    return shell != NULL && pclose(shell) == 0 && found;
}

int run_group_on(const char *cluster, const struct CMUnitTest *tests, size_t count)
{
    memory = arena_new();
    own_cluster = cluster;
    int failed = 1;
    if (dev_pg("start") != 0 || !point_at_cluster())
        fprintf(stderr, "# cluster %s does not start\n", cluster);
    else
        failed = run_group(tests, count);
    memory = arena_new();
    if (dev_pg("drop") != 0)
        fprintf(stderr, "# cluster %s is left\n", cluster);
    arena_free(memory);
    return failed;
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static const char *summary(const char *condition)
{
    static const char *const tables[] = {
        "v_voice_data_keys",       "v_voice_ai_providers",    "v_voice_secretaries",       "v_voice_documents",
        "v_voice_document_chunks", "v_voice_document_terms",  "v_voice_transfer_rules",    "v_voice_conversations",
        "v_voice_messages",        "v_voice_tenant_settings", "v_voice_webhook_endpoints", "v_voice_webhook_deliveries",
        "v_voice_embeddings",      "v_voice_embedding_usage"
    };
    const char *all = "";
    for (size_t i = 0; i < COUNT(tables); i++)
        all = text("%s%s=%s\n", all, tables[i] + strlen("v_voice_"),
                   value("SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) "
                         "FROM %s t WHERE %s",
                         tables[i], condition));
    return all;
}

const char *rows_of(const char *domain_uuid)
{
    return summary(text("domain_uuid = '%s'", domain_uuid));
}

const char *rows_of_others(const char *domain_uuid)
{
    return summary(text("domain_uuid <> '%s'", domain_uuid));
}

void random_vectors(float *numbers, size_t count, uint64_t seed)
{
    uint64_t x = seed * 2862933555777941757u + 3037000493u;
    for (size_t i = 0; i < count; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        numbers[i] = (float)((double)(x >> 33) / (double)(UINT64_C(1) << 30) - 1);
    }
}

const char *store(vdb_tenant *t, const char *name, const char *secretary, const char *model, const float *vectors,
                  size_t count, int dimensions)
{
    const vdb_document document = { .document_name = name, .voice_secretary_uuid = secretary };
    vdb_document_writer *writer;
    vdb_document_added added;
    ok(vdb_document_writer_open(t, &document, model == NULL ? "test" : model, dimensions, &writer, &failure));
    vdb_chunk_input *chunks = calloc(count, sizeof *chunks);
    for (size_t i = 0; i < count; i++)
        chunks[i] =
            (vdb_chunk_input){ .content = text("%s %zu", name, i), .embedding = vectors + i * (size_t)dimensions };
    vdb_status status = vdb_document_writer_append(writer, chunks, count, &failure);
    free(chunks);
    if (status != VDB_OK)
        vdb_document_writer_abort(writer);
    ok(status);
    ok(vdb_document_writer_commit(writer, &added, &failure));
    return text("%s", added.document_uuid);
}

static void add_provider(vdb_tenant *t, const char *type, const char *name, const char *word, char uuid[37])
{
    const vdb_provider_input input = {
        .provider_type = type,
        .provider_name = name,
        .display_name = word,
        .config = text("{\"api_key\": \"secret-%s\"}", word),
        .is_default = &(bool){ true },
    };
    ok(vdb_provider_add(t, &input, uuid, &failure));
}

static void add_conversation(vdb_tenant *t, const char *word, ids *made)
{
    snprintf(made->call, sizeof made->call, "%s", value("SELECT gen_random_uuid()"));
    const vdb_conversation_start_input start = { .secretary = made->secretary,
                                                 .call_uuid = made->call,
                                                 .caller_id = word };
    ok(vdb_conversation_start(t, &start, made->conversation, &failure));
    const vdb_message message = { .role = "user", .content = word };
    ok(vdb_conversation_say(t, made->conversation, &message, NULL, &failure));
    snprintf(made->message, sizeof made->message, "%s",
             value("SELECT message_uuid FROM v_voice_messages WHERE conversation_uuid = '%s'", made->conversation));
}

ids fill(vdb_tenant *t, const char *word)
{
    ids made;
    add_provider(t, "stt", text("stt-%s", word), word, made.stt);
    add_provider(t, "tts", text("tts-%s", word), word, made.tts);
    add_provider(t, "llm", text("llm-%s", word), word, made.llm);
    add_provider(t, "embeddings", "builtin", word, made.embeddings);
    const vdb_secretary_input secretary = {
        .name = text("Ana %s", word),
        .extension = "2000",
        .stt_provider_uuid = made.stt,
        .tts_provider_uuid = made.tts,
        .llm_provider_uuid = made.llm,
        .embeddings_provider_uuid = made.embeddings,
        .system_prompt = word,
    };
    ok(vdb_secretary_add(t, &secretary, made.secretary, &failure));
    float vector[8];
    random_vectors(vector, COUNT(vector), 7);
    snprintf(made.document, sizeof made.document, "%s", store(t, text("about %s", word), NULL, NULL, vector, 1, 8));
    snprintf(made.chunk, sizeof made.chunk, "%s",
             value("SELECT chunk_uuid FROM v_voice_document_chunks WHERE document_uuid = '%s'", made.document));
    sql("INSERT INTO v_voice_embeddings (domain_uuid, embedding_model, content_sha256, embedding_dimensions, "
        "embedding) "
        "SELECT domain_uuid, '%s', sha256(content::bytea), embedding_dimensions, embedding FROM "
        "v_voice_document_chunks "
        "WHERE chunk_uuid = '%s'",
        word, made.chunk);
    sql("INSERT INTO v_voice_embedding_usage (domain_uuid, provider_name, embedding_model) VALUES ('%s', '%s', 'm')",
        vdb_tenant_uuid(t), word);
    const vdb_transfer_rule_input rule = {
        .secretary = made.secretary,
        .department_name = word,
        .intent_keywords = (const char *const[]){ word, "pessoa", NULL },
        .transfer_extension = "3000",
    };
    ok(vdb_transfer_rule_add(t, &rule, made.rule, &failure));
    add_conversation(t, word, &made);
    return made;
}

/* ---- threads and time -------------------------------------------------------------------------------------------- */

typedef struct job {
    pthread_t thread;
    void (*work)(void *item);
    void *item;
} job;

static void *run_job(void *argument)
{
    job *j = argument;
    j->work(j->item);
    return NULL;
}

void in_threads(void (*work)(void *item), void *items, size_t count, size_t size)
{
    job *jobs = calloc(count, sizeof *jobs);
    for (size_t i = 0; i < count; i++) {
        jobs[i].work = work;
        jobs[i].item = (char *)items + i * size;
        if (pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(jobs[i].thread, NULL);
    free(jobs);
}

void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}
