#include "privacy/caller.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What is dialled in front of a number to leave one's own area or country is no part of it. */
static void drop_prefix(caller *c)
{
    size_t zeros = strspn(c->text, "0");
    if (c->length - zeros < LEAST_DIGITS)
        return;
    memmove(c->text, c->text + zeros, c->length - zeros + 1);
    c->length -= zeros;
}

vdb_status caller_read(const char *spelling, caller *c, vdb_error *error)
{
    size_t length = spelling == NULL ? 0 : strlen(spelling);
    *c = (caller){ 0 };
    if (length == 0 || length >= sizeof c->text)
        return error_set(error, VDB_USAGE, "Give the number as the caller's phone showed it.", "\"%.64s\" is no caller",
                         spelling == NULL ? "" : spelling);
    for (size_t i = 0; i < length; i++) {
        if (is_digit(spelling[i]))
            c->text[c->length++] = spelling[i];
    }
    c->is_number = c->length > 0 && strspn(spelling, "+0123456789 ()-./") == length;
    if (c->is_number) {
        drop_prefix(c);
    } else {
        memcpy(c->text, spelling, length + 1);
        c->length = length;
    }
    return VDB_OK;
}

bool caller_is_same(const caller *a, const caller *b)
{
    const caller *longer = a->length > b->length ? a : b, *shorter = longer == a ? b : a;
    if (a->is_number != b->is_number)
        return false;
    if (a->length != b->length && (!a->is_number || shorter->length < LEAST_DIGITS))
        return false;
    return memcmp(longer->text + longer->length - shorter->length, shorter->text, shorter->length) == 0;
}

size_t caller_ends(const caller *c)
{
    return c->is_number && c->length > LEAST_DIGITS ? c->length - LEAST_DIGITS + 1 : 1;
}
