/* IN_FLIGHT commands at once over one connection a node, driven by epoll. */
#include <sys/epoll.h>

#include "floor.h"

static struct {
    char out[IN_FLIGHT * 256], in[64 * 1024];
    size_t to_send, received;
} nodes[NODES];

static void queue(long turn)
{
    int key = key_of(turn), node = node_of[key];
    const struct command *command = is_set(turn) ? &sets[key] : &gets[key];
    must(nodes[node].to_send + command->length <= sizeof nodes[node].out, "room to send");
    memcpy(nodes[node].out + nodes[node].to_send, command->bytes, command->length);
    nodes[node].to_send += command->length;
}

static void flush(void)
{
    for (int i = 0; i < node_count; i++) {
        if (nodes[i].to_send > 0)
            send_all(fds[i], nodes[i].out, nodes[i].to_send);
        nodes[i].to_send = 0;
    }
}

/* The replies that are whole; what is left of the last moves to the front. */
static long take(int node)
{
    ssize_t count = recv(fds[node], nodes[node].in + nodes[node].received, sizeof nodes[node].in - nodes[node].received, 0);
    must(count > 0, "recv");
    nodes[node].received += (size_t)count;
    size_t at = 0, length;
    long replies = 0;
    while ((length = reply_length(nodes[node].in + at, nodes[node].received - at)) > 0) {
        at += length;
        replies++;
    }
    nodes[node].received -= at;
    memmove(nodes[node].in, nodes[node].in + at, nodes[node].received);
    return replies;
}

void events(long count)
{
    int epoll = epoll_create1(0);
    must(epoll >= 0, "epoll_create1");
    for (int i = 0; i < node_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
        must(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) == 0, "epoll_ctl");
    }
    long submitted = 0, done = 0;
    for (; submitted < count && submitted < IN_FLIGHT; submitted++)
        queue(submitted);
    flush();
    while (done < count) {
        struct epoll_event ready[NODES];
        int number = epoll_wait(epoll, ready, NODES, -1);
        must(number > 0, "epoll_wait");
        for (int i = 0; i < number; i++) {
            long replies = take((int)ready[i].data.u32);
            done += replies;
            for (; replies > 0 && submitted < count; replies--)
                queue(submitted++);
        }
        flush();
    }
    close(epoll);
}
