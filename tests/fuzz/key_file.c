/* Any bytes as a file of master keys: it gives distinct keys, or is refused in words that show nothing of it. */
#include "secret/key_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TELLING = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_keys(const master_key *keys, size_t count)
{
    require(count >= 1 && count <= MOST_MASTER_KEYS);
    for (size_t i = 0; i < count; i++) {
        require(strlen(keys[i].id) == MASTER_ID_ROOM - 1);
        for (size_t k = 0; k < i; k++)
            require(strcmp(keys[i].id, keys[k].id) != 0);
    }
}

/* An identifier may be told; a run of digits of a key may not. */
static void check_silence(const char *text, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + TELLING <= size; i++) {
        size_t digits = 0;
        while (digits < TELLING && isxdigit(data[i + digits]))
            digits++;
        char run[TELLING + 1] = "";
        memcpy(run, data + i, digits);
        require(digits < TELLING || strstr(text, run) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static master_key keys[MOST_MASTER_KEYS];
    size_t count;
    vdb_error error = { 0 };
    vdb_status status = key_file_parse("FILE", (const char *)data, size, keys, &count, &error);
    if (status == VDB_OK) {
        check_keys(keys, count);
        return 0;
    }
    require(status == VDB_BAD_INPUT && error.status == status && error.hint[0] != '\0');
    require(strstr(error.message, "FILE") != NULL);
    if (strstr(error.message, "twice") == NULL)
        check_silence(error.message, data, size);
    check_silence(error.detail, data, size);
    return 0;
}
