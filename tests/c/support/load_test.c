/* What threads wrote and what is there: a write that is gone, one that ran twice, one that ran though it was refused, and
 * a register that was set back are each found. ctest: timeout=60 */
#include "cluster.h"
#include "load_log.h"
#include "options.h"
#include "pools.h"

static rediscluster_client *client;
static rediscluster_error *error;

static void run(size_t argc, const char *const *argv, const size_t *lengths)
{
    rediscluster_reply *reply = NULL;
    CHECK_OK(rediscluster_client_command(client, argc, argv, lengths, &reply, &error), error);
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    rediscluster_reply_free(reply);
}

/* The key of a write that was acknowledged. */
static const char *written(const load *load, size_t at)
{
    static char key[LOAD_KEY];
    const load_write *write = &load->threads[0].writes.items[at];
    CHECK(at < load->threads[0].writes.count);
    CHECK_INT(write->fate, LOAD_ACKNOWLEDGED);
    load_write_key(key, write->tag, 0, write->number);
    return key;
}

/* Reads that come now are older than what was acknowledged. */
static void set_back(load *load)
{
    int64_t end = clock_ms() + 300;
    while (clock_ms() < end)
        for (int at = 0; at < LOAD_REGISTERS; at++) {
            char key[LOAD_KEY];
            load_register_key(key, load->threads[0].registers[at].tag, 0, at, 0);
            run(REDISCLUSTER_ARGS("SET", key, "0"));
        }
}

static load *loaded(rediscluster_connection *control)
{
    load_plan plan = {client, control, 2, 0, 5460, 500, true};
    load *load = load_start(&plan);
    clock_sleep_ms(400 * test_patience());
    return load;
}

int main(void)
{
    cluster *servers = cluster_start("--primaries", "3", NULL);
    rediscluster_options *options = options_of(cluster_addresses(servers), NULL);
    rediscluster_connection *control = NULL;
    load_truth truth;
    load *load;
    CHECK_OK(rediscluster_client_new(options, &client, &error), error);
    rediscluster_options_free(options);
    CHECK_OK(rediscluster_pool_get_by_node(rediscluster_client_pool(client), cluster_address(servers, 3), -2, &control,
                                           &error), error);

    load = loaded(control);
    load_stop(load);
    truth = load_truth_of(load, client, 0);
    CHECK(truth.acknowledged > 10 && truth.reads > 10);
    CHECK_INT(truth.lost + truth.lost_by_servers + truth.doubled + truth.ghosts + truth.unreadable + truth.maybe, 0);
    CHECK_INT(truth.stale + truth.rolled_back, 0);
    CHECK_INT(load_calls_between(load, true, 0, INT64_MAX, INT64_MAX).failed, 0);
    load_free(load);

    run(REDISCLUSTER_ARGS("FLUSHALL"));
    load = loaded(control);
    set_back(load);
    load_stop(load);
    run(REDISCLUSTER_ARGS("DEL", written(load, 0)));
    run(REDISCLUSTER_ARGS("INCR", written(load, 1)));
    load->threads[0].writes.items[2].fate = LOAD_REFUSED;
    truth = load_truth_of(load, client, 0);
    CHECK_INT(truth.lost, 1);
    CHECK_INT(truth.doubled, 1);
    CHECK_INT(truth.ghosts, 1);
    CHECK(truth.stale > 0);
    /* Servers may have lost what they acknowledged in the slots in trouble, before there was a new primary. */
    load->threads[0].writes.items[0].troubled = true;
    truth = load_truth_of(load, client, INT64_MAX);
    CHECK_INT(truth.lost, 0);
    CHECK_INT(truth.lost_by_servers, 1);
    CHECK(truth.rolled_back > 0);
    load_free(load);

    CHECK_OK(rediscluster_connection_release(control, &error), error);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
