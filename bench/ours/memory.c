/* memory idle HOST:PORT: bytes of heap that one idle connection costs. memory nodes HOST:PORT: bytes of heap of a pool
 * that knows the cluster behind the address, and how many nodes that has. */
#include <malloc.h>
#include <rediscluster.h>

#include "../workload.h"

/* More than the spare buffers that a pool keeps for the next checkouts (64): what lies between the two counts of
 * connections is the connections' own. */
enum { FEW = 200, MANY = 700 };

static double heap(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
}

/* So many connections, all used at once, and idle again. */
static void open_idle(rediscluster_pool *pool, rediscluster_command *command, int count)
{
    static rediscluster_connection *connections[MANY];
    rediscluster_reply *reply;
    for (int i = 0; i < count; i++) {
        must(rediscluster_pool_get_by_key(pool, (const uint8_t *)SMALL_KEY, strlen(SMALL_KEY), REDISCLUSTER_READ, -1,
                                          &connections[i], NULL) == REDISCLUSTER_OK, "get");
        must(rediscluster_connection_command(connections[i], command, -1, &reply, NULL) == REDISCLUSTER_OK, "GET");
        rediscluster_reply_free(reply);
    }
    for (int i = 0; i < count; i++)
        must(rediscluster_connection_release(connections[i], NULL) == REDISCLUSTER_OK, "release");
}

static void idle(rediscluster_pool *pool)
{
    rediscluster_command *command;
    must(rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", SMALL_KEY), &command, NULL) == REDISCLUSTER_OK, "command");
    open_idle(pool, command, FEW);
    double before = heap();
    open_idle(pool, command, MANY);
    printf("heap %.0f\n", (heap() - before) / (MANY - FEW));
    rediscluster_command_free(command);
}

int main(int argc, char **argv)
{
    must(argc == 3, "usage: memory idle|nodes HOST:PORT");
    char url[128];
    snprintf(url, sizeof url, "redis://%s", argv[2]);
    rediscluster_options *options;
    rediscluster_pool *pool;
    must(rediscluster_options_from_url(url, &options, NULL) == REDISCLUSTER_OK, "options");
    double before = heap();
    must(rediscluster_pool_new(options, &pool, NULL) == REDISCLUSTER_OK, "pool");
    if (strcmp(argv[1], "idle") == 0) {
        idle(pool);
    } else {
        rediscluster_topology *topology;
        double after = heap();
        must(rediscluster_pool_topology(pool, &topology, NULL) == REDISCLUSTER_OK, "topology");
        printf("heap %.0f nodes %zu\n", after - before, (size_t)rediscluster_topology_node_count(topology));
        rediscluster_topology_free(topology);
    }
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return 0;
}
