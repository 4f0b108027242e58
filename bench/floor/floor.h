/* Bare loops over sockets: what no client can be faster than. No more is done to a reply than finding its end. */
#ifndef FLOOR_H
#define FLOOR_H

#include "../workload.h"

#include <sys/socket.h>
#include <sys/types.h>

#define NODES 16

struct command {
    char *bytes;
    size_t length;
};

/* The nodes that own the keys, with a connection to each, and each key's node and commands: learnt before the clock runs. */
extern int node_count;
extern char addresses[NODES][64];
extern int fds[NODES];
extern int node_of[KEYS];
extern struct command gets[KEYS], sets[KEYS];

void learn(const char *seed);

int connected(const char *address);
struct command encoded(int argc, const char *const *argv);
void send_all(int fd, const char *bytes, size_t length);
/* Receives the whole reply to one command into `buffer`: its length. */
size_t receive(int fd, char *buffer, size_t room);
/* A reply at the start of the bytes: its length; 0 if more bytes are needed. An error or a nil ends the program. */
size_t reply_length(const char *bytes, size_t length);

void single(long count);
void pipelines(long count);
void threads(long count, int number);
void events(long count);
void large_get(long count);
void large_set(long count);
void elements(const char *command, long count);
void start(const char *seed, long count);

#endif
