#include "relay.h"

#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENT, SERVER };

struct relay {
    pthread_t thread;
    char folder[64], conninfo[128];
    struct sockaddr_un address;
    int listening;
    atomic_int turns;
};

static const char *port(void)
{
    const char *given = getenv("PGPORT");
    return given == NULL ? "5432" : given;
}

static struct sockaddr_un address_in(const char *folder)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", folder, port());
    assert_true(length < (int)sizeof address.sun_path);
    return address;
}

static int dial(void)
{
    struct sockaddr_un address = address_in(getenv("PGHOST"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* False: one side has closed. */
static bool pass_on(int from, int to)
{
    char bytes[65536];
    ssize_t got = read(from, bytes, sizeof bytes), sent = 0;
    while (got > 0 && sent < got) {
        ssize_t wrote = write(to, bytes + sent, (size_t)(got - sent));
        if (wrote <= 0)
            return false;
        sent += wrote;
    }
    return got > 0;
}

static void *work(void *item)
{
    relay *r = item;
    struct pollfd sides[] = { { .events = POLLIN }, { .events = POLLIN } };
    sides[CLIENT].fd = accept(r->listening, NULL, NULL);
    sides[SERVER].fd = dial();
    bool open = sides[CLIENT].fd >= 0 && sides[SERVER].fd >= 0;
    for (int last = SERVER; open && poll(sides, 2, -1) > 0;) {
        int from = sides[CLIENT].revents != 0 ? CLIENT : SERVER;
        if (from == CLIENT && last == SERVER)
            atomic_fetch_add(&r->turns, 1);
        last = from;
        open = pass_on(sides[from].fd, sides[from == CLIENT ? SERVER : CLIENT].fd);
    }
    close(sides[CLIENT].fd);
    close(sides[SERVER].fd);
    return NULL;
}

relay *relay_start(void)
{
    relay *r = calloc(1, sizeof *r);
    assert_non_null(r);
    strcpy(r->folder, "/tmp/voicedb-relay-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    r->address = address_in(r->folder);
    r->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->listening, (struct sockaddr *)&r->address, sizeof r->address), 0);
    assert_int_equal(listen(r->listening, 1), 0);
    snprintf(r->conninfo, sizeof r->conninfo, "host=%s", r->folder);
    assert_int_equal(pthread_create(&r->thread, NULL, work, r), 0);
    return r;
}

const char *relay_conninfo(const relay *r)
{
    return r->conninfo;
}

int relay_turns(const relay *r)
{
    return atomic_load(&r->turns);
}

void relay_stop(relay *r)
{
    pthread_join(r->thread, NULL);
    close(r->listening);
    unlink(r->address.sun_path);
    rmdir(r->folder);
    free(r);
}
