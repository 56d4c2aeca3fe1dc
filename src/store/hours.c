#include "store/hours.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { DAYS = 7, MOST_SPANS = 24, DAY_MINUTES = 24 * 60, MOST_HOLIDAYS = 1000 };

typedef struct span {
    int from, to; /* minutes of the day; beyond DAY_MINUTES when it runs past midnight */
} span;

typedef struct spans {
    size_t count;
    span *items;
} spans;

typedef struct holiday {
    int year; /* 0: every year */
    int month, day;
    spans spans;
} holiday;

struct hours {
    const char *zone;
    spans days[DAYS]; /* Monday first */
    holiday *holidays;
    size_t holiday_count;
};

static const char *const day_names[DAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char example[] =
    "Write them as {\"timezone\": \"America/Sao_Paulo\", \"mon-fri\": [\"08:00-12:00\", \"13:00-18:00\"]}.";

/* ---- dates ------------------------------------------------------------------------------------------------------- */

static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Monday is 0: Sakamoto's method. */
static int weekday_of(const local_time *t)
{
    static const int shift[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
    int year = t->year - (t->month < 3);
    return (year + year / 4 - year / 100 + year / 400 + shift[t->month - 1] + t->day + 6) % DAYS;
}

static local_time day_before(const local_time *t)
{
    local_time before = *t;
    if (--before.day > 0)
        return before;
    if (--before.month == 0) {
        before.month = 12;
        before.year--;
    }
    before.day = days_of(before.year, before.month);
    return before;
}

/* Exactly so many digits; -1: others. */
static int digits(const char *text, size_t count)
{
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

static bool is_date(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

bool local_time_parse(const char *text, local_time *t)
{
    if (strlen(text) != 16 || text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':')
        return false;
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2);
    *t = (local_time){ digits(text, 4), digits(text + 5, 2), digits(text + 8, 2), 60 * hour + minute };
    return t->year >= 0 && is_date(t->year, t->month, t->day) && hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

static vdb_status malformed(const char *what, const char *value, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, example, "the working hours' %s \"%s\" cannot be read", what, value);
}

/* "08:00"; -1: it is none. */
static int clock_of(const char *text)
{
    int hour = digits(text, 2), minute = hour < 0 || text[2] != ':' ? -1 : digits(text + 3, 2);
    bool good = minute >= 0 && minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
    return good ? 60 * hour + minute : -1;
}

static vdb_status parse_span(const json_t *value, span *s, vdb_error *error)
{
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) != 11 || text[5] != '-')
        return malformed("span", text == NULL ? "?" : text, error);
    s->from = clock_of(text);
    s->to = clock_of(text + 6);
    if (s->from < 0 || s->from == DAY_MINUTES || s->to < 0 || s->from == s->to)
        return malformed("span", text, error);
    s->to += s->to < s->from ? DAY_MINUTES : 0;
    return VDB_OK;
}

/* One span as a string, or an array of them. */
static vdb_status parse_spans(arena *a, const char *name, const json_t *value, spans *s, vdb_error *error)
{
    bool single = json_is_string(value);
    s->count = single ? 1 : json_array_size(value);
    if ((!single && !json_is_array(value)) || s->count > MOST_SPANS)
        return malformed("entry", name, error);
    s->items = arena_array(a, s->count + 1, sizeof *s->items);
    vdb_status status = s->items == NULL ? error_memory(error) : VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < s->count; i++)
        status = parse_span(single ? value : json_array_get(value, i), &s->items[i], error);
    return status;
}

/* 0 is Monday; -1: it is no day. */
static int day_of(const char *name, size_t length)
{
    for (int i = 0; i < DAYS; i++) {
        if (length == 3 && memcmp(day_names[i], name, 3) == 0)
            return i;
    }
    return -1;
}

/* "mon", or "mon-fri", which may run over the week's end. */
static vdb_status parse_day(arena *a, const char *name, const json_t *value, hours *h, vdb_error *error)
{
    size_t length = strlen(name);
    int first = day_of(name, length < 3 ? length : 3);
    int last = length == 7 && name[3] == '-' ? day_of(name + 4, 3) : length == 3 ? first : -1;
    if (first < 0 || last < 0)
        return malformed("entry", name, error);
    spans s;
    vdb_status status = parse_spans(a, name, value, &s, error);
    for (int day = first; status == VDB_OK; day = (day + 1) % DAYS) {
        if (h->days[day].items != NULL)
            return error_set(error, VDB_BAD_INPUT, "Name each day once.", "the working hours name %s twice",
                             day_names[day]);
        h->days[day] = s;
        if (day == last)
            break;
    }
    return status;
}

/* "12-25" or "2026-12-25". */
static bool parse_date(const char *text, holiday *h)
{
    size_t length = strlen(text);
    bool yearly = length == 5 && text[2] == '-';
    if (!yearly && (length != 10 || text[4] != '-' || text[7] != '-'))
        return false;
    h->year = yearly ? 0 : digits(text, 4);
    h->month = digits(text + length - 5, 2);
    h->day = digits(text + length - 2, 2);
    return (yearly || h->year > 0) && is_date(h->year, h->month, h->day); /* 29 February is a date of year 0 */
}

static vdb_status parse_holidays(arena *a, const json_t *value, hours *h, vdb_error *error)
{
    const char *date;
    json_t *entry;
    if (!json_is_object(value) || json_object_size(value) > MOST_HOLIDAYS)
        return malformed("entry", "holidays", error);
    h->holidays = arena_array(a, json_object_size(value) + 1, sizeof *h->holidays);
    if (h->holidays == NULL)
        return error_memory(error);
    json_object_foreach((json_t *)(uintptr_t)value, date, entry)
    {
        holiday *day = &h->holidays[h->holiday_count];
        if (!parse_date(date, day))
            return malformed("holiday", date, error);
        vdb_status status = parse_spans(a, date, entry, &day->spans, error);
        if (status != VDB_OK)
            return status;
        h->holiday_count++;
    }
    return VDB_OK;
}

/* Names of places only: PostgreSQL would take "Nowhere3" for a time zone, too. */
static bool is_zone(const char *zone)
{
    bool place = strchr(zone, '/') != NULL || strcmp(zone, "UTC") == 0;
    return place && strlen(zone) < 64 &&
           zone[strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

static vdb_status parse_entry(arena *a, const char *key, const json_t *value, hours *h, vdb_error *error)
{
    if (strcmp(key, "holidays") == 0)
        return parse_holidays(a, value, h, error);
    if (strcmp(key, "timezone") != 0)
        return parse_day(a, key, value, h, error);
    if (!json_is_string(value) || !is_zone(json_string_value(value)))
        return malformed("time zone", json_is_string(value) ? json_string_value(value) : "?", error);
    h->zone = arena_copy_string(a, json_string_value(value));
    return h->zone == NULL ? error_memory(error) : VDB_OK;
}

static bool names_a_day(const hours *h)
{
    bool named = false;
    for (int i = 0; i < DAYS; i++)
        named = named || h->days[i].items != NULL;
    return named;
}

vdb_status hours_parse(arena *a, const char *json, hours **parsed, vdb_error *error)
{
    const char *key;
    json_t *value;
    *parsed = NULL;
    json_t *object = json == NULL ? NULL : json_parse_object(json, "working hours", error);
    if (json != NULL && object == NULL)
        return VDB_BAD_INPUT;
    if (json_object_size(object) == 0) {
        json_decref(object);
        return VDB_OK;
    }
    hours *h = arena_alloc(a, sizeof *h);
    vdb_status status = h == NULL ? error_memory(error) : VDB_OK;
    json_object_foreach(object, key, value)
    {
        if (status == VDB_OK)
            status = parse_entry(a, key, value, h, error);
    }
    json_decref(object);
    if (status == VDB_OK && !names_a_day(h))
        status = error_set(error, VDB_BAD_INPUT, example, "the working hours name no day");
    if (status == VDB_OK)
        *parsed = h;
    return status;
}

const char *hours_zone(const hours *h)
{
    return h->zone;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

/* One year's holiday goes before each year's. */
static const spans *spans_of(const hours *h, const local_time *t)
{
    const spans *yearly = NULL;
    for (size_t i = 0; i < h->holiday_count; i++) {
        const holiday *day = &h->holidays[i];
        if (day->month != t->month || day->day != t->day)
            continue;
        if (day->year == t->year)
            return &day->spans;
        if (day->year == 0)
            yearly = &day->spans;
    }
    return yearly != NULL ? yearly : &h->days[weekday_of(t)];
}

static bool covers(const spans *s, int minute)
{
    bool covered = false;
    for (size_t i = 0; i < s->count; i++)
        covered = covered || (minute >= s->items[i].from && minute < s->items[i].to);
    return covered;
}

bool hours_are_open(const hours *h, const local_time *t)
{
    if (h == NULL)
        return true;
    const local_time before = day_before(t);
    return covers(spans_of(h, t), t->minute) || covers(spans_of(h, &before), t->minute + DAY_MINUTES);
}
