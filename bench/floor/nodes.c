/* Sockets, commands, the ends of replies, and which node owns which key: each node is asked. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "floor.h"

int node_count;
char addresses[NODES][64];
int fds[NODES];
int node_of[KEYS];
struct command gets[KEYS], sets[KEYS];

int connected(const char *address)
{
    char host[64];
    snprintf(host, sizeof host, "%s", address);
    char *colon = strrchr(host, ':');
    must(colon != NULL, "HOST:PORT");
    *colon = '\0';
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    must(inet_pton(AF_INET, host, &to.sin_addr) == 1, "address");
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

struct command encoded(int argc, const char *const *argv)
{
    size_t room = 32;
    for (int i = 0; i < argc; i++)
        room += strlen(argv[i]) + 32;
    struct command command = {malloc(room), 0};
    must(command.bytes != NULL, "memory");
    command.length = (size_t)sprintf(command.bytes, "*%d\r\n", argc);
    for (int i = 0; i < argc; i++)
        command.length += (size_t)sprintf(command.bytes + command.length, "$%zu\r\n%s\r\n", strlen(argv[i]), argv[i]);
    return command;
}

void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        must(sent > 0, "send");
        bytes += sent;
        length -= (size_t)sent;
    }
}

size_t reply_length(const char *bytes, size_t length)
{
    size_t at = 0;
    for (long left = 1; left > 0; left--) {
        if (at >= length)
            return 0;
        char kind = bytes[at];
        long number = 0;
        for (at++; at < length && bytes[at] != '\r'; at++)
            number = number * 10 + (bytes[at] - '0');
        at += 2;
        must(kind != '-' && number >= 0, "an error or a nil for a reply");
        if (kind == '*')
            left += number;
        else if (kind == '$')
            at += (size_t)number + 2;
    }
    return at <= length ? at : 0;
}

size_t receive(int fd, char *buffer, size_t room)
{
    size_t received = 0, whole;
    do {
        ssize_t count = recv(fd, buffer + received, room - received, 0);
        must(count > 0, "recv");
        received += (size_t)count;
    } while ((whole = reply_length(buffer, received)) == 0);
    must(whole == received, "a reply and nothing more");
    return whole;
}

static int node_at(const char *address)
{
    for (int i = 0; i < node_count; i++)
        if (strcmp(addresses[i], address) == 0)
            return i;
    must(node_count < NODES, "room for the nodes");
    snprintf(addresses[node_count], sizeof addresses[0], "%s", address);
    fds[node_count] = connected(address);
    return node_count++;
}

/* The node that takes a GET of the key: MOVED says which. */
static int owner(const struct command *get)
{
    char buffer[256];
    send_all(fds[0], get->bytes, get->length);
    ssize_t length = recv(fds[0], buffer, sizeof buffer - 1, 0);
    must(length > 0, "recv");
    buffer[length] = '\0';
    char address[64];
    if (sscanf(buffer, "-MOVED %*d %63[^\r]", address) == 1)
        return node_at(address);
    return 0;
}

void learn(const char *seed)
{
    node_at(seed);
    char value[SMALL + 1];
    memset(value, 'x', SMALL);
    value[SMALL] = '\0';
    for (int i = 0; i < KEYS; i++) {
        char key[KEY_LENGTH + 1];
        key_name(key, i);
        gets[i] = encoded(2, (const char *const[]){"GET", key});
        sets[i] = encoded(3, (const char *const[]){"SET", key, value});
        node_of[i] = owner(&gets[i]);
    }
}
