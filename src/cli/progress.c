#include "cli/progress.h"

#include "cli/display.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_AFTER_MS = 1000, NEXT_AFTER_MS = 100, BAR = 30, ESCAPES = 4 /* bytes in front of the title */ };

static volatile sig_atomic_t interrupted;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(progress *p, const char *title, bool quiet)
{
    *p = (progress){ .title = title, .terminal = !quiet && isatty(STDERR_FILENO), .began = now_ms() };
}

static void draw(const progress *p)
{
    static const char signs[] = "##############################";
    bool complete = p->done >= p->total;
    int filled = (int)(complete ? BAR : BAR * p->done / p->total);
    int used = fprintf(stderr, "\r\033[K%s [%.*s%*s] %3d %%", p->title, filled, signs, BAR - filled, "",
                       (int)(complete ? 100 : 100 * p->done / p->total));
    size_t columns = display_columns_of(STDERR_FILENO), before = used < ESCAPES ? 0 : (size_t)(used - ESCAPES);
    if (columns > before + 1)
        display_cut(stderr, p->behind, columns - before - 1);
    fflush(stderr);
}

bool progress_step(void *context, int64_t done, int64_t total)
{
    progress *p = context;
    int64_t now = now_ms();
    p->done = done;
    p->total = total;
    if (p->terminal && total > 0 && now - p->began >= FIRST_AFTER_MS && now - p->drawn >= NEXT_AFTER_MS) {
        draw(p);
        p->shown = true;
        p->drawn = now;
    }
    return !interrupted;
}

void progress_hide(progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
}

void progress_show(progress *p)
{
    if (p->shown)
        draw(p);
}

void progress_end(progress *p)
{
    progress_hide(p);
    p->shown = false;
}

static void remember(int signal_number)
{
    interrupted = signal_number;
}

static void watch_signal(int signal_number)
{
    struct sigaction before, action = { .sa_handler = remember, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(signal_number, &action, NULL);
}

void interrupt_watch(void)
{
    watch_signal(SIGINT);
}

void interrupt_watch_termination(void)
{
    watch_signal(SIGTERM);
}

bool interrupt_came(void)
{
    return interrupted != 0;
}

void interrupt_sleep(int milliseconds)
{
    for (int64_t until = now_ms() + milliseconds, left; !interrupted && (left = until - now_ms()) > 0;) {
        int64_t slice = left < NEXT_AFTER_MS ? left : NEXT_AFTER_MS;
        nanosleep(&(struct timespec){ .tv_nsec = slice * 1000000 }, NULL);
    }
}

void interrupt_follow(void)
{
    int signal_number = interrupted;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}
