/* A bar on a terminal for work that takes longer than a second, and Ctrl-C during such work. */
#ifndef VDB_CLI_PROGRESS_H
#define VDB_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    const char *title;
    bool terminal; /* stderr is one, and people read it */
    bool shown;
    int64_t began; /* milliseconds of a clock that never goes back */
    int64_t drawn;
    int64_t done, total;
    char behind[512]; /* what stands behind the bar, cut where the terminal ends */
} progress;

void progress_begin(progress *p, const char *title, bool quiet);
/* A vdb_progress: draws, and ends the work once SIGINT has come. */
bool progress_step(void *context, int64_t done, int64_t total);
void progress_end(progress *p);
/* Takes the bar away for what is printed until it is shown again. */
void progress_hide(progress *p);
void progress_show(progress *p);

/* From here on the first SIGINT is remembered and the second one ends the process, as it would by itself. */
void interrupt_watch(void);
/* The same for SIGTERM, of a command that goes on for ever. */
void interrupt_watch_termination(void);
bool interrupt_came(void);
/* Sleeps so long, or until one comes. */
void interrupt_sleep(int milliseconds);
/* Ends the process by the signal that came, so that a calling script ends too. */
void interrupt_follow(void);

#endif
