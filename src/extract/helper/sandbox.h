/* What keeps the helper from doing anything but computing and writing to its standard output. */
#ifndef VDB_EXTRACT_HELPER_SANDBOX_H
#define VDB_EXTRACT_HELPER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From here on the process, and whoever takes it over through a hostile file, opens no file, no socket and no process,
 * sees no other process, has `memory` bytes of data and `seconds` of processor time. The kernel's filter for system
 * calls is added where there is one. False: a limit was refused.
 */
bool sandbox_enter(size_t memory, unsigned seconds);

/* Ends the process. What libraries would tidy up is the kernel's at once. */
_Noreturn void sandbox_leave(void);

#endif
