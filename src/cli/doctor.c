/* One page that says what is wrong, and the command for each. */
#include "base/buffer.h"
#include "cli/display.h"
#include "cli/output.h"
#include "cli/values.h"

#include <inttypes.h>
#include <string.h>

/* So many findings of one check are shown to people; --json has all. */
enum { SHOWN = 10 };

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_finding, member)                                                           \
    }
static const field finding_fields[] = {
    F(TEXT, code),   F(TEXT, severity), F(TEXT, domain_uuid), F(TEXT, domain_name), F(TEXT, problem),
    F(TEXT, detail), F(TEXT, mend_by),  F(TEXT, mend),        F(BOOLEAN, fixable),  F(TEXT, state),
};
static const record finding_record = { sizeof(vdb_finding), sizeof finding_fields / sizeof finding_fields[0],
                                       finding_fields };
#undef F

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_check, member)                                                             \
    }
static const field check_fields[] = {
    F(TEXT, code), F(TEXT, title), F(TEXT, state), F(TEXT, reason), F(INTEGER, took_ms),
};
#undef F
static const record check_record = { sizeof(vdb_check), sizeof check_fields / sizeof check_fields[0], check_fields };

static bool is(const char *text, const char *other)
{
    return strcmp(text, other) == 0;
}

/* A note is worth reading, and nothing that somebody must do. */
static bool is_open(const vdb_finding *f)
{
    return !is(f->severity, "note") && !is(f->state, "mended");
}

typedef struct sum {
    int64_t open, fixable, mended;        /* findings */
    int64_t good, found, skipped, failed; /* checks */
} sum;

static sum add_up(const vdb_check *rows, size_t count)
{
    sum s = { 0 };
    for (size_t i = 0; i < count; i++) {
        s.good += is(rows[i].state, "good");
        s.found += is(rows[i].state, "found");
        s.skipped += is(rows[i].state, "skipped");
        s.failed += is(rows[i].state, "failed");
        for (size_t j = 0; j < rows[i].finding_count; j++) {
            const vdb_finding *f = &rows[i].findings[j];
            s.open += is_open(f);
            s.fixable += is_open(f) && f->fixable;
            s.mended += is(f->state, "mended");
        }
    }
    return s;
}

/* ---- what can be typed ------------------------------------------------------------------------------------------- */

/* In quotes for a shell: double ones while nothing in the text has a meaning there. */
static const char *quoted(arena *memory, const char *text)
{
    if (strpbrk(text, "\"$`\\!") == NULL)
        return arena_printf(memory, "\"%s\"", text);
    buffer b;
    buffer_init(&b, (size_t)1 << 20);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buffer_append_string(&b, "'\\''");
        else
            buffer_append(&b, text, 1);
    }
    const char *made = b.failed || b.data == NULL ? NULL : arena_printf(memory, "'%s'", b.data);
    buffer_free(&b);
    return made;
}

/* How this run was told to connect, for the next one. A connection string may hold a password: it is not repeated. */
static const char *how_to_connect(const cli_call *call)
{
    const char *file = call->globals.fusionpbx;
    if (file == NULL)
        return "";
    return *file == '\0' ? " --fusionpbx" : arena_printf(call->memory, " --fusionpbx=%s", quoted(call->memory, file));
}

/* The line as it is typed in a shell; a sentence stays one. */
static const char *typed(const cli_call *call, const vdb_finding *f)
{
    static const char voicedb[] = "voicedb";
    const size_t length = sizeof voicedb - 1;
    if (is(f->mend_by, "psql"))
        return arena_printf(call->memory, "psql -c %s", quoted(call->memory, f->mend));
    if (!is(f->mend_by, "hand") && strncmp(f->mend, voicedb, length) == 0)
        return arena_printf(call->memory, "%s%s%s", voicedb, how_to_connect(call), f->mend + length);
    return f->mend;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void print_line(const cli_call *call, const char *label, const char *text)
{
    const char *clean = text == NULL ? NULL : display_clean(call->memory, text, false);
    printf("  %s%s\n", label, clean == NULL ? "" : clean);
}

static void print_detail(const cli_call *call, const char *detail)
{
    char *clean = display_clean(call->memory, detail, true);
    for (char *line = clean; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        printf("    %s\n", line);
        line = end == NULL ? NULL : end + 1;
    }
}

static void print_finding(const cli_call *call, const vdb_finding *f)
{
    const char *domain = f->domain_uuid == NULL ? "" : f->domain_name == NULL ? f->domain_uuid : f->domain_name;
    printf("%s: %s%s%s\n", f->severity, f->code, *domain == '\0' ? "" : ", ",
           display_clean(call->memory, domain, false));
    print_line(call, "", f->problem);
    if (f->detail != NULL && !is(f->state, "failed"))
        print_detail(call, f->detail);
    print_line(call,
               is(f->state, "mended")   ? "mended:  "
               : is(f->mend_by, "hand") ? "to do:   "
                                        : "to mend: ",
               typed(call, f));
    if (is(f->state, "failed"))
        print_line(call, "failed:  ", f->detail);
    putchar('\n');
}

static void print_check(const cli_call *call, const vdb_check *k)
{
    if (is(k->state, "failed")) {
        printf("error: %s\n", k->code);
        print_line(call, "The check could not be done: ", k->reason);
        putchar('\n');
    }
    for (size_t i = 0; i < k->finding_count && i < SHOWN; i++)
        print_finding(call, &k->findings[i]);
    if (k->finding_count > SHOWN)
        printf("… and %zu more: `voicedb --json doctor %s` lists them all.\n\n", k->finding_count - SHOWN, k->code);
}

static void print_rest(const vdb_check *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].reason != NULL && !is(rows[i].state, "failed"))
            printf("skipped: %s: %s\n", rows[i].code, rows[i].reason);
    }
    const char *before = "good: ";
    for (size_t i = 0; i < count; i++) {
        if (!is(rows[i].state, "good"))
            continue;
        printf("%s%s", before, rows[i].code);
        before = ", ";
    }
    if (*before == ',')
        putchar('\n');
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

static void write_json(const vdb_check *rows, size_t count, const sum *s)
{
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_integer_member(&w, "found", s->open);
    json_integer_member(&w, "mended", s->mended);
    json_integer_member(&w, "skipped", s->skipped);
    json_integer_member(&w, "failed", s->failed);
    output_array(&w, "checks", &check_record, rows, count);
    json_open(&w, "findings", '[');
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < rows[i].finding_count; j++) {
            json_open(&w, NULL, '{');
            output_members(&w, &finding_record, &rows[i].findings[j]);
            json_close(&w, '}');
        }
    }
    json_close(&w, ']');
    json_close(&w, '}');
}

static vdb_status verdict(const sum *s, bool fixed, vdb_error *error)
{
    if (s->open == 0 && s->failed == 0)
        return VDB_OK;
    error_set(error, VDB_FINDINGS,
              fixed || s->fixable == 0 ? "Do what stands below each, then run `voicedb doctor` again."
                                       : "Do what stands below each; `voicedb doctor --fix` does what is safe.",
              "findings: %" PRId64, s->open + s->failed);
    return error_detail(error, "safe to mend by itself: %" PRId64 "; checks that failed: %" PRId64, s->fixable,
                        s->failed);
}

vdb_status run_doctor(cli_call *call, vdb_error *error)
{
    const doctor_values *v = call->values;
    const vdb_doctor_options options = { .only = v->codes,
                                         .except = v->except,
                                         .domain = call->globals.domain,
                                         .files = v->files,
                                         .fusionpbx = call->globals.fusionpbx,
                                         .fix = v->fix != NULL };
    const vdb_check *rows;
    size_t count;
    vdb_status status = vdb_doctor(call->pool, &options, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    sum s = add_up(rows, count);
    if (call->json)
        write_json(rows, count, &s);
    for (size_t i = 0; !call->json && i < count; i++)
        print_check(call, &rows[i]);
    if (!call->json)
        print_rest(rows, count);
    output_note(call,
                "%zu checks: %" PRId64 " good, %" PRId64 " found something, %" PRId64 " skipped, %" PRId64
                " failed. Mended: %" PRId64 ".",
                count, s.good, s.found, s.skipped, s.failed, s.mended);
    vdb_rows_free(rows);
    return verdict(&s, options.fix, error);
}
