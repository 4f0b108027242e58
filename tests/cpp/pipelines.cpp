// Pipelines of a client: replies in order over all shards, errors in their places, replies that are taken.

#include "check.hpp"

#include <rediscluster.hpp>

using namespace rediscluster;

static void replies_in_order(pipeline &queue) {
    error failure;
    for (int i = 0; i < 100; ++i) {
        const std::string key = "cpp:p:" + std::to_string(i);
        CHECK_OK(queue.try_append({"SET", key, key, "EX", "60"}, &failure), failure);
        command get;
        CHECK_OK(command::try_make({"GET", key}, get, &failure), failure);
        CHECK_OK(queue.try_append(get, &failure), failure);
    }
    CHECK(queue.size() == 200 && !queue.reply(0));
    CHECK_OK(queue.try_execute(timeout::standard(), &failure), failure);
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK(queue.reply(2 * i).str() == "OK" && !queue.error(2 * i));
        CHECK(queue.reply(2 * i + 1).str() == "cpp:p:" + std::to_string(i));
    }
    CHECK(!queue.reply(200) && !queue.error(200));
    // Taken, a reply is the caller's.
    const reply taken = queue.take_reply(1);
    CHECK(taken.str() == "cpp:p:0" && !queue.reply(1) && !queue.take_reply(1));
    queue.clear();
    CHECK(queue.size() == 0 && taken.str() == "cpp:p:0");
}

static void errors_in_their_places(pipeline &queue) {
    error failure;
    CHECK_OK(queue.try_append({"STRLEN", "cpp:p:0"}, &failure), failure);
    CHECK_OK(queue.try_append({"LPUSH", "cpp:p:1", "x"}, &failure), failure);
    CHECK_OK(queue.try_append({"GET", "cpp:p:2"}, &failure), failure);
    CHECK(queue.try_append({"BLPOP", "cpp:p:3", "0"}, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(queue.try_append({}, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(queue.size() == 3);
    CHECK_OK(queue.try_execute(timeout::standard(), &failure), failure);
    CHECK(queue.reply(0).integer() == 7 && queue.reply(2).str() == "cpp:p:2");
    CHECK(queue.reply(1).is_error() && queue.reply(1).try_check(&failure) == REDISCLUSTER_ERROR_SERVER);
    CHECK(std::string(failure.server_code()) == "WRONGTYPE" && !queue.error(1));
}

// A fired token: no command has a reply, and each has its error.
static void a_token_ends_the_run(pipeline &queue) {
    error failure;
    cancel_token token;
    CHECK_OK(cancel_token::try_make(token, &failure), failure);
    token.fire();
    CHECK_OK(queue.try_append({"GET", "cpp:p:0"}, &failure), failure);
    CHECK_OK(queue.try_append({"GET", "cpp:p:1"}, &failure), failure);
    CHECK_OK(queue.try_set_cancel(token, &failure), failure);
    CHECK(queue.try_execute(timeout::standard(), &failure) == REDISCLUSTER_ERROR_CANCELLED);
    for (std::size_t i = 0; i < 2; ++i) {
        const error_view why = queue.error(i);
        CHECK(why && why.status() == REDISCLUSTER_ERROR_CANCELLED && *why.message() != '\0');
        CHECK(!why.maybe_executed() && why.key_fate(0) == REDISCLUSTER_KEY_NONE && !queue.reply(i));
    }
    CHECK_OK(queue.try_set_cancel(cancel_token(), &failure), failure);
    CHECK_OK(queue.try_execute(timeout::standard(), &failure), failure);
    CHECK(queue.reply(1).str() == "cpp:p:1");
}

#if REDISCLUSTER_EXCEPTIONS
static void the_form_that_throws(client &cluster) {
    pipeline queue(cluster);
    const cancel_token token = cancel_token::make();
    queue.append({"GET", "cpp:p:0"}).append(command({"GET", "cpp:p:1"})).set_cancel(token);
    queue.execute();
    CHECK(queue.reply(0).str() == "cpp:p:0" && queue.reply(1).str() == "cpp:p:1");
    token.fire();
    int caught = 0;
    try {
        queue.execute(std::chrono::seconds(1));
    } catch (const exception &e) {
        caught += e.status() == REDISCLUSTER_ERROR_CANCELLED ? 1 : 0;
    }
    try {
        queue.append({"MULTI"});
    } catch (const exception &e) {
        caught += e.status() == REDISCLUSTER_ERROR_INVALID_ARGUMENT ? 1 : 0;
    }
    CHECK(caught == 2);
}
#endif

int main() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    client cluster;
    CHECK_OK(client::try_make(set, cluster, &failure), failure);
    pipeline queue;
    CHECK_OK(pipeline::try_make(cluster, queue, &failure), failure);
    replies_in_order(queue);
    errors_in_their_places(queue);
    a_token_ends_the_run(queue);
#if REDISCLUSTER_EXCEPTIONS
    the_form_that_throws(cluster);
#endif
    // It holds what it needs of its client.
    cluster = client();
    queue.clear();
    CHECK_OK(queue.try_append({"DEL", "cpp:p:0", "cpp:p:1", "cpp:p:2"}, &failure), failure);
    CHECK_OK(queue.try_execute(timeout::standard(), &failure), failure);
    CHECK(queue.reply(0).integer() == 3);
    return 0;
}
