/* The library through its C API. */
#ifndef OURS_H
#define OURS_H

#include <rediscluster.h>

#include "../workload.h"

extern rediscluster_options *options;
extern rediscluster_client *client;

/* Ends the program if the call failed, with the error's words. */
void check(rediscluster_status status, const rediscluster_error *error, const char *what);
/* The client of the measured handle, made of `options`. */
rediscluster_client *opened(void);

void prepare_keys(void);
void single(long count);
void threads(long count, int number);
void pipelines(long count);
void events(long count);
void large_get(long count);
void large_set(long count);
void large_get_into(long count);
void peaks(const char *workload, long count);
void elements(const char *command, long count);
void start(long count);
void refresh(long count);
void heap(long count);

#endif
