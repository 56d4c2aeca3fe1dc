/*
 * Any bytes as text: validity and folding agree with each other, folding twice changes nothing, and the builtin
 * embedding gives a unit vector or says that there is no word.
 */
#include "base/text.h"
#include "knowledge/builtin.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_folding(arena *a, const char *text, size_t length)
{
    const char *once = text_fold(a, text, length);
    size_t folded = strlen(once);
    require(text_is_utf8(once, folded));
    require(folded == 0 || (once[0] != ' ' && once[folded - 1] != ' '));
    require(strstr(once, "  ") == NULL);
    require(strcmp(text_fold(a, once, folded), once) == 0);
}

static void check_vector(arena *a, embed_kind kind, const char *text)
{
    static builtin *embedding;
    static float vector[VDB_DIMENSIONS];
    vdb_error error;
    require(embedding != NULL || builtin_new(&embedding, &error) == VDB_OK);
    vdb_status status = builtin_embed(embedding, kind, text, vector, &error);
    require(status == VDB_OK || status == VDB_BAD_INPUT);
    require(status == VDB_OK || text_fold(a, text, strlen(text))[0] == '\0');
    double squares = 0;
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        squares += (double)vector[i] * (double)vector[i];
    require(status != VDB_OK || fabs(squares - 1) < 1e-4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new();
    const char *bytes = (const char *)data;
    size_t tail = text_utf8_tail(bytes, size);
    require(tail <= 3 && tail <= size);
    require(!text_is_utf8(bytes, size) || tail == 0);
    check_folding(a, bytes, size);
    const char *text = arena_copy(a, bytes, size);
    text_is_uuid(text);
    check_vector(a, EMBED_QUERY, text);
    check_vector(a, EMBED_DOCUMENT, text);
    arena_free(a);
    return 0;
}
