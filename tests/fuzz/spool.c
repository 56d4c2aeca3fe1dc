/*
 * Any bytes as a spool's segment: reading ends, what is handed out is whole and in order, and what is not is told. The
 * first byte says what the rest is: a file as it stands; a whole file in which the rest is laid over bytes of the
 * records, as its pairs of place and value; or the payload of a record whose checksums are right.
 */
#include "calls/spool.h"
#include "calls/batch.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS = 5, AT_LENGTH = 4, AT_KIND = 16, AT_PAYLOAD_HASH = 80, LARGEST = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/voicedb-fuzz-spool-XXXXXX";
static const segment_header header = { .key = "a key of a test", .number = 1, .first_sequence = 1 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void remove_directory(void)
{
    rmdir(directory);
}

static void put_file(const char *name, const void *bytes, size_t length)
{
    char *path = spool_path(directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    close(fd);
    free(path);
}

static void remove_file(const char *name)
{
    char *path = spool_path(directory, name);
    unlink(path);
    free(path);
}

static void add_record(buffer *file, uint64_t sequence)
{
    entry e = { .kind = ENTRY_SAY, .counted = true, .at = 1, .domain = { { 1 } }, .conversation = { { 2 } } };
    e.fields[SAY_ROLE] = (entry_field){ "user", 4 };
    e.fields[SAY_CONTENT] = (entry_field){ "Bom dia!", 8 };
    size_t start = file->length;
    entry_encode(file, &e);
    entry_seal((uint8_t *)file->data + start, &header, sequence, 1);
}

static void begin_file(buffer *file)
{
    uint8_t bytes[SEGMENT_HEADER];
    segment_encode(&header, bytes);
    buffer_append(file, bytes, sizeof bytes);
}

static void acknowledge(buffer *file, uint64_t sequence)
{
    mark_encode(&header, &(mark){ .offset = file->length, .sequence = sequence },
                (uint8_t *)file->data + SEGMENT_ACKNOWLEDGED);
}

static void add_payload(buffer *file, const uint8_t *data, size_t size)
{
    add_record(file, 1);
    uint8_t *record = (uint8_t *)file->data + SEGMENT_HEADER;
    record[AT_KIND] = size == 0 ? 0 : data[0];
    file->length = SEGMENT_HEADER + RECORD_HEADER;
    buffer_append(file, data, size);
    record = (uint8_t *)file->data + SEGMENT_HEADER;
    for (size_t i = 0; i < 4; i++)
        record[AT_LENGTH + i] = (uint8_t)(size >> 8 * i);
    crypto_generichash(record + AT_PAYLOAD_HASH, 16, record + RECORD_HEADER, size, NULL, 0);
    entry_seal(record, &header, 1, 1);
    acknowledge(file, 1);
}

static void make_file(buffer *file, const uint8_t *data, size_t size)
{
    uint8_t kind = size == 0 ? 0 : data[0] % 3;
    data += size > 0;
    size -= size > 0;
    if (kind == 0) {
        buffer_append(file, data, size);
        return;
    }
    begin_file(file);
    if (kind == 2) {
        add_payload(file, data, size);
        return;
    }
    for (uint64_t i = 1; i <= RECORDS; i++)
        add_record(file, i);
    acknowledge(file, RECORDS);
    for (size_t i = 0; i + 2 < size; i += 3)
        file->data[(size_t)(data[i] << 8 | data[i + 1]) % file->length] ^= (char)data[i + 2];
}

static void check_entry(const uint8_t *record, size_t length)
{
    entry e;
    if (!record_decode_entry(record, length, &e))
        return;
    for (size_t i = 0; i < entry_field_count(e.kind); i++) {
        const entry_field *f = &e.fields[i];
        require(f->text == NULL || (f->text >= (const char *)record + RECORD_HEADER &&
                                    f->text + f->length <= (const char *)record + length));
    }
    vdb_error error;
    require(entry_validate(&e, &error) == VDB_OK || error.status == VDB_BAD_INPUT);
}

static void count_note(void *context, const char *line)
{
    require(line[0] != '\0');
    ++*(size_t *)context;
}

static void read_all(spool *s, size_t *notes)
{
    spool_reader r;
    spool_reader_begin(&r, s, count_note, notes);
    const uint8_t *record;
    size_t length, count = 0;
    uint64_t last = 0;
    segment *from;
    mark end;
    spool_read found;
    while ((found = spool_read_next(&r, &record, &length, &from, &end, NULL)) == SPOOL_RECORD) {
        require(length >= RECORD_HEADER && end.sequence == record_sequence(record) && end.sequence > last);
        check_entry(record, length);
        last = end.sequence;
        from->outstanding--;
        count++;
    }
    require(found == SPOOL_END && count * RECORD_HEADER <= LARGEST && (r.damages == 0 || *notes > 0));
    spool_discard(s, &r);
    require(s->first == NULL);
    spool_reader_end(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) {
        require(mkdtemp(directory) != NULL);
        atexit(remove_directory);
        ready = true;
    }
    if (size > LARGEST)
        return 0;
    buffer file;
    size_t notes = 0;
    buffer_init(&file, 2 * LARGEST);
    make_file(&file, data, size);
    put_file("x.lock", "", 0);
    put_file("x-000001.spool", file.data, file.length);
    spool *s = NULL;
    require(spool_adopt(directory, count_note, &notes, &s, NULL) == VDB_OK && s != NULL);
    read_all(s, &notes);
    spool_close(s);
    remove_file("x-000001.damaged");
    buffer_free(&file);
    return 0;
}
