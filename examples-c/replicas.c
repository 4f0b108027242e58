/*
 * Reads from replicas: which node answers, by the option read_from; a pool that only reads; the program's own
 * availability zone first. replicas host:port[,host:port...] [option=value...]
 *
 * The cluster must have a replica for the key's shard. Options are those of docs/options.md; passwords come from
 * the environment: REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD for ssl_password.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rediscluster.h>

enum { READS = 60, TEXT = 512 };

static const char key[] = "example:replicas";

/* True for success. Else says what failed and why, and frees the error. */
static bool worked(rediscluster_status status, rediscluster_error **error, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return true;
    fprintf(stderr, "%s: %s: %s%s\n", what, rediscluster_status_name(status), rediscluster_error_message(*error),
            rediscluster_error_maybe_executed(*error) ? " (it may have run)" : "");
    rediscluster_error_free(*error);
    *error = NULL;
    return false;
}

/* What this program says of the library must hold, else it ends with 1. */
static bool holds(bool claim, const char *what)
{
    if (!claim)
        fprintf(stderr, "not so: %s\n", what);
    return claim;
}

/* Sends one command and hands out its reply; NULL, already shown, if it failed or the server refused it. */
static rediscluster_reply *ask(rediscluster_connection *connection, size_t argc, const char *const *argv,
                               const size_t *argvlen)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    const bool good = worked(rediscluster_command_from_argv(argc, argv, argvlen, &command, &error), &error, argv[0])
        && worked(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, &error),
                  &error, argv[0])
        && worked(rediscluster_reply_check(reply, &error), &error, argv[0]);
    rediscluster_command_free(command);
    if (good)
        return reply;
    rediscluster_reply_free(reply);
    return NULL;
}

/* The options that all pools have: nodes, what stands on the command line, passwords from the environment. */
static bool common_options(int argc, char **argv, rediscluster_options **options)
{
    const char *password = getenv("REDISCLUSTER_PASSWORD"), *key_password = getenv("REDISCLUSTER_KEY_PASSWORD");
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_options_new(options, &error), &error, "options")
        && worked(rediscluster_options_set(*options, "startup_nodes", argv[1], &error), &error, argv[1]);
    for (int i = 2; i < argc && good; i++) {
        char name[64];
        const char *value = strchr(argv[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)strcspn(argv[i], "="), argv[i]);
        good = worked(rediscluster_options_set(*options, name, value != NULL ? value + 1 : "", &error), &error, name);
    }
    if (good && password != NULL)
        good = worked(rediscluster_options_set(*options, "password", password, &error), &error, "password");
    if (good && key_password != NULL)
        good = worked(rediscluster_options_set(*options, "ssl_password", key_password, &error), &error, "ssl_password");
    return good;
}

/* A pool with the common options and some more: name, value, name, value, NULL. */
static rediscluster_pool *open_pool(const rediscluster_options *common, const char *const *more)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_options_clone(common, &options, &error), &error, "options");
    for (; good && *more != NULL; more += 2)
        good = worked(rediscluster_options_set(options, more[0], more[1], &error), &error, more[0]);
    if (good)
        worked(rediscluster_pool_new(options, &pool, &error), &error, "the pool");
    rediscluster_options_free(options);
    return pool;
}

/* A connection for the key: for REDISCLUSTER_READ to whom read_from says, for REDISCLUSTER_WRITE to the primary. */
static rediscluster_connection *get(rediscluster_pool *pool, int32_t access)
{
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    worked(rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key), access, REDISCLUSTER_TIMEOUT_DEFAULT,
                                        &connection, &error),
           &error, "a connection by key");
    return connection;
}

/* The nodes of the key's shard. */
struct shard {
    rediscluster_topology *topology;
    int32_t slot;
    size_t replicas;
};

static const char *address(const struct shard *shard, size_t index)
{
    return rediscluster_node_address(rediscluster_topology_slot_node(shard->topology, shard->slot, index));
}

static bool find_shard(rediscluster_pool *pool, struct shard *shard)
{
    rediscluster_error *error = NULL;

    shard->slot = rediscluster_key_slot((const uint8_t *)key, strlen(key));
    if (!worked(rediscluster_pool_topology(pool, &shard->topology, &error), &error, "the topology"))
        return false;
    /* 0 is the primary; the replicas follow. */
    while (rediscluster_topology_slot_node(shard->topology, shard->slot, shard->replicas + 1) != NULL)
        shard->replicas++;
    printf("slot %d: primary %s, %zu replica(s)\n", (int)shard->slot, address(shard, 0), shard->replicas);
    return holds(shard->replicas > 0, "the shard has a replica");
}

/* Writes the key by the primary and waits until every replica has it: what they answer later may be older else. */
static bool write_key(rediscluster_pool *pool, const struct shard *shard)
{
    char replicas[24];
    bool good = false;

    rediscluster_connection *connection = get(pool, REDISCLUSTER_WRITE);
    if (connection == NULL)
        return false;
    snprintf(replicas, sizeof replicas, "%zu", shard->replicas);
    rediscluster_reply *set = ask(connection, REDISCLUSTER_ARGS("SET", key, "copied", "EX", "60"));
    rediscluster_reply *copies = set != NULL ? ask(connection, REDISCLUSTER_ARGS("WAIT", replicas, "5000")) : NULL;
    if (copies != NULL)
        good = holds(strcmp(rediscluster_connection_node(connection), address(shard, 0)) == 0, "the primary writes")
            && holds((size_t)rediscluster_reply_integer(copies) >= shard->replicas, "the replicas have the key");
    rediscluster_reply_free(copies);
    rediscluster_reply_free(set);
    rediscluster_connection_release(connection, NULL);
    return good;
}

static bool delete_key(rediscluster_pool *pool)
{
    rediscluster_connection *connection = get(pool, REDISCLUSTER_WRITE);
    rediscluster_reply *deleted = connection != NULL ? ask(connection, REDISCLUSTER_ARGS("DEL", key)) : NULL;
    const bool good = deleted != NULL;

    rediscluster_reply_free(deleted);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    return good;
}

/* One read. Counts it for the primary or for the replicas. */
static bool read_key(rediscluster_pool *pool, const struct shard *shard, int *by_primary, int *by_replicas)
{
    rediscluster_connection *connection = get(pool, REDISCLUSTER_READ);
    rediscluster_reply *reply = connection != NULL ? ask(connection, REDISCLUSTER_ARGS("GET", key)) : NULL;
    bool good = false;

    if (reply != NULL) {
        const char *value = (const char *)rediscluster_reply_bytes(reply, NULL);
        const bool primary = strcmp(rediscluster_connection_node(connection), address(shard, 0)) == 0;
        *(primary ? by_primary : by_replicas) += 1;
        /* A connection to a replica was made ready to read there when it was made. */
        good = holds(value != NULL && strcmp(value, "copied") == 0, "a read gives what was written")
            && holds(rediscluster_connection_is_readonly(connection) == !primary, "READONLY is said to replicas alone");
    }
    rediscluster_reply_free(reply);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    return good;
}

/* Reads by a pool with these options, and shows who answered. */
static bool count_reads(const rediscluster_options *common, const struct shard *shard, const char *const *more,
                        int *by_primary, int *by_replicas)
{
    rediscluster_pool *pool = open_pool(common, more);
    bool good = pool != NULL;

    *by_primary = *by_replicas = 0;
    for (int i = 0; i < READS && good; i++)
        good = read_key(pool, shard, by_primary, by_replicas);
    if (good) {
        for (size_t i = 0; more[i] != NULL; i += 2)
            if (strcmp(more[i], "availability_zones") != 0)
                printf("%s=%s ", more[i], more[i + 1]);
        printf("-> primary %d, replicas %d\n", *by_primary, *by_replicas);
    }
    rediscluster_pool_free(pool);
    return good;
}

static bool show_modes(const rediscluster_options *common, const struct shard *shard)
{
    int primary, replicas;

    return count_reads(common, shard, (const char *const[]){"read_from", "primary", NULL}, &primary, &replicas)
        && holds(replicas == 0, "read_from=primary reads from the primary")
        && count_reads(common, shard, (const char *const[]){"read_from", "replica_preferred", NULL}, &primary, &replicas)
        && holds(primary == 0, "read_from=replica_preferred reads from replicas while one is usable")
        && count_reads(common, shard, (const char *const[]){"read_from", "any", NULL}, &primary, &replicas)
        && holds(primary > 0 && replicas > 0, "read_from=any reads from all");
}

/* The primary is said to be in the zone "here", the replicas in "there"; Redis 7.0 tells no zones by itself. */
static bool show_zones(const rediscluster_options *common, const struct shard *shard)
{
    char zones[TEXT];
    int primary, replicas;

    int used = snprintf(zones, sizeof zones, "%s=here", address(shard, 0));
    for (size_t i = 1; i <= shard->replicas && used < TEXT; i++)
        used += snprintf(zones + used, sizeof zones - (size_t)used, ",%s=there", address(shard, i));
    return holds(used < TEXT, "the zones fit their place")
        && count_reads(common, shard,
                       (const char *const[]){"read_from", "az", "client_az", "there", "availability_zones", zones, NULL},
                       &primary, &replicas)
        && holds(primary == 0, "read_from=az reads from the replicas in the program's zone")
        && count_reads(common, shard,
                       (const char *const[]){"read_from", "az", "client_az", "here", "availability_zones", zones, NULL},
                       &primary, &replicas)
        && holds(replicas == 0, "read_from=az reads from the primary where it alone is in the program's zone");
}

/* A pool that only reads. A get for writing is refused before anything is dialled. */
static bool show_read_only(const rediscluster_options *common, const struct shard *shard)
{
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    int by_primary = 0, by_replicas = 0;

    rediscluster_pool *pool =
        open_pool(common, (const char *const[]){"readonly", "yes", "read_from", "replica_preferred", NULL});
    if (pool == NULL)
        return false;
    const rediscluster_status status = rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key),
                                                                    REDISCLUSTER_WRITE, REDISCLUSTER_TIMEOUT_DEFAULT,
                                                                    &connection, &error);
    printf("readonly=yes, a get for writing: %s: %s\n", rediscluster_status_name(status),
           rediscluster_error_message(error));
    const bool good = holds(status == REDISCLUSTER_ERROR_READ_ONLY, "a pool that only reads refuses to write")
        && read_key(pool, shard, &by_primary, &by_replicas);
    rediscluster_error_free(error);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    rediscluster_pool_free(pool);
    return good;
}

int main(int argc, char **argv)
{
    rediscluster_options *common = NULL;
    rediscluster_pool *pool = NULL;
    struct shard shard = {NULL, 0, 0};

    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: replicas host:port[,host:port...] [option=value...]\n");
        return 2;
    }
    bool good = common_options(argc, argv, &common)
        && (pool = open_pool(common, (const char *const[]){NULL})) != NULL
        && find_shard(pool, &shard)
        && write_key(pool, &shard)
        && show_modes(common, &shard)
        && show_zones(common, &shard)
        && show_read_only(common, &shard);
    if (pool != NULL)
        good = delete_key(pool) && good;

    rediscluster_topology_free(shard.topology);
    rediscluster_pool_free(pool);
    rediscluster_options_free(common);
    return good ? 0 : 1;
}
