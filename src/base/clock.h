/* Time that only goes forward. */
#ifndef VDB_BASE_CLOCK_H
#define VDB_BASE_CLOCK_H

/* Milliseconds since some instant. */
double clock_ms(void);

#endif
