/* The harness itself: needs no library.
 * ctest: tls-cluster */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "clock.h"
#include "cluster.h"
#include "descriptors.h"
#include "fail.h"
#include "fake_node.h"
#include "threads.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void ping(int port)
{
    struct sockaddr_in address = {0};
    char reply[8] = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK_INT(write(fd, "PING\r\n", 6), 6);
    CHECK_INT(recv(fd, reply, 7, MSG_WAITALL), 7);
    CHECK_STR(reply, "+PONG\r\n");
    close(fd);
}

/* Speaks to a server over TLS, with a client certificate, through the command openssl. */
static void speak_tls(const char *address, const char *words, const char *expected)
{
    char line[2048], reply[256];
    size_t length;
    FILE *pipe;
    int size = snprintf(line, sizeof line,
                        "printf '%sQUIT\\r\\n' | openssl s_client -quiet -verify_return_error -connect %s "
                        "-CAfile '%s' -cert '%s' -key '%s' 2>/dev/null",
                        words, address, certificates_file("ca.pem"), certificates_file("client.pem"),
                        certificates_file("client.key"));
    CHECK(size > 0 && (size_t)size < sizeof line);
    pipe = popen(line, "r");
    CHECK(pipe != NULL);
    length = fread(reply, 1, sizeof reply - 1, pipe);
    reply[length] = '\0';
    CHECK_STR(reply, expected);
    CHECK(pclose(pipe) != -1);
}

/* A folder of certificates is made once in a process, is not a forked child's to remove, and goes at the end. */
static void certificates(void)
{
    char gone[4096];
    int status;
    pid_t child;
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pid_t grandchild;
        CHECK(unsetenv("REDISCLUSTER_TEST_CERTIFICATES") == 0);
        CHECK_STR(certificates_folder(), certificates_folder());
        CHECK_CONTAINS(certificates_file("client.key"), certificates_folder());
        grandchild = fork();
        CHECK(grandchild >= 0);
        if (grandchild == 0)
            exit(0);
        CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
        certificates_file("empty-folder");
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    snprintf(gone, sizeof gone, "! ls -d \"${TMPDIR:-/tmp}\"/rediscluster-test-%ld-* 2>/dev/null",
             (long)child);
    CHECK_INT(system(gone), 0);
}

static void over_tls(void)
{
    cluster *shared = cluster_shared_tls();
    fake_node *fake = fake_node_start_format("tls %s\ntls-client-auth required\nhandshake\n"
                                             "on GET * => bulk $arg1; truncate",
                                             certificates_folder());
    char *log;
    CHECK_INT(cluster_count_nodes(shared), 6);
    for (int node = 1; node <= 6; node++)
        speak_tls(cluster_address(shared, node), "AUTH app app-secret\\r\\nPING\\r\\n",
                  "+OK\r\n+PONG\r\n+OK\r\n");
    speak_tls(fake_node_address(fake, 1), "PING\\r\\nGET it\\r\\n", "+PONG\r\n$2\r\nit\r\n");
    CHECK_INT(fake_node_handshakes_of(fake, 1).done, 1);
    CHECK_INT(fake_node_handshakes_of(fake, 1).failed, 0);
    log = fake_node_log(fake);
    CHECK_CONTAINS(log, " 1 1 tls TLSv1.3");
    CHECK_CONTAINS(log, "client=client");
    free(log);
    fake_node_stop(fake);
    cluster_stop(shared);
}

static void worker(void *shared, int number)
{
    (void)number;
    ping(*(int *)shared);
}

int main(void)
{
    int before = descriptors_open(), threads = threads_running();
    fake_node *fake = fake_node_start("node 1 2\n handshake\n");
    cluster *real;
    char *log, *answer;
    int port = fake_node_port(fake, 2);
    CHECK_INT(fake_node_count_nodes(fake), 2);
    threads_run(8, worker, &port);
    CHECK_INT(fake_node_count(fake, "PING"), 8);
    CHECK_INT(fake_node_count_on(fake, 1, "PING"), 0);
    WAIT_UNTIL(fake_node_connections_of(fake, 2).open == 0, 5000);
    CHECK_INT(fake_node_connections_of(fake, 2).total, 8);
    log = fake_node_log(fake);
    CHECK_CONTAINS(log, " 2 1 open");
    free(log);
    fake_node_control(fake, "kill %d", 1);
    CHECK_CONTAINS(fake_node_address(fake, 1), "127.0.0.1:");
    fake_node_stop(fake);

    real = cluster_start("--primaries", "1", NULL);
    answer = cluster_control(real, "owner %d", 77);
    CHECK_STR(answer, "1");
    free(answer);
    ping((int)strtol(strchr(cluster_address(real, 1), ':') + 1, NULL, 10));
    CHECK_STR(cluster_addresses(real), cluster_address(real, 1));
    cluster_stop(real);

    certificates();
    over_tls();

    CHECK_INT(descriptors_open(), before);
    CHECK_INT(threads_running(), threads);
    CHECK_INT(descriptors_sockets(), 0);
    CHECK(resident_kib() > 0);
    return 0;
}
