/*
 * A subscriber: channels, patterns and shard channels, their messages from one descriptor in the program's own loop, and
 * what a gap means. It publishes a few messages by itself. subscribe host:port[,host:port...] [option=value...]
 *
 * Passwords come from the environment, no command line shows them: REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD
 * for ssl_password.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rediscluster.h>

static bool worked(rediscluster_status status, rediscluster_error **error, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return true;
    fprintf(stderr, "%s: %s: %s\n", what, rediscluster_status_name(status), rediscluster_error_message(*error));
    rediscluster_error_free(*error);
    *error = NULL;
    return false;
}

/* The client sends PUBLISH to any node, and SPUBLISH to the shard of the channel's slot. */
static bool publish(rediscluster_client *client, const char *verb, const char *channel, const char *text)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    const bool good =
        worked(rediscluster_client_command(client, REDISCLUSTER_ARGS(verb, channel, text), &reply, &error), &error, verb)
        && worked(rediscluster_reply_check(reply, &error), &error, verb);
    rediscluster_reply_free(reply);
    return good;
}

/* What a program does with each thing that comes; true for a message. */
static bool handle(const rediscluster_message *message)
{
    size_t length;
    rediscluster_error *error = NULL;
    const bool is_pattern = rediscluster_message_subscription(message) == REDISCLUSTER_SUBSCRIPTION_PATTERN;
    const char *name = (const char *)(is_pattern ? rediscluster_message_pattern(message, NULL)
                                                 : rediscluster_message_channel(message, NULL));

    switch (rediscluster_message_kind(message)) {
    case REDISCLUSTER_MESSAGE_PUBLISHED:
        printf("%s: %s\n", name, (const char *)rediscluster_message_payload(message, &length));
        return true;
    case REDISCLUSTER_MESSAGE_GAP:
        /* A cache would read anew what the channel would have told. */
        printf("%s: messages may have been missed, it goes on at %s\n", name, rediscluster_message_node(message));
        return false;
    case REDISCLUSTER_MESSAGE_REFUSED:
        worked(rediscluster_message_check(message, &error), &error, name);
        return false;
    default:
        return false;
    }
}

/* Waits on the descriptor, as an event loop would, until so many messages have come. */
static bool receive(rediscluster_subscriber *subscriber, int count)
{
    struct pollfd waited = {.fd = rediscluster_subscriber_fd(subscriber), .events = POLLIN, .revents = 0};

    for (int rounds = 0; count > 0 && rounds < 200; rounds++) {
        rediscluster_message *message = NULL;
        rediscluster_error *error = NULL;
        rediscluster_status status;
        /* All that is there, then wait. */
        while ((status = rediscluster_subscriber_next(subscriber, REDISCLUSTER_TIMEOUT_NOW, &message, NULL)) == REDISCLUSTER_OK) {
            count -= handle(message);
            rediscluster_message_free(message);
        }
        if (status != REDISCLUSTER_ERROR_TIMEOUT)
            return worked(rediscluster_subscriber_next(subscriber, REDISCLUSTER_TIMEOUT_NOW, &message, &error), &error, "next");
        if (count > 0)
            poll(&waited, 1, 100);
    }
    return count == 0;
}

static bool common_options(int argc, char **argv, rediscluster_options **options)
{
    rediscluster_error *error = NULL;
    const char *password = getenv("REDISCLUSTER_PASSWORD"), *key_password = getenv("REDISCLUSTER_KEY_PASSWORD");
    bool good = worked(rediscluster_options_new(options, &error), &error, "options")
        && worked(rediscluster_options_set(*options, "startup_nodes", argv[1], &error), &error, "startup_nodes");

    for (int i = 2; good && i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            fprintf(stderr, "%s is no option=value\n", argv[i]);
            return false;
        }
        *value++ = '\0';
        good = worked(rediscluster_options_set(*options, argv[i], value, &error), &error, argv[i]);
    }
    if (good && password != NULL)
        good = worked(rediscluster_options_set(*options, "password", password, &error), &error, "password");
    if (good && key_password != NULL)
        good = worked(rediscluster_options_set(*options, "ssl_password", key_password, &error), &error, "ssl_password");
    return good;
}

int main(int argc, char **argv)
{
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_subscriber *subscriber = NULL;
    rediscluster_error *error = NULL;
    static const char channel[] = "example:channel", pattern[] = "example:ch*", shard[] = "example:shard";

    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: subscribe host:port[,host:port...] [option=value...]\n");
        return 2;
    }
    bool good = common_options(argc, argv, &options)
        && worked(rediscluster_client_new(options, &client, &error), &error, "the client")
        && worked(rediscluster_subscriber_new(client, &subscriber, &error), &error, "the subscriber")
        && worked(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)channel, strlen(channel),
                                                    REDISCLUSTER_TIMEOUT_DEFAULT, &error),
                  &error, channel)
        && worked(rediscluster_subscriber_psubscribe(subscriber, (const uint8_t *)pattern, strlen(pattern),
                                                     REDISCLUSTER_TIMEOUT_DEFAULT, &error),
                  &error, pattern)
        && worked(rediscluster_subscriber_ssubscribe(subscriber, (const uint8_t *)shard, strlen(shard),
                                                     REDISCLUSTER_TIMEOUT_DEFAULT, &error),
                  &error, shard);
    good = good && publish(client, "PUBLISH", channel, "to the channel and the pattern")
        && publish(client, "SPUBLISH", shard, "to the shard channel") && receive(subscriber, 3);
    /* The subscriber holds the client: in any order. */
    rediscluster_client_free(client);
    rediscluster_subscriber_free(subscriber);
    rediscluster_options_free(options);
    return good ? 0 : 1;
}
