// Transactions, scripts and scans of a client.

#include "check.hpp"

#include <rediscluster.hpp>

#include <set>

using namespace rediscluster;

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
    CHECK_OK(out.try_check(&failure), failure);
    return out;
}

static void transactions(client &cluster) {
    error failure;
    reply got;
    transaction change;
    CHECK_OK(transaction::try_make(cluster, change, &failure), failure);
    ask(cluster, {"SET", "{cpp:x}a", "1", "EX", "60"});

    // Nobody else changes the key: what was read holds when the commands run.
    CHECK_OK(change.try_watch("{cpp:x}a", timeout::standard(), &failure), failure);
    CHECK_OK(change.try_execute(made({"GET", "{cpp:x}a"}), got, &failure), failure);
    CHECK(got.str() == "1");
    CHECK_OK(change.try_append(made({"INCR", "{cpp:x}a"}), &failure), failure);
    CHECK_OK(change.try_append(made({"LPUSH", "{cpp:x}a", "x"}), &failure), failure);
    CHECK(change.try_append(made({"GET", "{cpp:y}"}), &failure) == REDISCLUSTER_ERROR_CROSS_SLOT);
    CHECK_OK(change.try_exec(timeout::standard(), got, &failure), failure);
    CHECK(got.size() == 2 && got[0].integer() == 2 && got[1].is_error());

    // Somebody else does: nothing is done.
    CHECK_OK(change.try_watch("{cpp:x}a", timeout::standard(), &failure), failure);
    ask(cluster, {"SET", "{cpp:x}a", "7", "EX", "60"});
    CHECK_OK(change.try_append(made({"INCR", "{cpp:x}a"}), &failure), failure);
    CHECK(change.try_exec(timeout::standard(), got, &failure) == REDISCLUSTER_ERROR_ABORTED);
    CHECK(got.size() == 2 && ask(cluster, {"GET", "{cpp:x}a"}).str() == "7");

    CHECK_OK(change.try_append(made({"INCR", "{cpp:x}a"}), &failure), failure);
    CHECK_OK(change.try_discard(&failure), failure);
    CHECK_OK(change.try_exec(timeout::standard(), got, &failure), failure);
    CHECK(got.kind() == REDISCLUSTER_REPLY_ARRAY && got.size() == 0);

    cancel_token token;
    CHECK_OK(cancel_token::try_make(token, &failure), failure);
    token.fire();
    CHECK_OK(change.try_set_cancel(token, &failure), failure);
    CHECK(change.try_watch("{cpp:x}a", timeout::standard(), &failure) == REDISCLUSTER_ERROR_CANCELLED);
    ask(cluster, {"DEL", "{cpp:x}a"});
}

static void scripts(client &cluster) {
    error failure;
    reply got;
    script add;
    CHECK_OK(script::try_make("return redis.call('incrby', KEYS[1], ARGV[1])", REDISCLUSTER_WRITE, add, &failure), failure);
    CHECK(std::string(add.sha()).size() == 40);
    CHECK_OK(add.try_call(cluster, 1, {"cpp:script", "20"}, got, &failure), failure);
    CHECK(got.integer() == 20);
    CHECK_OK(add.try_execute(cluster, made({"1", "cpp:script", "3"}), got, &failure), failure);
    CHECK(got.integer() == 23);
    CHECK(add.try_call(cluster, 3, {"cpp:script", "3"}, got, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(add.try_call(cluster, 2, {"cpp:script", "cpp:other"}, got, &failure) == REDISCLUSTER_ERROR_CROSS_SLOT);
    ask(cluster, {"DEL", "cpp:script"});
}

static void scans(client &cluster) {
    error failure;
    for (int i = 0; i < 100; ++i) {
        ask(cluster, {"SET", "cpp:scan:" + std::to_string(i), "v", "EX", "60"});
    }
    scan all;
    CHECK_OK(scan::try_make(cluster, "cpp:scan:*", 1000, "string", all, &failure), failure);
    CHECK_OK(all.try_set_timeout(std::chrono::seconds(30), &failure), failure);
    std::set<std::string> keys;
    reply page;
    for (;;) {
        CHECK_OK(all.try_next(page, &failure), failure);
        if (!page) {
            break;
        }
        for (reply_view key : page) {
            keys.insert(key.str());
        }
    }
    CHECK(keys.size() == 100 && keys.count("cpp:scan:42") == 1);
    CHECK_OK(all.try_next(page, &failure), failure);
    CHECK(!page);
    CHECK_OK(scan::try_make(cluster, "cpp:none:*", 1000, nullptr, all, &failure), failure);
    CHECK_OK(all.try_next(page, &failure), failure);
    CHECK(!page);
}

#if REDISCLUSTER_EXCEPTIONS
static void the_form_that_throws(client &cluster) {
    const cancel_token token = cancel_token::make();
    transaction change(cluster);
    change.set_cancel(token).watch("cpp:t");
    CHECK(change.execute({"EXISTS", "cpp:t"}).integer() == 0);
    CHECK(change.append({"SET", "cpp:t", "1", "EX", "60"}).append({"INCR", "cpp:t"}).exec()[1].integer() == 2);
    change.append({"INCR", "cpp:t"}).discard();
    bool aborted = false;
    try {
        change.watch("cpp:t");
        cluster.command({"DEL", "cpp:t"}).check();
        change.append({"INCR", "cpp:t"}).exec();
    } catch (const exception &e) {
        aborted = e.status() == REDISCLUSTER_ERROR_ABORTED;
    }
    CHECK(aborted);
    const script echo("return ARGV[1]", REDISCLUSTER_READ);
    CHECK(echo.call(cluster, 1, {"cpp:t", "said"}).str() == "said");
    CHECK(echo.execute(cluster, {"1", "cpp:t", "again"}).str() == "again");
    scan all(cluster, "cpp:none:*", 1000);
    CHECK(!all.set_timeout(std::chrono::seconds(30)).next());
    CHECK(!scan(cluster, "cpp:none:*", 1000, "hash").next());
}
#endif

int main() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    client cluster;
    CHECK_OK(client::try_make(set, cluster, &failure), failure);
    transactions(cluster);
    scripts(cluster);
    scans(cluster);
#if REDISCLUSTER_EXCEPTIONS
    the_form_that_throws(cluster);
#endif
    return 0;
}
