/* One thread or several with a command at a time, and pipelines. */
#include <poll.h>
#include <pthread.h>

#include "floor.h"

static void exchange(const int *sockets, long turn)
{
    char buffer[1024];
    int key = key_of(turn), fd = sockets[node_of[key]];
    const struct command *command = is_set(turn) ? &sets[key] : &gets[key];
    send_all(fd, command->bytes, command->length);
    receive(fd, buffer, sizeof buffer);
}

void single(long count)
{
    for (long i = 0; i < count; i++)
        exchange(fds, i);
}

/* One of `number` threads with connections of its own. */
static pthread_barrier_t ready, begin;
static long turns_a_thread;

static void *work(void *number)
{
    int own[NODES];
    for (int i = 0; i < node_count; i++)
        own[i] = connected(addresses[i]);
    long first = (long)number * turns_a_thread;
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&begin);
    for (long i = 0; i < turns_a_thread; i++)
        exchange(own, first + i);
    return NULL;
}

/* The threads' connections stay open, for who counts them; those by which the nodes were learnt do not. */
void threads(long count, int number)
{
    pthread_t *ids = calloc((size_t)number, sizeof *ids);
    turns_a_thread = count / number;
    for (int i = 0; i < node_count; i++)
        close(fds[i]);
    pthread_barrier_init(&ready, NULL, (unsigned)number + 1);
    pthread_barrier_init(&begin, NULL, (unsigned)number + 1);
    for (long i = 0; i < number; i++)
        must(pthread_create(&ids[i], NULL, work, (void *)i) == 0, "pthread_create");
    pthread_barrier_wait(&ready);
    /* All wait for this one: none begins before the clock. */
    double wall_begin = wall(), cpu_begin = cpu();
    pthread_barrier_wait(&begin);
    for (int i = 0; i < number; i++)
        pthread_join(ids[i], NULL);
    report(wall_begin, cpu_begin, turns_a_thread * number);
    free(ids);
}

static struct {
    char bytes[PIPELINE * 256], replies[PIPELINE * 256];
    size_t length, received, looked;
    int left;
} nodes[NODES];

/* Takes what has come from a node: whether all its replies are there. */
static int take(int node)
{
    ssize_t count = recv(fds[node], nodes[node].replies + nodes[node].received,
                         sizeof nodes[node].replies - nodes[node].received, 0);
    must(count > 0, "recv");
    nodes[node].received += (size_t)count;
    size_t length;
    while (nodes[node].left > 0 && (length = reply_length(nodes[node].replies + nodes[node].looked,
                                                          nodes[node].received - nodes[node].looked)) > 0) {
        nodes[node].looked += length;
        nodes[node].left--;
    }
    return nodes[node].left == 0;
}

/* All is sent to all nodes, which are then served as their replies come. */
static void pipeline(long turn)
{
    for (int i = 0; i < node_count; i++)
        nodes[i].length = nodes[i].received = nodes[i].looked = 0, nodes[i].left = 0;
    for (int i = 0; i < PIPELINE; i++) {
        int key = key_of(turn + i), node = node_of[key];
        const struct command *command = is_set(turn + i) ? &sets[key] : &gets[key];
        memcpy(nodes[node].bytes + nodes[node].length, command->bytes, command->length);
        nodes[node].length += command->length;
        nodes[node].left++;
    }
    struct pollfd waiting[NODES];
    int left = 0;
    for (int i = 0; i < node_count; i++) {
        waiting[i] = (struct pollfd){.fd = -1, .events = POLLIN};
        if (nodes[i].left == 0)
            continue;
        send_all(fds[i], nodes[i].bytes, nodes[i].length);
        waiting[i].fd = fds[i];
        left++;
    }
    while (left > 0) {
        must(poll(waiting, (nfds_t)node_count, -1) > 0, "poll");
        for (int i = 0; i < node_count; i++)
            if (waiting[i].fd >= 0 && waiting[i].revents != 0 && take(i)) {
                waiting[i].fd = -1;
                left--;
            }
    }
}

/* A round is a command. */
void pipelines(long count)
{
    for (long i = 0; i < count; i += PIPELINE)
        pipeline(i);
}
