/* What the bare loops share: a socket, a command, and finding the end of a reply. */
#ifndef BARE_H
#define BARE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "workload.h"

static char buffer[2 * LARGE];

/* A bulk string or an array of such, whole: its length; 0 if more bytes are needed. */
static inline size_t reply_length(const char *bytes, size_t length)
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

/* Whether the buffer holds a whole reply. A large one is not looked at again for each piece. */
static inline int is_whole(size_t received)
{
    return received >= 5 && !(buffer[1] == '1' && buffer[7] == '6' && received < LARGE) &&
           reply_length(buffer, received) != 0;
}

static inline size_t encode(char *command, const char *workload)
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

static inline int connected(char *node)
{
    char *colon = strrchr(node, ':');
    must(colon != NULL, "HOST:PORT");
    *colon = '\0';
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    must(inet_pton(AF_INET, node, &address.sin_addr) == 1, "address");
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

#endif
