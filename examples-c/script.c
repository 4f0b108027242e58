/*
 * A counter with a limit, as a script: the server reads, decides and writes in one step. Its text goes to a server once,
 * then its digest. script host:port[,host:port...]
 */
#include <stdio.h>
#include <string.h>

#include <rediscluster.h>

static const char source[] = "local n = redis.call('INCR', KEYS[1])\n"
                             "if n > tonumber(ARGV[1]) then\n"
                             "  redis.call('DECR', KEYS[1])\n"
                             "  return redis.error_reply('LIMIT reached')\n"
                             "end\n"
                             "return n\n";

int main(int argc, char **argv)
{
    static const char key[] = "example:tickets";
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_script *script = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    bool refused = false;

    if (argc != 2) {
        fprintf(stderr, "usage: script host:port[,host:port...]\n");
        return 2;
    }
    rediscluster_status status = rediscluster_options_new(&options, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_options_set(options, "startup_nodes", argv[1], &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_new(options, &client, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_script_new((const uint8_t *)source, strlen(source), REDISCLUSTER_WRITE, &script, &error);
    if (status == REDISCLUSTER_OK)
        printf("script %s\n", rediscluster_script_sha(script));
    for (int i = 0; i < 4 && status == REDISCLUSTER_OK; i++) {
        /* One key; the rest are the script's arguments. */
        status = rediscluster_script_call(script, client, 1, REDISCLUSTER_ARGS(key, "3"), &reply, &error);
        if (status != REDISCLUSTER_OK)
            break;
        /* An error that the script returns is a reply. */
        if (rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_ERROR) {
            printf("refused: %s\n", (const char *)rediscluster_reply_bytes(reply, NULL));
            refused = true;
        } else {
            printf("ticket %lld\n", (long long)rediscluster_reply_integer(reply));
        }
        rediscluster_reply_free(reply);
        reply = NULL;
    }
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_command(client, REDISCLUSTER_ARGS("DEL", key), &reply, &error);
    rediscluster_reply_free(reply);
    if (status != REDISCLUSTER_OK)
        fprintf(stderr, "%s: %s\n", rediscluster_status_name(status), rediscluster_error_message(error));
    rediscluster_error_free(error);
    rediscluster_script_free(script);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return status == REDISCLUSTER_OK && refused ? 0 : 1;
}
