#include "bouncer.h"

#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t process;
static char folder[64];

/* Not as root, which it refuses, but as the account that the server's socket belongs to. */
static void run(uid_t uid, gid_t gid)
{
    const char *config = text("%s/pgbouncer.ini", folder);
    if (getuid() == 0 && (setgid(gid) != 0 || setuid(uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(text("%s/log", folder), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execlp("pgbouncer", "pgbouncer", config, (char *)NULL);
    execl("/usr/sbin/pgbouncer", "pgbouncer", config, (char *)NULL);
    _exit(127);
}

static bool is_installed(void)
{
    return access("/usr/sbin/pgbouncer", X_OK) == 0 || system("command -v pgbouncer >/dev/null") == 0;
}

const char *start_bouncer(const char *user, int connections, const char *settings)
{
    struct stat socket;
    if (!is_installed())
        return NULL;
    strcpy(folder, "/tmp/voicedb-bouncer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    const char *path = text("%s/pgbouncer.ini", folder);
    FILE *config = fopen(path, "w");
    assert_non_null(config);
    fprintf(config,
            "[databases]\n%s = host=%s port=%s user=%s\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n"
            "unix_socket_dir = %s\nauth_type = any\npool_mode = transaction\ndefault_pool_size = %d\n"
            "max_client_conn = 50\n%s",
            PQdb(admin), PQhost(admin), PQport(admin), user, folder, connections, settings);
    fclose(config);
    assert_int_equal(stat(text("%s/.s.PGSQL.%s", PQhost(admin), PQport(admin)), &socket), 0);
    if (getuid() == 0)
        assert_int_equal(chown(folder, socket.st_uid, socket.st_gid) | chown(path, socket.st_uid, socket.st_gid), 0);
    process = fork();
    if (process == 0)
        run(socket.st_uid, socket.st_gid);
    for (int i = 0; i < 6000 && access(text("%s/.s.PGSQL.6432", folder), F_OK) != 0; i++)
        sleep_ms(10);
    return text("host=%s port=6432 dbname=%s", folder, PQdb(admin));
}

void stop_bouncer(void)
{
    if (process == 0)
        return;
    kill(process, SIGTERM);
    waitpid(process, NULL, 0);
    process = 0;
    assert_int_equal(system(text("rm -r %s", folder)), 0);
}
