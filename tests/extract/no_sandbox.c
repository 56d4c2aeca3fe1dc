#include "extract/helper/sandbox.h"

#include <stdlib.h>

bool sandbox_enter(size_t memory, unsigned seconds)
{
    return memory > 0 && seconds > 0;
}

/* Sanitizers have their say. */
void sandbox_leave(void)
{
    exit(0);
}
