/* rediscluster_client_get_into and nodes that redirect it, end, dribble, answer late or talk nonsense; NULL and other
 * misuse. */
#include "client.h"
#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum { LARGE = 1 << 20 };

static fake_node *fake;
static rediscluster_client *client;
static char buffer[LARGE + 2];

static int64_t get(const char *key)
{
    rediscluster_error *error = NULL;
    int64_t length = 7;
    CHECK_OK(rediscluster_client_get_into(client, key, strlen(key), buffer, sizeof buffer, &length, &error), error);
    return length;
}

static rediscluster_error *get_fails(int32_t status, const char *key, size_t size, int64_t length_then)
{
    rediscluster_error *error = NULL;
    int64_t length = 7;
    CHECK_INT(rediscluster_client_get_into(client, key, strlen(key), buffer, size, &length, &error), status);
    CHECK_INT(length, length_then);
    return error;
}

static void misuse(void)
{
    int64_t length = 7;
    CHECK_INT(rediscluster_client_get_into(NULL, "k", 1, buffer, 1, &length, NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_INT(length, -1);
    CHECK_INT(rediscluster_client_get_into(client, NULL, 1, buffer, 1, &length, NULL),
              REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_INT(rediscluster_client_get_into(client, "k", 1, NULL, 1, &length, NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_INT(rediscluster_client_get_into(client, "k", 1, buffer, (size_t)-1, &length, NULL),
              REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_INT(rediscluster_client_get_into(client, "k", 1, buffer, 1, NULL, NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
}

int main(void)
{
    rediscluster_error *error;
    int64_t began;
    fake = fake_node_start(
        "nodes 4\nnode *\nhandshake\n" THREE_SHARDS "\n"
        "on GET *large => fill 1048576\non GET *none => nil\non ECHO * => echo\n"
        "on GET *cut => send \"$100\\r\\nhalf of it\"; close\n"
        "on GET *dribbles => dribble 20 1; fill 1048576\n"
        "on GET *nonsense => send \"$3\\r\\nabcde\"\n"
        "on GET *number => int 5\n"
        "on GET *push => push invalidate x; fill 1048576\n"
        "on GET *attributes => send \"|1\\r\\n+a\\r\\n+b\\r\\n$5\\r\\nhello\\r\\n\"\n"
        "node 1\non GET *moved => error \"MOVED 3300 $addr2\"\nonce on GET *ask => error \"ASK 3300 $addr4\"\n"
        "once on GET *again => error \"TRYAGAIN later\"\nonce on GET *dies => send \"$1048576\\r\\nxx\"; reset\n"
        "on GET *again => bulk again\non GET *dies => fill 1048576\n"
        "node 2\non GET *moved => bulk there\nnode 4\non GET *ask => bulk asked\n");
    client = client_of(fake_node_address(fake, 1), "protocol", "3", "command_timeout", "1000", NULL);

    CHECK_INT(get(AT1 "large"), LARGE);
    CHECK_INT(get(AT1 "none"), -1);
    CHECK_INT(get(AT1 "ask"), 5);
    CHECK(memcmp(buffer, "asked", 5) == 0);
    CHECK_INT(fake_node_count_on(fake, 4, "ASKING"), 1);
    CHECK_INT(client_last(fake, 4, "ASKING").read, client_last(fake, 4, "GET").read);
    CHECK_INT(get(AT1 "again"), 5);
    CHECK_INT(get(AT1 "dies"), LARGE);
    CHECK_INT(get(AT1 "push"), LARGE);
    CHECK_INT(get(AT1 "attributes"), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);

    /* The late rest of a reply is nobody else's. */
    began = clock_ms();
    error = get_fails(REDISCLUSTER_ERROR_TIMEOUT, AT1 "dribbles", sizeof buffer, -1);
    CHECK(clock_ms() - began >= 1000);
    rediscluster_error_free(error);
    for (int i = 0; i < 3; i++)
        client_expect(client, "mine", "ECHO", "mine", NULL);
    rediscluster_error_free(get_fails(REDISCLUSTER_ERROR_PROTOCOL, AT1 "nonsense", sizeof buffer, -1));
    rediscluster_error_free(get_fails(REDISCLUSTER_ERROR_PROTOCOL, AT1 "number", sizeof buffer, -1));
    rediscluster_error_free(get_fails(REDISCLUSTER_ERROR_CONNECTION, AT1 "cut", sizeof buffer, -1));

    /* Much of it left: another connection; little: the same one. */
    error = get_fails(REDISCLUSTER_ERROR_LIMIT, AT1 "large", 10, LARGE);
    CHECK(strstr(rediscluster_error_message(error), "1048576") != NULL);
    rediscluster_error_free(error);
    client_expect(client, "mine", "ECHO", "mine", NULL);
    rediscluster_error_free(get_fails(REDISCLUSTER_ERROR_LIMIT, AT1 "attributes", 3, 5));

    CHECK_INT(get(AT1 "moved"), 5);
    CHECK(memcmp(buffer, "there", 5) == 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    misuse();
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
