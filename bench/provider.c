/* OpenAI's protocol, as far as an ingestion needs it. The vectors are made before the first request comes. */
#include "provider.h"

#include "data.h"

#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST_REQUEST = 1 << 20, ROOM_PER_VECTOR = VDB_DIMENSIONS * 12 + 64 };

static pthread_mutex_t at_work = PTHREAD_MUTEX_INITIALIZER;
static char *items[PROVIDER_BATCH]; /* {"index": …, "embedding": […]} */
static long batches;

static void make_items(void)
{
    random_stream r = { 5 };
    for (int i = 0; i < PROVIDER_BATCH; i++) {
        char *to = items[i] = allocate(ROOM_PER_VECTOR, 1);
        to += sprintf(to, "{\"index\": %d, \"embedding\": [", i);
        for (int k = 0; k < VDB_DIMENSIONS; k++)
            to += sprintf(to, "%s%.6f", k == 0 ? "" : ",", (double)(random_next(&r) % 2000000) / 1e6 - 1.0000005);
        memcpy(to, "]}", sizeof "]}");
    }
}

static bool send_all(int socket, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(socket, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* The number of texts in the next request; 0: there is none. */
static size_t read_request(int socket, char *buffer)
{
    size_t have = 0;
    char *body = NULL;
    long length = 0;
    while (body == NULL || have < (size_t)(body - buffer) + (size_t)length) {
        ssize_t got = recv(socket, buffer + have, LARGEST_REQUEST - 1 - have, 0);
        if (got <= 0)
            return 0;
        have += (size_t)got;
        buffer[have] = '\0';
        const char *header = strcasestr(buffer, "content-length:");
        body = strstr(buffer, "\r\n\r\n");
        body = body == NULL ? NULL : body + 4;
        length = header == NULL ? 0 : strtol(header + strlen("content-length:"), NULL, 10);
    }
    json_t *request = json_loadb(body, (size_t)length, 0, NULL);
    size_t count = json_array_size(json_object_get(request, "input"));
    json_decref(request);
    return count;
}

static bool answer(int socket, size_t count, char *room)
{
    size_t length = (size_t)sprintf(room, "{\"data\": [");
    for (size_t i = 0; i < count; i++)
        length += (size_t)sprintf(room + length, "%s%s", i == 0 ? "" : ",", items[i]);
    length += (size_t)sprintf(room + length, "], \"usage\": {\"total_tokens\": %zu}}", 200 * count);
    char header[128];
    int header_length =
        sprintf(header, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", length);
    return send_all(socket, header, (size_t)header_length) && send_all(socket, room, length);
}

static void *serve(void *context)
{
    int socket = (int)(intptr_t)context;
    char *request = allocate(LARGEST_REQUEST, 1), *room = allocate(PROVIDER_BATCH + 1, ROOM_PER_VECTOR);
    for (size_t count; (count = read_request(socket, request)) > 0 && count <= PROVIDER_BATCH;) {
        pthread_mutex_lock(&at_work);
        usleep(PROVIDER_BATCH_MS * 1000);
        batches++;
        pthread_mutex_unlock(&at_work);
        if (!answer(socket, count, room))
            break;
    }
    close(socket);
    free(request);
    free(room);
    return NULL;
}

static void *accept_all(void *context)
{
    int listening = (int)(intptr_t)context;
    for (int socket; (socket = accept(listening, NULL, NULL)) >= 0;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)socket) != 0)
            die("the provider cannot start a thread");
        pthread_detach(thread);
    }
    return NULL;
}

int provider_start(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    pthread_t thread;
    make_items();
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, length) != 0 || listen(listening, 64) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listening) != 0)
        die("the provider cannot start");
    pthread_detach(thread);
    return ntohs(address.sin_port);
}

long provider_batches(void)
{
    pthread_mutex_lock(&at_work);
    long count = batches;
    pthread_mutex_unlock(&at_work);
    return count;
}
