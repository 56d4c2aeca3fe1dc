#include "backup/copy_binary.h"

#include <arpa/inet.h>
#include <float.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UUID_LENGTH = 36, UUID_BYTES = 16, MOST_DIMENSIONS = 16000, LONGEST_NUMBER = 6 };

/* What is left of a value's text. */
typedef struct cursor {
    const char *next, *end;
} cursor;

static bool skip(cursor *c, char byte)
{
    if (c->next == c->end || *c->next != byte)
        return false;
    c->next++;
    return true;
}

static bool is_digit(const cursor *c)
{
    return c->next < c->end && *c->next >= '0' && *c->next <= '9';
}

static bool append_int64(buffer *out, int64_t value)
{
    return buffer_append_int32(out, (int32_t)((uint64_t)value >> 32)) &&
           buffer_append_int32(out, (int32_t)(uint32_t)value);
}

/* ---- numbers of vectors ---------------------------------------------------------------------------------------------
 */

/*
 * The float nearest to digits · 10^exponent, as strtof() has it. A double that is one rounding away from the true value
 * lies on the same side of the middle between two floats, unless it is that middle; and no power of ten up to the 22nd
 * is rounded. All other numbers are strtof()'s, written so that no locale reads them otherwise.
 */
static float nearest_float(uint64_t digits, int exponent)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const int most = (int)(sizeof powers / sizeof powers[0]) - 1;
    const uint64_t below = ((uint64_t)1 << (DBL_MANT_DIG - FLT_MANT_DIG)) - 1, middle = (below + 1) / 2;
    if (FLT_EVAL_METHOD == 0 && digits >> DBL_MANT_DIG == 0 && exponent >= -most && exponent <= most) {
        double value = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        if ((bits & below) != middle)
            return (float)value;
    }
    char text[40];
    snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, exponent);
    return strtof(text, NULL);
}

/* Digits appended to `value`; how many, or -1 when it cannot hold them. */
static int take_digits(cursor *c, uint64_t *value)
{
    const char *began = c->next;
    for (; is_digit(c); c->next++) {
        if (*value > (UINT64_MAX - 9) / 10)
            return -1;
        *value = *value * 10 + (uint64_t)(*c->next - '0');
    }
    return (int)(c->next - began);
}

static bool take_float(cursor *c, float *value)
{
    bool negative = skip(c, '-');
    uint64_t digits = 0;
    int before = take_digits(c, &digits), behind = skip(c, '.') ? take_digits(c, &digits) : 0, exponent = 0;
    if (before < 0 || behind < 0 || before + behind == 0)
        return false;
    if (skip(c, 'e')) {
        uint64_t power = 0;
        bool down = skip(c, '-');
        if (!down)
            (void)skip(c, '+');
        int length = take_digits(c, &power);
        if (length <= 0 || length > 3)
            return false;
        exponent = down ? -(int)power : (int)power;
    }
    *value = nearest_float(digits, exponent - behind);
    if (negative)
        *value = -*value;
    return true;
}

static bool append_vector(buffer *out, cursor *c)
{
    uint32_t wire[MOST_DIMENSIONS];
    size_t count = 0;
    bool good = skip(c, '[');
    do {
        float value = 0;
        good = good && count < MOST_DIMENSIONS && take_float(c, &value);
        if (good) {
            memcpy(&wire[count], &value, sizeof value);
            wire[count] = htonl(wire[count]);
            count++;
        }
    } while (good && skip(c, ','));
    return good && skip(c, ']') && c->next == c->end && buffer_append_int16(out, (int16_t)count) &&
           buffer_append_int16(out, 0) && buffer_append(out, wire, count * sizeof wire[0]);
}

/* ---- instants -------------------------------------------------------------------------------------------------------
 */

static bool take_number(cursor *c, int64_t *number)
{
    uint64_t value = 0;
    int length = take_digits(c, &value);
    *number = (int64_t)value;
    return length > 0 && length <= LONGEST_NUMBER;
}

/* Days from 2000-01-01 to a day of the Gregorian calendar, which has been and will be for ever. Years begin in March
 * here, so that the leap day is their last. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730425;
}

static bool take_date(cursor *c, int64_t *year, int64_t *month, int64_t *day)
{
    return take_number(c, year) && skip(c, '-') && take_number(c, month) && skip(c, '-') && take_number(c, day);
}

/* hh[:mm[:ss]] in seconds. */
static bool take_clock(cursor *c, int64_t *seconds)
{
    *seconds = 0;
    for (int64_t unit = 3600, part; unit > 0; unit /= 60) {
        if (!take_number(c, &part))
            return false;
        *seconds += part * unit;
        if (unit > 1 && !skip(c, ':'))
            return true;
    }
    return true;
}

static bool take_microseconds(cursor *c, int64_t *microseconds)
{
    uint64_t value = 0;
    *microseconds = 0;
    if (!skip(c, '.'))
        return true;
    int length = take_digits(c, &value);
    if (length <= 0 || length > 6)
        return false;
    for (; length < 6; length++)
        value *= 10;
    *microseconds = (int64_t)value;
    return true;
}

static bool is_rest(cursor *c, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(c->end - c->next) == length && memcmp(c->next, text, length) == 0;
}

/* 2026-01-02 03:04:05.678901-03, and what else there is. */
static bool append_instant(buffer *out, cursor *c)
{
    int64_t year, month, day, clock, microseconds, zone;
    if (is_rest(c, "infinity"))
        return append_int64(out, INT64_MAX);
    if (is_rest(c, "-infinity"))
        return append_int64(out, INT64_MIN);
    if (!take_date(c, &year, &month, &day) || !skip(c, ' ') || !take_clock(c, &clock) ||
        !take_microseconds(c, &microseconds))
        return false;
    bool west = skip(c, '-');
    if ((!west && !skip(c, '+')) || !take_clock(c, &zone))
        return false;
    if (is_rest(c, " BC"))
        year = 1 - year;
    else if (c->next != c->end)
        return false;
    int64_t seconds = days_to(year, month, day) * 86400 + clock + (west ? zone : -zone);
    return append_int64(out, seconds * 1000000 + microseconds);
}

/* ---- the others -----------------------------------------------------------------------------------------------------
 */

static bool append_text(buffer *out, cursor *c)
{
    static const char letters[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";
    const char *slash;
    while ((slash = memchr(c->next, '\\', (size_t)(c->end - c->next))) != NULL) {
        buffer_append(out, c->next, (size_t)(slash - c->next));
        c->next = slash + 1;
        if (c->next == c->end)
            return false;
        const char *letter = memchr(letters, *c->next, sizeof letters - 1);
        buffer_append(out, letter == NULL ? c->next : &meant[letter - letters], 1);
        c->next++;
    }
    return buffer_append(out, c->next, (size_t)(c->end - c->next));
}

static bool append_uuid(buffer *out, const cursor *c)
{
    unsigned char bytes[UUID_BYTES];
    size_t length;
    return c->end - c->next == UUID_LENGTH &&
           sodium_hex2bin(bytes, sizeof bytes, c->next, UUID_LENGTH, "-", &length, NULL) == 0 &&
           length == sizeof bytes && buffer_append(out, bytes, sizeof bytes);
}

static bool append_integer(buffer *out, cursor *c, bool wide)
{
    char *end; /* a tab or newline follows */
    int64_t value = strtoll(c->next, &end, 10);
    if (end != c->end || end == c->next)
        return false;
    return wide ? append_int64(out, value) : value == (int32_t)value && buffer_append_int32(out, (int32_t)value);
}

static bool append_boolean(buffer *out, const cursor *c)
{
    return c->end - c->next == 1 && (*c->next == 't' || *c->next == 'f') &&
           buffer_append(out, *c->next == 't' ? "\1" : "\0", 1);
}

static bool append_value(char type, buffer *out, cursor *c)
{
    switch (type) {
    case 'u':
        return append_uuid(out, c);
    case 'i':
    case 'l':
        return append_integer(out, c, type == 'l');
    case 'b':
        return append_boolean(out, c);
    case 'j': /* in version 1 of its format: its text */
        return buffer_append(out, "\1", 1) && append_text(out, c);
    case 't':
        return append_text(out, c);
    case 'z':
        return append_instant(out, c);
    case 'v':
        return append_vector(out, c);
    default:
        return false;
    }
}

/* ---- rows -----------------------------------------------------------------------------------------------------------
 */

void copy_binary_begin(buffer *out)
{
    static const char head[] = "PGCOPY\n\377\r\n"; /* with its NUL; then no flags and no extension */
    buffer_append(out, head, sizeof head);
    buffer_append_int32(out, 0);
    buffer_append_int32(out, 0);
}

void copy_binary_end(buffer *out)
{
    buffer_append_int16(out, -1);
}

/* A value goes behind its length, which is known afterwards. */
static bool append_field(char type, cursor *c, buffer *out)
{
    if (is_rest(c, "\\N"))
        return buffer_append_int32(out, -1);
    size_t place = out->length;
    if (!buffer_append_int32(out, 0) || !append_value(type, out, c))
        return false;
    uint32_t length = htonl((uint32_t)(out->length - place - sizeof length));
    memcpy(out->data + place, &length, sizeof length);
    return true;
}

bool copy_binary_row(const char *types, const char *row, size_t length, buffer *out)
{
    const char *end = row + length - 1; /* at the newline */
    buffer_append_int16(out, (int16_t)strlen(types));
    for (; *types != '\0' && row != NULL; types++) {
        const char *tab = memchr(row, '\t', (size_t)(end - row));
        if (!append_field(*types, &(cursor){ row, tab == NULL ? end : tab }, out))
            return false;
        row = tab == NULL ? NULL : tab + 1;
    }
    return *types == '\0' && row == NULL;
}
