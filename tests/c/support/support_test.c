/* The harness itself: needs no library. */
#define _POSIX_C_SOURCE 200809L

#include "clock.h"
#include "cluster.h"
#include "descriptors.h"
#include "fail.h"
#include "fake_node.h"
#include "threads.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

    CHECK_INT(descriptors_open(), before);
    CHECK_INT(threads_running(), threads);
    CHECK_INT(descriptors_sockets(), 0);
    CHECK(resident_kib() > 0);
    return 0;
}
