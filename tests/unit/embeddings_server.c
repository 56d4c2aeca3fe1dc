#include "embeddings_server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

embeddings_server server;

static void run_server(int in, int out)
{
    char script[4096];
    const char *tests = getenv("VOICEDB_TESTS");
    snprintf(script, sizeof script, "%s/http/server.py", tests == NULL ? "tests" : tests);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execlp("python3", "python3", script, "--watch-stdin", "--record", server.record, "--dimensions", "8", (char *)NULL);
    _exit(127);
}

int start_embeddings_server(void **state)
{
    (void)state;
    static const char *const proxies[] = { "http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY" };
    for (size_t i = 0; i < COUNT(proxies); i++)
        unsetenv(proxies[i]);
    strcpy(server.directory, "/tmp/voicedb-openai-XXXXXX");
    assert_non_null(mkdtemp(server.directory));
    snprintf(server.record, sizeof server.record, "%s/record", server.directory);
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server.pid = fork();
    if (server.pid == 0)
        run_server(in[0], out[1]);
    close(in[0]);
    close(out[1]);
    server.stdin_pipe = in[1];
    FILE *ports = fdopen(out[0], "r");
    assert_int_equal(fscanf(ports, "%d %d", &server.port, &server.closed_port), 2);
    return fclose(ports);
}

int stop_embeddings_server(void **state)
{
    (void)state;
    int status = 0;
    close(server.stdin_pipe);
    kill(server.pid, SIGTERM);
    waitpid(server.pid, &status, 0);
    unlink(server.record);
    return rmdir(server.directory) == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

json_t *read_record(const char *wanted)
{
    json_t *requests = json_array(), *request;
    FILE *file = fopen(server.record, "r");
    while (file != NULL && (request = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        if (strcmp(json_string_value(json_object_get(request, "path")), wanted) == 0)
            json_array_append(requests, request);
        json_decref(request);
    }
    if (file != NULL)
        fclose(file);
    return requests;
}

json_t *requests_to(const char *path, size_t count)
{
    json_t *found = read_record(path);
    for (int i = 0; i < 500 && json_array_size(found) < count; i++) {
        json_decref(found);
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        found = read_record(path);
    }
    assert_int_equal(json_array_size(found), count);
    return found;
}

const char *sent_string(const json_t *sent, const char *part, const char *name)
{
    return json_string_value(json_object_get(json_object_get(sent, part), name));
}

void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" has no \"%s\"", text, part);
}
