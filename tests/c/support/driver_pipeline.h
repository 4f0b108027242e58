/* Pipelines by the driver of driver.h: rediscluster_pipeline, or as many submits on an asynchronous handle, whose
 * completions come in any order. The functions are those of rediscluster_pipeline but for what is said here. */
#ifndef TEST_DRIVER_PIPELINE_H
#define TEST_DRIVER_PIPELINE_H

#include "driver.h"

typedef struct driver_pipeline driver_pipeline;

driver_pipeline *driver_pipeline_of(rediscluster_client *client);

/* The command is the pipeline's from here on, even if it is refused. */
rediscluster_status driver_pipeline_append(driver_pipeline *self, rediscluster_command *command,
                                           rediscluster_error **error);
rediscluster_status driver_pipeline_append_argv(driver_pipeline *self, size_t argc, const char *const *argv,
                                                const size_t *argvlen, rediscluster_error **error);
void driver_pipeline_set_cancel(driver_pipeline *self, const rediscluster_cancel *cancel);

/* Runs it. The status of the first command that has no reply, as its driver_pipeline_error says it. */
rediscluster_status driver_pipeline_execute(driver_pipeline *self, int64_t timeout_ms);
size_t driver_pipeline_count(const driver_pipeline *self);
const rediscluster_reply *driver_pipeline_reply(const driver_pipeline *self, size_t index);
const rediscluster_error *driver_pipeline_error(const driver_pipeline *self, size_t index);
void driver_pipeline_free(driver_pipeline *self);

/* It runs and ends with this status. */
#define PIPELINE_ENDS(pipeline, timeout_ms, expected)                                              \
    driver_pipeline_ends(__FILE__, __LINE__, pipeline, timeout_ms, expected)

void driver_pipeline_ends(const char *file, int line, driver_pipeline *self, int64_t timeout_ms, int32_t expected);

#endif
