/* Large values, many elements, and the start. */
#include "floor.h"

static char buffer[2 * LARGE];

/* A reply whose length is known from the first one is only counted. */
static void exchange(const struct command *command, size_t *length)
{
    send_all(fds[0], command->bytes, command->length);
    if (*length == 0) {
        *length = receive(fds[0], buffer, sizeof buffer);
        return;
    }
    for (size_t received = 0; received < *length;) {
        ssize_t count = recv(fds[0], buffer + received, sizeof buffer - received, 0);
        must(count > 0, "recv");
        received += (size_t)count;
    }
}

static void repeat(struct command command, long count)
{
    size_t length = 0;
    for (long i = 0; i < count; i++)
        exchange(&command, &length);
    free(command.bytes);
}

void large_get(long count) { repeat(encoded(2, (const char *const[]){"GET", LARGE_KEY}), count); }

void large_set(long count)
{
    char *value = malloc(LARGE + 1);
    must(value != NULL, "memory");
    memset(value, 'x', LARGE);
    value[LARGE] = '\0';
    repeat(encoded(3, (const char *const[]){"SET", LARGE_KEY, value}), count);
    free(value);
}

void elements(const char *command, long count)
{
    if (strcmp(command, "lrange") == 0)
        repeat(encoded(4, (const char *const[]){"LRANGE", LIST_KEY, "0", "-1"}), count);
    else
        repeat(encoded(2, (const char *const[]){"HGETALL", HASH_KEY}), count);
}

/* A connection, what any cluster client asks first, and a command. */
void start(const char *seed, long count)
{
    struct command slots = encoded(2, (const char *const[]){"CLUSTER", "SLOTS"});
    struct command get = encoded(2, (const char *const[]){"GET", SMALL_KEY});
    for (long i = 0; i < count; i++) {
        int fd = connected(seed);
        send_all(fd, slots.bytes, slots.length);
        receive(fd, buffer, sizeof buffer);
        send_all(fd, get.bytes, get.length);
        receive(fd, buffer, sizeof buffer);
        close(fd);
    }
    free(slots.bytes);
    free(get.bytes);
}
