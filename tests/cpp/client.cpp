// A client: commands without nodes or connections, what can be set of one, tokens that end one, threads that share it. In
// the form that returns statuses, and at the end in the one that throws.

#include "check.hpp"

#include <rediscluster.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace rediscluster;

static options on_cluster() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    CHECK_OK(set.try_set("pool_exhausted", "block", &failure), failure);
    CHECK_OK(set.try_set("max_connections", "8", &failure), failure);
    return set;
}

static command made(std::initializer_list<bytes> arguments) {
    command out;
    error failure;
    CHECK_OK(command::try_make(arguments, out, &failure), failure);
    return out;
}

static reply ask(client &cluster, std::initializer_list<bytes> arguments) {
    reply out;
    error failure;
    CHECK_OK(cluster.try_command(arguments, out, &failure), failure);
    return out;
}

static void commands(client &cluster) {
    error failure;
    const std::string binary("\0\r\n\xff", 4);
    CHECK(ask(cluster, {"SET", "cpp:c:1", binary}).str() == "OK");
    reply got;
    CHECK_OK(cluster.try_execute(made({"GET", "cpp:c:1"}), got, &failure), failure);
    CHECK(got.bytes() == bytes(binary));

    // Keys of all shards in one command, more arguments than fit on the stack.
    CHECK(ask(cluster, {"MSET", "cpp:c:1", "1", "cpp:c:2", "2", "cpp:c:3", "3", "cpp:c:4", "4", "cpp:c:5", "5",
                        "cpp:c:6", "6", "cpp:c:7", "7", "cpp:c:8", "8", "cpp:c:9", "9"})
              .str() == "OK");
    got = ask(cluster, {"MGET", "cpp:c:9", "cpp:c:none", "cpp:c:1", "cpp:c:5"});
    CHECK(got.size() == 4 && got[0].str() == "9" && got[1].is_nil() && got[2].str() == "1" && got[3].str() == "5");
    CHECK(ask(cluster, {"DEL", "cpp:c:1", "cpp:c:2", "cpp:c:3", "cpp:c:4", "cpp:c:5", "cpp:c:6", "cpp:c:7", "cpp:c:8",
                        "cpp:c:9"})
              .integer() == 9);

    // An error reply is a reply; what cannot be sent is an error, and nothing was.
    CHECK(ask(cluster, {"SET", "cpp:c:1", "x", "EX", "60"}).str() == "OK");
    got = ask(cluster, {"INCR", "cpp:c:1"});
    CHECK(got.is_error() && got.try_check(&failure) == REDISCLUSTER_ERROR_SERVER);
    CHECK(cluster.try_command({"RENAME", "cpp:c:1", "cpp:c:2"}, got, &failure) == REDISCLUSTER_ERROR_CROSS_SLOT);
    CHECK(!failure.maybe_executed() && got.is_error());
    CHECK(cluster.try_command({"SUBSCRIBE", "x"}, got, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(cluster.try_command({}, got, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    ask(cluster, {"DEL", "cpp:c:1"});
}

static void settings(client &cluster) {
    error failure;
    topology known;
    CHECK_OK(cluster.pool()->try_topology(known, &failure), failure);
    const std::size_t nodes = known.node_count();
    const std::size_t primaries = known.nodes_by_role(REDISCLUSTER_ROLE_PRIMARY).size();

    reply got;
    command ping = made({"PING"});
    CHECK_OK(ping.try_set_route(REDISCLUSTER_ROUTE_ALL_NODES, &failure), failure);
    CHECK_OK(cluster.try_execute(ping, got, &failure), failure);
    CHECK(got.kind() == REDISCLUSTER_REPLY_MAP && got.size() == 2 * nodes && got[1].str() == "PONG");
    CHECK_OK(ping.try_set_route(REDISCLUSTER_ROUTE_ALL_PRIMARIES, &failure), failure);
    CHECK_OK(cluster.try_execute(ping, got, &failure), failure);
    CHECK(got.size() == 2 * primaries);
    CHECK_OK(ping.try_set_slot(0, &failure), failure);
    CHECK_OK(cluster.try_execute(ping, got, &failure), failure);
    CHECK(got.str() == "PONG");
    CHECK_OK(ping.try_set_node(known.node(0).address(), &failure), failure);
    CHECK_OK(cluster.try_execute(ping, got, &failure), failure);
    CHECK(got.str() == "PONG");
    CHECK_OK(ping.try_set_node("192.0.2.1:1", &failure), failure);
    CHECK(cluster.try_execute(ping, got, &failure) == REDISCLUSTER_ERROR_UNKNOWN_NODE);
    CHECK_OK(ping.try_set_route(REDISCLUSTER_ROUTE_AUTO, &failure), failure);
    CHECK_OK(cluster.try_execute(ping, got, &failure), failure);

    command get = made({"GET", "cpp:none"});
    CHECK_OK(get.try_set_read_from(REDISCLUSTER_READ_FROM_REPLICA, &failure), failure);
    CHECK_OK(get.try_set_timeout(std::chrono::seconds(30), &failure), failure);
    CHECK_OK(cluster.try_execute(get, got, &failure), failure);
    CHECK(got.is_nil());
}

static void explanations(client &cluster) {
    error failure;
    explanation why;
    CHECK_OK(cluster.try_explain(made({"GET", "foo"}), why, &failure), failure);
    CHECK(why.slot() == 12182 && why.key_count() == 1 && why.key(0) == 1 && why.key(1) == -1);
    CHECK(why.node_count() == 1 && std::string(why.node(0)).find(':') != std::string::npos);
    CHECK(why.node(1) == nullptr && *why.reason() != '\0');
    CHECK_OK(cluster.try_explain(made({"MGET", "a", "b", "c"}), why, &failure), failure);
    CHECK(why.slot() == -1 && why.key_count() == 3);
    CHECK(cluster.try_explain(made({"RENAME", "a", "b"}), why, &failure) == REDISCLUSTER_ERROR_CROSS_SLOT);
    CHECK(why.key_count() == 3);
}

static void a_token_ends_a_call(client &cluster) {
    error failure;
    command wait = made({"BLPOP", "cpp:none", "0"});
    cancel_token token;
    CHECK_OK(cancel_token::try_make(token, &failure), failure);
    CHECK_OK(wait.try_set_cancel(token, &failure), failure);
    std::atomic<status> ended(REDISCLUSTER_OK);
    std::thread waiter([&] {
        reply none;
        ended = cluster.try_execute(wait, none);
    });
    stats numbers;
    do {
        CHECK_OK(cluster.pool()->try_stats(numbers, &failure), failure);
    } while (numbers.get(REDISCLUSTER_STAT_IN_USE) == 0);
    token.fire();
    waiter.join();
    CHECK(ended == REDISCLUSTER_ERROR_CANCELLED);

    // Fired, it stays so, also for a command that outlives it; without it the command is as before.
    reply got;
    command ping = made({"PING"});
    CHECK_OK(ping.try_set_cancel(token, &failure), failure);
    token = cancel_token();
    CHECK(cluster.try_execute(ping, got, &failure) == REDISCLUSTER_ERROR_CANCELLED);
    CHECK(!failure.maybe_executed());
    CHECK_OK(ping.try_set_cancel(token, &failure), failure);
    CHECK_OK(cluster.try_execute(ping, got, &failure), failure);
    CHECK(got.str() == "PONG");
}

static void threads(client &cluster) {
    std::vector<std::thread> running;
    for (int thread = 0; thread < 16; ++thread) {
        running.emplace_back([&cluster, thread] {
            for (int i = 0; i < 50; ++i) {
                const std::string key = "cpp:t:" + std::to_string(thread) + ":" + std::to_string(i);
                CHECK(ask(cluster, {"SET", key, "value of " + key, "EX", "60"}).str() == "OK");
                CHECK(ask(cluster, {"GET", key}).str() == "value of " + key);
            }
        });
    }
    for (std::thread &thread : running) {
        thread.join();
    }
    error failure;
    stats numbers;
    CHECK_OK(cluster.pool()->try_stats(numbers, &failure), failure);
    CHECK(numbers.get(REDISCLUSTER_STAT_IN_USE) == 0 && numbers.get(REDISCLUSTER_STAT_OPEN) <= 8);
}

// A client on a pool of the program's; either may go first.
static void with_a_pool() {
    error failure;
    pool nodes;
    CHECK_OK(pool::try_make(on_cluster(), nodes, &failure), failure);
    client first, second;
    CHECK_OK(client::try_with_pool(nodes, first, &failure), failure);
    CHECK_OK(client::try_with_pool(nodes, second, &failure), failure);
    CHECK(ask(first, {"PING"}).str() == "PONG");
    first = client();
    connection lease;
    CHECK_OK(nodes.try_get_random(timeout::standard(), lease, &failure), failure);
    pool_view view = second.pool();
    pool_view same(view);
    same = view;
    stats numbers;
    CHECK_OK(same->try_stats(numbers, &failure), failure);
    CHECK(numbers.get(REDISCLUSTER_STAT_IN_USE) == 1 && same.handle() == view.handle());
    CHECK_OK(lease.try_release(&failure), failure);
    nodes = pool();
    CHECK(ask(second, {"PING"}).str() == "PONG");
    CHECK_OK(view->try_close(&failure), failure);
    reply got;
    CHECK(second.try_command({"PING"}, got, &failure) == REDISCLUSTER_ERROR_CLOSED);
    options none;
    CHECK(client::try_make(none, first, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT && !first);
}

#if REDISCLUSTER_EXCEPTIONS
template <class Call> static status thrown_by(Call call) {
    try {
        call();
    } catch (const exception &e) {
        return e.status();
    }
    return REDISCLUSTER_OK;
}

static void the_form_that_throws() {
    client cluster(on_cluster());
    cluster.command({"SET", "cpp:x", "v", "EX", "60"}).check();
    const cancel_token token = cancel_token::make();
    command get({"GET", "cpp:x"});
    get.set_timeout(std::chrono::seconds(30)).set_read_from(REDISCLUSTER_READ_FROM_PRIMARY).set_cancel(token);
    CHECK(cluster.execute(get).str() == "v");
    CHECK(cluster.execute({"GET", "cpp:x"}).str() == "v");
    CHECK(cluster.explain(get).slot() == key_slot("cpp:x"));
    char buffer[4] = "...";
    CHECK(cluster.get_into("cpp:x", buffer, 3) == 1 && buffer[0] == 'v');
    CHECK(cluster.get_into("cpp:none", buffer, 3) == -1);
    CHECK(thrown_by([&] { cluster.get_into("cpp:x", buffer, 0); }) == REDISCLUSTER_ERROR_LIMIT);
    CHECK(cluster.pool()->stats().get(REDISCLUSTER_STAT_IN_USE) == 0);
    token.fire();
    CHECK(thrown_by([&] { cluster.execute(get); }) == REDISCLUSTER_ERROR_CANCELLED);
    CHECK(thrown_by([&] { cluster.command({"RENAME", "a", "b"}); }) == REDISCLUSTER_ERROR_CROSS_SLOT);
    CHECK(thrown_by([&] { cluster.explain({"RENAME", "a", "b"}); }) == REDISCLUSTER_ERROR_CROSS_SLOT);
    CHECK(thrown_by([&] { cluster.command({"INCR", "cpp:x"}).check(); }) == REDISCLUSTER_ERROR_SERVER);
    CHECK(thrown_by([&] { get.set_slot(-1); }) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(thrown_by([&] { get.set_node("line\nend"); }) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(thrown_by([] { client none((options())); }) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    get.set_slot(0).set_route(REDISCLUSTER_ROUTE_AUTO);
    pool nodes(on_cluster());
    CHECK(client::with_pool(nodes).command({"DEL", "cpp:x"}).integer() == 1);
}
#endif

int main() {
    error failure;
    client cluster;
    CHECK_OK(client::try_make(on_cluster(), cluster, &failure), failure);
    commands(cluster);
    settings(cluster);
    explanations(cluster);
    a_token_ends_a_call(cluster);
    threads(cluster);
    with_a_pool();
#if REDISCLUSTER_EXCEPTIONS
    the_form_that_throws();
#endif
    return 0;
}
