#include "extract/helper/sandbox.h"

bool sandbox_enter(size_t memory, unsigned seconds)
{
    return memory > 0 && seconds > 0;
}
