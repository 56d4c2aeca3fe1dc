/*
 * Any text as a rule's working hours: they are refused with a hint, or open and close as a clock goes on, the same each
 * time they are read. The last bytes choose the day that is asked about.
 */
#include "store/hours.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MINUTES = 24 * 60, STEP = 29 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static local_time day_of(const uint8_t *data, size_t size)
{
    const uint8_t last = size > 0 ? data[size - 1] : 0, before = size > 1 ? data[size - 2] : 0;
    return (local_time){ .year = 1 + 40 * last, .month = 1 + before % 12, .day = 1 + last % 28 };
}

static void check_times(const hours *h, const hours *again, local_time t)
{
    for (t.minute = 0; t.minute < DAY_MINUTES; t.minute += STEP)
        require(hours_are_open(h, &t) == hours_are_open(again, &t));
}

static void check_zone(const char *zone)
{
    require(zone == NULL || (zone[0] != '\0' && strpbrk(zone, " \t\r\n'\"\\;:") == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new();
    const char *text = arena_copy(a, (const char *)data, size);
    hours *h = NULL, *again = NULL;
    vdb_error error = { 0 };
    vdb_status status = hours_parse(a, text, &h, &error);
    require(hours_parse(a, text, &again, NULL) == status && (h == NULL) == (again == NULL));
    if (status != VDB_OK)
        require(status == VDB_BAD_INPUT && error.status == status && error.hint[0] != '\0' && h == NULL);
    if (h != NULL) {
        check_zone(hours_zone(h));
        check_times(h, again, day_of(data, size));
    }
    local_time t;
    if (local_time_parse(text, &t))
        require(hours_are_open(NULL, &t) && t.minute >= 0 && t.minute < DAY_MINUTES);
    arena_free(a);
    return 0;
}
