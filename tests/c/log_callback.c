/* The log callback: it gets lines with their levels, in the thread that is inside a call and with no lock held, so that it
 * may use the pool itself; its user_data is destroyed once, when the last options and pool that can call it are gone, or when
 * it is replaced; on failure it stays the caller's. */
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <pthread.h>

struct listener {
    rediscluster_pool *pool; /* used from inside the callback */
    pthread_t thread;
    int lines, destroyed;
    bool seen[16];
};

static void take_line(void *user_data, rediscluster_log_level level, const char *message)
{
    struct listener *listener = user_data;
    CHECK(pthread_equal(listener->thread, pthread_self()));
    CHECK(listener->destroyed == 0 && message != NULL && *message != '\0');
    CHECK_BETWEEN(level, REDISCLUSTER_LOG_ERROR, REDISCLUSTER_LOG_DEBUG);
    listener->seen[level] = true;
    listener->lines++;
    if (listener->pool != NULL) {
        rediscluster_topology *topology = NULL;
        rediscluster_connection *connection = NULL;
        rediscluster_pool *pool = listener->pool;
        CHECK(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN) >= 0);
        CHECK_INT(rediscluster_pool_topology(pool, &topology, NULL), REDISCLUSTER_OK);
        rediscluster_topology_free(topology);
        listener->pool = NULL; /* not again from within itself */
        if (rediscluster_pool_get_by_slot(pool, 1, REDISCLUSTER_READ, 300, &connection, NULL) == 0)
            give_back(connection);
        listener->pool = pool;
    }
}

static void destroy(void *user_data)
{
    ((struct listener *)user_data)->destroyed++;
}

static struct listener listener_of_this_thread(void)
{
    struct listener listener = {NULL, pthread_self(), 0, 0, {false}};
    return listener;
}

static void used_inside(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    struct listener listener = listener_of_this_thread();
    rediscluster_options *options = options_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0",
                                               "health_check_interval", "1", NULL);
    rediscluster_error *error = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_connection *none = NULL;
    CHECK_OK(rediscluster_options_set_log(options, take_line, &listener, destroy, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    CHECK(listener.lines > 0 && listener.seen[REDISCLUSTER_LOG_INFO]);
    listener.pool = pool;
    give_back(take_slot(pool, 0, -2));
    give_back(take_slot(pool, 8192, -2));
    CHECK(listener.seen[REDISCLUSTER_LOG_DEBUG]);
    fake_node_control(fake, "kill 2");
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 8192, REDISCLUSTER_WRITE, 2000, &none, &error),
                 REDISCLUSTER_ERROR_CONNECTION, error);
    CHECK(listener.seen[REDISCLUSTER_LOG_WARNING]);
    clock_sleep_ms(5);
    CHECK_OK(rediscluster_pool_maintain(pool, 1000, NULL, &error), error);
    CHECK_OK(rediscluster_pool_reset(pool, -2, &error), error);
    CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
    fake_node_control(fake, "kill 1");
    CHECK_STATUS(rediscluster_pool_refresh(pool, 1000, &error), REDISCLUSTER_ERROR_UNREACHABLE, error);
    CHECK(listener.seen[REDISCLUSTER_LOG_ERROR]);
    CHECK_OK(rediscluster_pool_close(pool, &error), error);
    listener.pool = NULL;
    CHECK_INT(listener.destroyed, 0);
    rediscluster_pool_free(pool);
    CHECK_INT(listener.destroyed, 1);
    fake_node_stop(fake);
}

static void given_back_once(void)
{
    struct listener first = listener_of_this_thread(), second = listener_of_this_thread();
    rediscluster_options *options = NULL, *copy = NULL, *copy_of_copy = NULL;
    rediscluster_error *error = NULL;
    rediscluster_pool *pool = NULL;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", "127.0.0.1:1", &error), error);
    CHECK_OK(rediscluster_options_set(options, "init_slot_cache", "no", &error), error);
    CHECK_OK(rediscluster_options_set_log(options, take_line, &first, destroy, &error), error);
    CHECK_OK(rediscluster_options_clone(options, &copy, &error), error);
    CHECK_OK(rediscluster_options_clone(copy, &copy_of_copy, &error), error);
    CHECK_OK(rediscluster_pool_new(copy, &pool, &error), error);
    /* Replaced in one place, the first still serves the others. */
    CHECK_OK(rediscluster_options_set_log(options, take_line, &second, destroy, &error), error);
    CHECK_INT(first.destroyed, 0);
    rediscluster_options_free(copy);
    CHECK_STATUS(rediscluster_pool_refresh(pool, 500, &error), REDISCLUSTER_ERROR_UNREACHABLE, error);
    CHECK(first.lines > 0 && second.lines == 0);
    rediscluster_pool_free(pool);
    CHECK_INT(first.destroyed, 0);
    rediscluster_options_free(copy_of_copy);
    CHECK_INT(first.destroyed, 1);
    /* NULL ends logging. */
    CHECK_OK(rediscluster_options_set_log(options, NULL, &first, destroy, &error), error);
    CHECK_INT(second.destroyed, 1);
    CHECK_INT(first.destroyed, 1);
    error = pool_refused_of("127.0.0.1:1", REDISCLUSTER_ERROR_UNREACHABLE, NULL);
    rediscluster_error_free(error);
    error = NULL;
    /* On failure it stays the caller's; without a destroy function it is simply forgotten. */
    CHECK_STATUS(rediscluster_options_set_log(NULL, take_line, &first, destroy, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_INT(first.destroyed, 1);
    CHECK_OK(rediscluster_options_set_log(options, take_line, NULL, NULL, &error), error);
    rediscluster_options_free(options);
    CHECK(first.destroyed == 1 && second.destroyed == 1);
}

int main(void)
{
    used_inside();
    given_back_once();
    return 0;
}
