/* What the other process says is believed as little as the document itself: every frame is checked before it is used.
 */
#include "extract/extract.h"

#include "base/text.h"
#include "extract/process.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SECONDS = 60,
    MEGABYTES = 256,
    TEXT_BYTES = 64 << 20,
    PATIENCE_MS = 100,
    WAIT_FOR_SECONDS = 4, /* on a busy machine a second of processor time may take so long */
};

static const char *const kind_names[KIND_COUNT] = {
    [KIND_UNKNOWN] = "unknown", [KIND_TEXT] = "text", [KIND_MARKDOWN] = "markdown", [KIND_CSV] = "csv",
    [KIND_HTML] = "html",       [KIND_PDF] = "pdf",   [KIND_DOCX] = "docx",         [KIND_ODT] = "odt",
};

typedef struct reason {
    const char *message; /* behind the document's name */
    const char *hint;
} reason;

#define SAVE_AS "Save it as PDF, DOCX, ODT, HTML, Markdown, CSV or text."

static const reason reasons[FAILURE_COUNT] = {
    [FAILURE_BINARY] = { "is binary", SAVE_AS },
    [FAILURE_UNSUPPORTED] = { "is of a kind that is not read", SAVE_AS },
    [FAILURE_ENCODING] = { "is not UTF-8 all through", "Save it again in one encoding: UTF-8, or Windows-1252." },
    [FAILURE_CUT_SHORT] = { "ends in the middle of a character", "Check that the file is whole." },
    [FAILURE_DAMAGED] = { "is damaged",
                          "Check that the file is whole, or save it anew with the program that made it." },
    [FAILURE_ENCRYPTED] = { "is protected by a password", "Save it without password." },
    [FAILURE_SCANNED] = { "has pages, but no text: they are pictures",
                          "Run text recognition first, for example `ocrmypdf -l por`." },
    [FAILURE_MACROS] = { "holds macros", "Save it without macros, as DOCX, ODT or PDF." },
    [FAILURE_BOMB] = { "unpacks to more than 256 MB", "Split the document, or save it as PDF." },
    [FAILURE_ENTITIES] = { "defines entities of its own", "Save it anew with the program that made it." },
    [FAILURE_MEMORY] = { "needs too much memory to be read", "Split the file." },
};

const char *document_kind_name(document_kind kind)
{
    return kind_names[kind];
}

/* ---- collecting ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static extract_limits complete_limits(const extract_limits *given, int file)
{
    struct stat about = { 0 };
    extract_limits l = given == NULL ? (extract_limits){ 0 } : *given;
    (void)fstat(file, &about);
    if (l.seconds == 0)
        l.seconds = SECONDS + (unsigned)(about.st_size >> 20);
    if (l.megabytes == 0)
        l.megabytes = MEGABYTES;
    if (l.text_bytes == 0)
        l.text_bytes = TEXT_BYTES + 2 * (int64_t)about.st_size;
    return l;
}

typedef struct collecting {
    const char *name;
    extract_limits limits;
    extract_patience patience;
    void *context;
    int64_t deadline;
    int64_t size; /* bytes so far */
} collecting;

static vdb_status takes_too_long(const collecting *c, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Split the file, or save it anew with the program that made it.",
                     "%s takes more than %u s to read", c->name, c->limits.seconds);
}

static vdb_status no_temporary_file(vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Free space in the folder for temporary files.",
                     "cannot write a temporary file: %s", strerror(errno));
}

/* Waits until there is something to read. */
static vdb_status wait_for_output(const collecting *c, int output, vdb_error *error)
{
    for (;;) {
        struct pollfd ready = { .fd = output, .events = POLLIN };
        if (poll(&ready, 1, PATIENCE_MS) > 0)
            return VDB_OK;
        if (c->patience != NULL && !c->patience(c->context))
            return error_set(error, VDB_USAGE, "Run it again to add the document.",
                             "stopped; the document is as before");
        if (now_ms() > c->deadline)
            return takes_too_long(c, error);
    }
}

static vdb_status collect(collecting *c, int output, FILE *frames, vdb_error *error)
{
    static const char too_much[] = "%s holds more than %" PRId64 " MB of text";
    char block[FRAME_BYTES];
    for (;;) {
        vdb_status status = wait_for_output(c, output, error);
        if (status != VDB_OK)
            return status;
        ssize_t got = read(output, block, sizeof block);
        if (got == 0)
            return fflush(frames) == 0 ? VDB_OK : no_temporary_file(error);
        if (got < 0 && errno != EINTR)
            return error_set(error, VDB_DEFECT, "Run it again.", "cannot read from voicedb-extract: %s",
                             strerror(errno));
        if (got < 0)
            continue;
        c->size += got;
        if (c->size > c->limits.text_bytes)
            return error_set(error, VDB_BAD_INPUT, "Split the file.", too_much, c->name, c->limits.text_bytes >> 20);
        if (fwrite(block, 1, (size_t)got, frames) != (size_t)got)
            return no_temporary_file(error);
    }
}

/* ---- frames ---- */

typedef struct frame {
    frame_header header;
    char payload[FRAME_BYTES + 1]; /* ends with NUL */
} frame;

/* False: the file ends here, or nothing that is a frame stands here. */
static bool read_frame(FILE *frames, frame *f)
{
    if (fread(&f->header, sizeof f->header, 1, frames) != 1 || f->header.length > FRAME_BYTES)
        return false;
    f->payload[f->header.length] = '\0';
    return fread(f->payload, 1, f->header.length, frames) == f->header.length;
}

static bool is_number(const frame *f)
{
    return f->header.length == sizeof(uint32_t);
}

static uint32_t number_of(const frame *f)
{
    uint32_t number;
    memcpy(&number, f->payload, sizeof number);
    return number;
}

static bool take_kind(extraction *x, const frame *f)
{
    static const char mime[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+./";
    if (f->header.type != FRAME_KIND || f->header.length < 2 || f->header.length > 1 + MIME_BYTES ||
        (unsigned char)f->payload[0] >= KIND_COUNT || strspn(f->payload + 1, mime) != f->header.length - 1)
        return false;
    x->kind = (document_kind)f->payload[0];
    memcpy(x->mime_type, f->payload + 1, f->header.length);
    return true;
}

static bool take_text(extraction *x, const frame *f)
{
    x->text_size += f->header.length;
    return memchr(f->payload, '\0', f->header.length) == NULL && text_is_utf8(f->payload, f->header.length);
}

/* Looks through all frames. False: it is not what voicedb-extract writes. */
static bool check_frames(extraction *x, extract_failure *failure)
{
    frame f;
    rewind(x->frames);
    if (!read_frame(x->frames, &f) || !take_kind(x, &f))
        return false;
    while (read_frame(x->frames, &f)) {
        switch (f.header.type) {
        case FRAME_TEXT:
            if (!take_text(x, &f))
                return false;
            break;
        case FRAME_ROW:
        case FRAME_PAGE:
            if (!is_number(&f))
                return false;
            break;
        case FRAME_END:
            *failure = f.header.length == 1 ? (extract_failure)(unsigned char)f.payload[0] : FAILURE_COUNT;
            return *failure < FAILURE_COUNT && (*failure != FAILURE_NONE || x->kind != KIND_UNKNOWN);
        default:
            return false;
        }
    }
    return false;
}

/* ---- the whole ---- */

/* Why there is no end of its output. */
static vdb_status ended_badly(const collecting *c, int ended, vdb_error *error)
{
    if (WIFSIGNALED(ended) && WTERMSIG(ended) == SIGXCPU)
        return takes_too_long(c, error);
    if (WIFEXITED(ended) && WEXITSTATUS(ended) != 0)
        return error_set(error, VDB_DEFECT,
                         "Check that voicedb-extract is of this version and that libmagic's database is there.",
                         "voicedb-extract ended with status %d", WEXITSTATUS(ended));
    if (WIFSIGNALED(ended))
        return error_set(error, VDB_BAD_INPUT, "Save it anew with the program that made it.",
                         "%s cannot be read: voicedb-extract was ended by signal %d", c->name, WTERMSIG(ended));
    return error_set(error, VDB_DEFECT, "Install voicedb-extract of the same version.",
                     "voicedb-extract answered what cannot be understood");
}

static vdb_status refuse(const char *name, const extraction *x, extract_failure failure, vdb_error *error)
{
    const reason *r = &reasons[failure];
    vdb_status status = error_set(error, VDB_BAD_INPUT, r->hint, "%s %s", name, r->message);
    return failure == FAILURE_UNSUPPORTED ? error_detail(error, "its kind is %s", x->mime_type) : status;
}

vdb_status extract_document(int file, const char *name, const extract_limits *limits, extract_patience patience,
                            void *context, extraction *x, vdb_error *error)
{
    collecting c = { .name = name, .limits = complete_limits(limits, file), .patience = patience, .context = context };
    extract_process p;
    extract_failure failure;
    *x = (extraction){ .frames = tmpfile() };
    if (x->frames == NULL)
        return no_temporary_file(error);
    c.deadline = now_ms() + (int64_t)c.limits.seconds * WAIT_FOR_SECONDS * 1000;
    vdb_status status = extract_start(file, &c.limits, &p, error);
    if (status != VDB_OK)
        return status;
    status = collect(&c, p.output, x->frames, error);
    int ended = extract_stop(&p, status != VDB_OK);
    if (status != VDB_OK)
        return status;
    if (ended != 0 || !check_frames(x, &failure))
        return ended_badly(&c, ended, error);
    return failure == FAILURE_NONE ? VDB_OK : refuse(name, x, failure, error);
}

void extraction_close(extraction *x)
{
    if (x->frames != NULL)
        fclose(x->frames);
    x->frames = NULL;
}

vdb_status extraction_read(extraction *x, const extract_reader *reader, void *context, vdb_error *error)
{
    frame f;
    vdb_status status = VDB_OK;
    rewind(x->frames);
    while (status == VDB_OK && read_frame(x->frames, &f) && f.header.type != FRAME_END) {
        if (f.header.type == FRAME_TEXT && reader->text != NULL)
            status = reader->text(context, f.payload, f.header.length, error);
        else if (f.header.type == FRAME_ROW && reader->row != NULL)
            status = reader->row(context, number_of(&f), error);
        else if (f.header.type == FRAME_PAGE && reader->page != NULL)
            status = reader->page(context, number_of(&f), error);
    }
    if (status == VDB_OK && ferror(x->frames))
        return error_set(error, VDB_DEFECT, "Check the disk of the folder for temporary files.",
                         "cannot read a temporary file: %s", strerror(errno));
    return status;
}
