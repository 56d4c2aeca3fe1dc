#include "base/sort.h"

#include <string.h>

enum { DIGITS = 4, DIGIT_BITS = 8, VALUES = 1 << DIGIT_BITS };

/* A number's digit; of the highest one the sign is turned, so that negative numbers come first. */
static unsigned digit_of(int32_t number, int digit)
{
    return ((uint32_t)number ^ UINT32_C(0x80000000)) >> (digit * DIGIT_BITS) & (VALUES - 1);
}

static void count_digits(const int32_t *numbers, size_t count, uint32_t counts[DIGITS][VALUES])
{
    memset(counts, 0, sizeof(uint32_t[DIGITS][VALUES]));
    for (size_t i = 0; i < count; i++) {
        for (int digit = 0; digit < DIGITS; digit++)
            counts[digit][digit_of(numbers[i], digit)]++;
    }
}

void sort_integers(int32_t *numbers, int32_t *scratch, size_t count)
{
    uint32_t counts[DIGITS][VALUES];
    count_digits(numbers, count, counts);
    for (int digit = 0; digit < DIGITS; digit++) {
        uint32_t place = 0;
        for (int value = 0; value < VALUES; value++) {
            uint32_t here = counts[digit][value];
            counts[digit][value] = place;
            place += here;
        }
        for (size_t i = 0; i < count; i++)
            scratch[counts[digit][digit_of(numbers[i], digit)]++] = numbers[i];
        int32_t *sorted = scratch;
        scratch = numbers;
        numbers = sorted; /* after an even number of digits, where they came from */
    }
}
