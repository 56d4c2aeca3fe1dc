#include "receiver.h"

#include "lib.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1024, ROOM = 65536, WAIT_MS = 50 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

typedef struct line {
    int fd;
    size_t used;
    char bytes[ROOM];
} line;

struct receiver {
    pthread_t thread;
    int listener, poll;
    atomic_long count;
    atomic_bool stopping;
};

/* The length of the request at the beginning of what is there; 0: it is not whole yet. */
static size_t request_length(const char *bytes, size_t used)
{
    const char *end = memmem(bytes, used, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - bytes) + 4, body = 0;
    for (const char *at = bytes; at < end; at = (const char *)memchr(at, '\n', (size_t)(bytes + head - at)) + 1) {
        if (strncasecmp(at, "content-length:", 15) == 0)
            body = strtoul(at + 15, NULL, 10);
    }
    return used >= head + body ? head + body : 0;
}

static void take_call(receiver *r)
{
    int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        die("the receiver cannot take a connection");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    line *l = allocate(1, sizeof *l);
    l->fd = fd;
    epoll_ctl(r->poll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = l });
}

static void hang_up(line *l)
{
    close(l->fd);
    free(l);
}

static void serve(receiver *r, line *l)
{
    ssize_t got = read(l->fd, l->bytes + l->used, ROOM - 1 - l->used);
    if (got <= 0) {
        hang_up(l);
        return;
    }
    l->used += (size_t)got;
    for (size_t length; (length = request_length(l->bytes, l->used)) > 0;) {
        atomic_fetch_add(&r->count, 1);
        if (write(l->fd, answer, sizeof answer - 1) != sizeof answer - 1)
            die("the receiver cannot answer");
        memmove(l->bytes, l->bytes + length, l->used - length);
        l->used -= length;
    }
}

static void *listen_and_serve(void *context)
{
    receiver *r = context;
    struct epoll_event events[MOST_CONNECTIONS];
    while (!atomic_load(&r->stopping)) {
        int count = epoll_wait(r->poll, events, MOST_CONNECTIONS, WAIT_MS);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                take_call(r);
            else
                serve(r, events[i].data.ptr);
        }
    }
    return NULL;
}

receiver *receiver_start(int *port)
{
    receiver *r = allocate(1, sizeof *r);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    r->poll = epoll_create1(EPOLL_CLOEXEC);
    if (r->listener < 0 || r->poll < 0 || bind(r->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(r->listener, MOST_CONNECTIONS) != 0 ||
        getsockname(r->listener, (struct sockaddr *)&address, &length) != 0)
        die("the receiver cannot listen");
    epoll_ctl(r->poll, EPOLL_CTL_ADD, r->listener, &(struct epoll_event){ .events = EPOLLIN });
    *port = ntohs(address.sin_port);
    if (pthread_create(&r->thread, NULL, listen_and_serve, r) != 0)
        die("a thread cannot be started");
    return r;
}

long receiver_count(const receiver *r)
{
    return atomic_load(&r->count);
}

void receiver_stop(receiver *r)
{
    atomic_store(&r->stopping, true);
    pthread_join(r->thread, NULL);
    close(r->listener);
    close(r->poll);
    free(r);
}
