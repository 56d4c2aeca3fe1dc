/*
 * voicedb-extract and voicedb-extract-pdf SECONDS MEGABYTES: reads the document that is its standard input, a file, and
 * writes its text as frames. Started by libvoicedb for every document, with no descriptor but these and no environment
 * but the C library's settings.
 */
#include "extract/helper/program.h"
#include "extract/helper/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_out(void *context, const char *bytes, size_t length)
{
    (void)context;
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            _exit(1); /* nobody reads any more */
        bytes += written;
        length -= (size_t)written;
    }
}

static bool map_input(document *d)
{
    struct stat about;
    if (fstat(STDIN_FILENO, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0)
        return false;
    *d = (document){ .size = (size_t)about.st_size, .mapped = true };
    d->bytes = mmap(NULL, d->size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    return d->bytes != MAP_FAILED;
}

int main(int argc, char **argv)
{
    static output o;
    document d;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (argc != 3 || !program_prepare() || !map_input(&d))
        return 2;
    if (!sandbox_enter(strtoul(argv[2], NULL, 10) << 20, (unsigned)strtoul(argv[1], NULL, 10)))
        return 3;
    output_begin(&o, write_out, NULL);
    output_end(&o, program_extract(&d, &o));
    sandbox_leave();
}
