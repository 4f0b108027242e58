/* bare WORKLOAD COUNT HOST:PORT: send and recv in a loop, and no more done to a reply than finding its end: what no
 * client can be faster than. */
#include "bare.h"

static void run(int fd, const char *command, size_t length)
{
    must(send(fd, command, length, MSG_NOSIGNAL) == (ssize_t)length, "send");
    size_t received = 0;
    do {
        ssize_t count = recv(fd, buffer + received, sizeof buffer - received, 0);
        must(count > 0, "recv");
        received += (size_t)count;
    } while (!is_whole(received));
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: bare WORKLOAD COUNT HOST:PORT");
    long count = atol(argv[2]);
    int fd = connected(argv[3]);
    char command[256];
    size_t length = encode(command, argv[1]);
    double wall_begin = wall(), cpu_begin = cpu();
    for (long i = 0; i < count; i++)
        run(fd, command, length);
    report(wall_begin, cpu_begin, count);
    return 0;
}
