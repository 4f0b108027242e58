/* Calls of a client by one of the drivers in drivers.def, which REDISCLUSTER_TEST_DRIVER names, so that one test body
 * says what holds for all of them. Without that variable it is the first.
 *
 * By `async` a call is a submit and polls until its completion, on a handle of the thread's own. */
#ifndef TEST_DRIVER_H
#define TEST_DRIVER_H

#include "check.h"

#include <stdbool.h>

/* The driver's name. */
const char *driver_name(void);

/* Whether an asynchronous handle makes the calls. */
bool driver_is_async(void);

/* Sets the options that make a client be called so. */
void driver_set(rediscluster_options *options);

/* As rediscluster_client_execute, rediscluster_client_command and rediscluster_client_free. A thread that calls a
 * client frees it, or ends before it is freed. */
rediscluster_status driver_execute(rediscluster_client *client, const rediscluster_command *command,
                                   rediscluster_reply **reply, rediscluster_error **error);
rediscluster_status driver_command(rediscluster_client *client, size_t argc, const char *const *argv,
                                   const size_t *argvlen, rediscluster_reply **reply, rediscluster_error **error);
void driver_free(rediscluster_client *client);

/* The calling thread's asynchronous handle of a client, of that driver alone. */
rediscluster_async *driver_async(rediscluster_client *client);

/* Gives back what the calling thread's handle of a client holds of its pool, for the counts of that. */
void driver_rest(rediscluster_client *client);

/* Lets the calling thread's handle do what it does beside its commands, such as a refresh of the topology, for a
 * moment. Calls of the others do all of that before they return. */
void driver_go_on(rediscluster_client *client);

/* A number for a submit on the calling thread's handle that none before it had. */
uint64_t driver_tag(rediscluster_client *client);

/* ---- what holds for one driver and not for another, and why ------------------------------------- */

/* Each call has a connection of the pool to itself: it counts towards the limits, waits for a place, and is closed when
 * its call gives up. The others' connections carry many calls: one that gives up leaves them to the rest, and its
 * reply is dropped when it comes. */
bool driver_is_exclusive(void);

/* How many connections to a node so many threads make at most: one each if they are exclusive, and if each thread has a
 * handle of its own; shared, there is one, and a second where that helps. */
long driver_connections(int threads);

#endif
