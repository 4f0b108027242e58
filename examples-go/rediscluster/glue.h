/* One crossing from Go into C where the plain API would take several. */

#ifndef REDISCLUSTER_GO_GLUE_H
#define REDISCLUSTER_GO_GLUE_H

#include <poll.h>

#include <rediscluster.h>

/* A reply and its cells. */
typedef struct {
    rediscluster_reply *reply;
    const rediscluster_cell *cells;
    size_t size;
} glue_answer;

static inline rediscluster_status glue_answered(rediscluster_status status, glue_answer *answer) {
    answer->cells = NULL;
    answer->size = 0;
    if (status == REDISCLUSTER_OK)
        rediscluster_reply_cells(answer->reply, &answer->cells, NULL, &answer->size);
    return status;
}

static inline rediscluster_status glue_packed(const uint8_t *data, const size_t *lengths, size_t count,
                                              rediscluster_command **command, rediscluster_error **error) {
    rediscluster_status status = rediscluster_command_new(command, error);
    if (status == REDISCLUSTER_OK) {
        status = rediscluster_command_append_packed(*command, data, lengths, count, error);
        if (status != REDISCLUSTER_OK) {
            rediscluster_command_free(*command);
            *command = NULL;
        }
    }
    return status;
}

/* Makes the command, sends it, and reads the reply. */
static inline rediscluster_status glue_command(rediscluster_connection *connection, const uint8_t *data,
                                               const size_t *lengths, size_t count, int64_t timeout_ms,
                                               glue_answer *answer, rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    answer->reply = NULL;
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_command(connection, command, timeout_ms, &answer->reply, error);
    rediscluster_command_free(command);
    return glue_answered(status, answer);
}

/* The same on a client, with a time and a token (or NULL). */
static inline rediscluster_status glue_execute(rediscluster_client *client, const uint8_t *data, const size_t *lengths,
                                               size_t count, int64_t timeout_ms, const rediscluster_cancel *cancel,
                                               glue_answer *answer, rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    answer->reply = NULL;
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_set_timeout(command, timeout_ms, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_set_cancel(command, cancel, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_execute(client, command, &answer->reply, error);
    rediscluster_command_free(command);
    return glue_answered(status, answer);
}

/*
 * Makes a pipeline of packed commands, of which counts[i] arguments are command i's, and runs it. If that has begun,
 * *pipeline holds the outcomes, whatever the status.
 */
static inline rediscluster_status glue_pipeline(rediscluster_client *client, const uint8_t *data, const size_t *lengths,
                                                const size_t *counts, size_t commands, int64_t timeout_ms,
                                                const rediscluster_cancel *cancel, rediscluster_pipeline **pipeline,
                                                rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = rediscluster_pipeline_new(client, pipeline, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_new(&command, error);
    for (size_t i = 0; i < commands && status == REDISCLUSTER_OK; i++) {
        rediscluster_command_clear(command);
        status = rediscluster_command_append_packed(command, data, lengths, counts[i], error);
        if (status == REDISCLUSTER_OK)
            status = rediscluster_pipeline_append(*pipeline, command, error);
        for (size_t argument = 0; argument < counts[i]; argument++)
            data += *lengths++;
    }
    rediscluster_command_free(command);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_pipeline_set_cancel(*pipeline, cancel, error);
    if (status == REDISCLUSTER_OK)
        return rediscluster_pipeline_execute(*pipeline, timeout_ms, error);
    rediscluster_pipeline_free(*pipeline);
    *pipeline = NULL;
    return status;
}

static inline rediscluster_status glue_append(rediscluster_connection *connection, const uint8_t *data,
                                              const size_t *lengths, size_t count, rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_append(connection, command, error);
    rediscluster_command_free(command);
    return status;
}

static inline rediscluster_status glue_read(rediscluster_connection *connection, int64_t timeout_ms,
                                            glue_answer *answer, rediscluster_error **error) {
    answer->reply = NULL;
    return glue_answered(rediscluster_connection_read(connection, timeout_ms, &answer->reply, error), answer);
}

/* What Go wants of an error at once. The texts are the error's. */
typedef struct {
    const char *message, *node, *server_code;
    bool retryable, maybe_executed;
} glue_error;

static inline void glue_explain(const rediscluster_error *error, glue_error *out) {
    out->message = rediscluster_error_message(error);
    out->node = rediscluster_error_node(error);
    out->server_code = rediscluster_error_server_code(error);
    out->retryable = rediscluster_error_is_retryable(error);
    out->maybe_executed = rediscluster_error_maybe_executed(error);
}

/* What one command of a pipeline came to: its reply, or why it has none. The texts are the pipeline's. */
static inline rediscluster_status glue_outcome(rediscluster_pipeline *pipeline, size_t index, glue_answer *answer,
                                               glue_error *why) {
    const rediscluster_error *error = rediscluster_pipeline_error(pipeline, index);
    answer->reply = rediscluster_pipeline_take_reply(pipeline, index);
    if (answer->reply != NULL)
        return glue_answered(REDISCLUSTER_OK, answer);
    glue_explain(error, why);
    return error != NULL ? rediscluster_error_status(error) : REDISCLUSTER_ERROR_INTERNAL;
}

static inline rediscluster_status glue_transaction_read(rediscluster_transaction *transaction, const uint8_t *data,
                                                        const size_t *lengths, size_t count, int64_t timeout_ms,
                                                        glue_answer *answer, rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    answer->reply = NULL;
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_set_timeout(command, timeout_ms, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_transaction_execute(transaction, command, &answer->reply, error);
    rediscluster_command_free(command);
    return glue_answered(status, answer);
}

static inline rediscluster_status glue_transaction_append(rediscluster_transaction *transaction, const uint8_t *data,
                                                          const size_t *lengths, size_t count,
                                                          rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_transaction_append(transaction, command, error);
    rediscluster_command_free(command);
    return status;
}

static inline rediscluster_status glue_transaction_exec(rediscluster_transaction *transaction, int64_t timeout_ms,
                                                        glue_answer *answer, rediscluster_error **error) {
    answer->reply = NULL;
    return glue_answered(rediscluster_transaction_exec(transaction, timeout_ms, &answer->reply, error), answer);
}

/* Runs a script; the arguments are those behind the digest. */
static inline rediscluster_status glue_script(const rediscluster_script *script, rediscluster_client *client,
                                              const uint8_t *data, const size_t *lengths, size_t count,
                                              int64_t timeout_ms, const rediscluster_cancel *cancel,
                                              glue_answer *answer, rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    answer->reply = NULL;
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_set_timeout(command, timeout_ms, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_set_cancel(command, cancel, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_script_execute(script, client, command, &answer->reply, error);
    rediscluster_command_free(command);
    return glue_answered(status, answer);
}

/* A page of a scan; behind the last one no reply. */
static inline rediscluster_status glue_page(rediscluster_scan *scan, int64_t timeout_ms, glue_answer *answer,
                                            rediscluster_error **error) {
    rediscluster_status status = rediscluster_scan_set_timeout(scan, timeout_ms, error);
    answer->reply = NULL;
    if (status == REDISCLUSTER_OK)
        status = rediscluster_scan_next(scan, &answer->reply, error);
    return glue_answered(status, answer);
}

/* Subscribes to what is of this kind. */
static inline rediscluster_status glue_subscribe(rediscluster_subscriber *subscriber, int32_t kind, const uint8_t *name,
                                                 size_t len, int64_t timeout_ms, rediscluster_error **error) {
    switch (kind) {
    case REDISCLUSTER_SUBSCRIPTION_PATTERN:
        return rediscluster_subscriber_psubscribe(subscriber, name, len, timeout_ms, error);
    case REDISCLUSTER_SUBSCRIPTION_SHARD:
        return rediscluster_subscriber_ssubscribe(subscriber, name, len, timeout_ms, error);
    default:
        return rediscluster_subscriber_subscribe(subscriber, name, len, timeout_ms, error);
    }
}

static inline rediscluster_status glue_unsubscribe(rediscluster_subscriber *subscriber, int32_t kind,
                                                   const uint8_t *name, size_t len, rediscluster_error **error) {
    switch (kind) {
    case REDISCLUSTER_SUBSCRIPTION_PATTERN:
        return rediscluster_subscriber_punsubscribe(subscriber, name, len, error);
    case REDISCLUSTER_SUBSCRIPTION_SHARD:
        return rediscluster_subscriber_sunsubscribe(subscriber, name, len, error);
    default:
        return rediscluster_subscriber_unsubscribe(subscriber, name, len, error);
    }
}

/* A message and all that it says, which is its own. */
typedef struct {
    rediscluster_message *message;
    int32_t kind, subscription;
    const uint8_t *channel, *pattern, *payload;
    size_t channel_size, pattern_size, payload_size;
    const char *node;
} glue_message;

static inline rediscluster_status glue_next(rediscluster_subscriber *subscriber, int64_t timeout_ms, glue_message *out,
                                            rediscluster_error **error) {
    const rediscluster_status status = rediscluster_subscriber_next(subscriber, timeout_ms, &out->message, error);
    out->kind = (int32_t)rediscluster_message_kind(out->message);
    out->subscription = (int32_t)rediscluster_message_subscription(out->message);
    out->channel = rediscluster_message_channel(out->message, &out->channel_size);
    out->pattern = rediscluster_message_pattern(out->message, &out->pattern_size);
    out->payload = rediscluster_message_payload(out->message, &out->payload_size);
    out->node = rediscluster_message_node(out->message);
    return status;
}

/* Makes a command and submits it. */
static inline rediscluster_status glue_submit(rediscluster_async *async, const uint8_t *data, const size_t *lengths,
                                              size_t count, int64_t timeout_ms, uint64_t tag,
                                              rediscluster_error **error) {
    rediscluster_command *command = NULL;
    rediscluster_status status = glue_packed(data, lengths, count, &command, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_set_timeout(command, timeout_ms, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_async_submit(async, command, tag, error);
    rediscluster_command_free(command);
    return status;
}

enum { GLUE_BATCH = 256 };

/* A completion with what Go reads of it: the answer, or why there is none. */
typedef struct {
    uint64_t tag;
    rediscluster_status status;
    glue_answer answer;
    rediscluster_error *error;
    glue_error why;
} glue_completion;

/*
 * Takes up to GLUE_BATCH completions without waiting. *more is whether the descriptor is readable still: Go's netpoller waits for
 * edges, and would not tell of it.
 */
static inline rediscluster_status glue_poll(rediscluster_async *async, glue_completion *out, size_t *count, bool *more,
                                            rediscluster_error **error) {
    rediscluster_completion taken[GLUE_BATCH];
    struct pollfd waited = {.fd = rediscluster_async_fd(async), .events = POLLIN, .revents = 0};
    const rediscluster_status status =
        rediscluster_async_poll(async, taken, GLUE_BATCH, REDISCLUSTER_TIMEOUT_NOW, count, error);
    for (size_t i = 0; i < *count; i++) {
        out[i].tag = taken[i].tag;
        out[i].answer.reply = taken[i].reply;
        out[i].error = taken[i].error;
        out[i].status = taken[i].error == NULL ? REDISCLUSTER_OK : rediscluster_error_status(taken[i].error);
        glue_answered(out[i].status, &out[i].answer);
        if (taken[i].error != NULL)
            glue_explain(taken[i].error, &out[i].why);
    }
    *more = status == REDISCLUSTER_OK && (*count == GLUE_BATCH || poll(&waited, 1, 0) > 0);
    return status;
}

static inline void glue_free(glue_completion *completions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        rediscluster_reply_free(completions[i].answer.reply);
        rediscluster_error_free(completions[i].error);
    }
}

/* Callbacks: in callbacks.c. Go cannot call a pointer to a function, so the sinks are called here. */
rediscluster_status glue_set_credentials(rediscluster_options *options, uintptr_t handle, rediscluster_error **error);
rediscluster_status glue_set_translate(rediscluster_options *options, uintptr_t handle, rediscluster_error **error);
rediscluster_status glue_set_resolve(rediscluster_options *options, uintptr_t handle, rediscluster_error **error);

static inline void glue_give_credentials(rediscluster_credentials_sink sink, void *data, const char *username,
                                         const char *password) {
    sink(data, username, password);
}

static inline void glue_give_address(rediscluster_address_sink sink, void *data, const char *host, uint16_t port) {
    sink(data, host, port);
}

static inline void glue_give_ip(rediscluster_ip_sink sink, void *data, const char *address) { sink(data, address); }

#endif
