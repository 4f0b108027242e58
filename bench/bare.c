/* bare WORKLOAD COUNT HOST:PORT: send and recv in a loop, and no more done to a reply than finding its end: what no
 * client can be faster than. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "workload.h"

static char buffer[2 * LARGE];

/* A bulk string or an array of such, whole: its length; 0 if more bytes are needed. */
static size_t reply_length(const char *bytes, size_t length)
{
    size_t at = 0;
    long left = 1;
    while (left > 0) {
        const char *line = bytes + at;
        long number = 0;
        for (at++; at < length && bytes[at] != '\r'; at++)
            number = number * 10 + (bytes[at] - '0');
        at += 2;
        left--;
        if (*line == '*')
            left += number;
        else
            at += (size_t)number + 2;
        if (at > length || (at == length && left > 0))
            return 0;
    }
    return at;
}

static void run(int fd, const char *command, size_t length)
{
    must(send(fd, command, length, MSG_NOSIGNAL) == (ssize_t)length, "send");
    size_t received = 0;
    do {
        ssize_t count = recv(fd, buffer + received, sizeof buffer - received, 0);
        must(count > 0, "recv");
        received += (size_t)count;
        /* A large reply is not looked at again for each piece. */
    } while (received < 5 || (buffer[1] == '1' && buffer[7] == '6' && received < LARGE) ||
             reply_length(buffer, received) == 0);
}

static size_t encode(char *command, const char *workload)
{
    const char *lrange[] = {"LRANGE", LIST_KEY, "0", "-1"};
    const char *get[] = {"GET", strcmp(workload, "large") == 0 ? LARGE_KEY : SMALL_KEY};
    int is_list = strcmp(workload, "lrange") == 0;
    const char **words = is_list ? lrange : get;
    int count = is_list ? 4 : 2;
    int length = sprintf(command, "*%d\r\n", count);
    for (int i = 0; i < count; i++)
        length += sprintf(command + length, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
    return (size_t)length;
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: bare WORKLOAD COUNT HOST:PORT");
    long count = atol(argv[2]);
    char *colon = strrchr(argv[3], ':');
    must(colon != NULL, "HOST:PORT");
    *colon = '\0';
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    must(inet_pton(AF_INET, argv[3], &address.sin_addr) == 1, "address");
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char command[256];
    size_t length = encode(command, argv[1]);
    double wall_begin = wall(), cpu_begin = cpu();
    for (long i = 0; i < count; i++)
        run(fd, command, length);
    report(wall_begin, cpu_begin, count);
    return 0;
}
