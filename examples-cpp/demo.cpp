// librediscluster from C++: a client shared by threads, keys of all shards in one command and in one pipeline, packed
// arguments, a call that another thread ends, errors in both forms; the topology and a connection of the pool below.
//
//     demo host:port[,host:port...]

#include <rediscluster.hpp>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace rc = rediscluster;

static void show_topology(const rc::topology &topology) {
    for (std::size_t i = 0; i < topology.node_count(); ++i) {
        const rc::node node = topology.node(i);
        std::int32_t slots = 0;
        for (std::size_t r = 0; r < node.slot_range_count(); ++r) {
            slots += node.range(r).end - node.range(r).start + 1;
        }
        std::printf("%-22s %-8s %.8s  %5d slots\n", node.address(),
                    node.role() == REDISCLUSTER_ROLE_PRIMARY ? "primary" : "replica", node.id(), slots);
    }
}

// Each thread writes and reads its own keys: the client finds the node of each.
static int thread_of_keys(rc::client &cluster, int thread) {
    int own = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string key = "cpp:" + std::to_string(thread) + ":" + std::to_string(i);
        const std::string value = "value of " + key;
        cluster.command({"SET", key, value, "EX", "60"}).check();
        own += cluster.command({"GET", key}).bytes() == value ? 1 : 0;
    }
    return own;
}

static bool sixteen_threads(rc::client &cluster) {
    const int count = 16;
    std::atomic<int> own(0);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < count; ++thread) {
        threads.emplace_back([&, thread] {
            try {
                own += thread_of_keys(cluster, thread);
            } catch (const rc::exception &e) {
                std::fprintf(stderr, "thread %d: %s%s\n", thread, e.what(),
                             e.error().maybe_executed() ? " (it may have run)" : "");
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    const rc::stats stats = cluster.pool()->stats();
    std::printf("%d threads on %lld connections: %d of %d values their own\n", count,
                static_cast<long long>(stats.get(REDISCLUSTER_STAT_OPEN)), own.load(), count * 100);
    return own == count * 100 && stats.get(REDISCLUSTER_STAT_IN_USE) == 0;
}

// A command for several shards is split, and its replies are joined.
static bool many_keys(rc::client &cluster) {
    cluster.command({"MSET", "cpp:a", "1", "cpp:b", "2", "cpp:c", "3"}).check();
    const rc::command mget({"MGET", "cpp:a", "cpp:b", "cpp:c"});
    const rc::explanation why = cluster.explain(mget);
    std::printf("%s (%zu keys, %zu nodes)\n", why.reason(), why.key_count(), why.node_count());
    const rc::reply values = cluster.execute(mget);
    values.check();
    std::string joined;
    for (rc::reply_view value : values) {
        joined += value.str();
    }
    return joined == "123" && cluster.command({"DEL", "cpp:a", "cpp:b", "cpp:c"}).integer() == 3;
}

// A thousand commands over all slots in one go, each reply in its place. Arguments that lie one after another in one
// buffer are handed over as they are.
static bool one_pipeline(rc::client &cluster) {
    rc::pipeline pipeline(cluster);
    rc::command command;
    for (int i = 0; i < 1000; ++i) {
        const std::string key = "cpp:p:" + std::to_string(i);
        const std::string data = "SET" + key + std::to_string(i) + "EX60";
        const std::size_t lengths[] = {3, key.size(), std::to_string(i).size(), 2, 2};
        command.clear();
        command.append_packed(rc::bytes(data).data(), lengths, 5);
        pipeline.append(command).append({"GET", key});
    }
    pipeline.append({"LPUSH", "cpp:p:0", "x"}); // A string is no list: an error in its place.
    pipeline.execute();
    int right = 0;
    for (int i = 0; i < 1000; ++i) {
        right += pipeline.reply(2 * static_cast<std::size_t>(i) + 1).str() == std::to_string(i) ? 1 : 0;
    }
    const rc::reply_view last = pipeline.reply(pipeline.size() - 1);
    std::printf("pipeline of %zu commands: %d of 1000 values right, the last one: %s\n", pipeline.size(), right,
                last.str().c_str());
    return right == 1000 && last.is_error();
}

// A call that would wait for ever, and ends.
static bool cancelled(rc::client &cluster) {
    const rc::cancel_token token = rc::cancel_token::make();
    rc::command wait({"BLPOP", "cpp:none", "0"});
    wait.set_cancel(token);
    std::thread impatient([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        token.fire();
    });
    rc::reply none;
    const rc::status status = cluster.try_execute(wait, none);
    impatient.join();
    std::printf("BLPOP ended: %s\n", rc::status_name(status));
    return status == REDISCLUSTER_ERROR_CANCELLED;
}

static bool errors_both_ways(rc::client &cluster) {
    bool caught = false;
    try {
        cluster.command({"RENAME", "cpp:a", "cpp:b"});
    } catch (const rc::exception &e) {
        std::printf("thrown:   %s (%s)\n", e.what(), rc::status_name(e.status()));
        caught = e.status() == REDISCLUSTER_ERROR_CROSS_SLOT;
    }

    rc::reply reply;
    rc::error error;
    const rc::status status = cluster.try_command({"SUBSCRIBE", "news"}, reply, &error);
    std::printf("returned: %s (%s)\n", error.message(), rc::status_name(status));
    return caught && status == REDISCLUSTER_ERROR_INVALID_ARGUMENT;
}

// Below the client: a connection of the program's own, which goes back at the end of its scope.
static bool own_connection(rc::pool &pool) {
    rc::connection connection = pool.get_by_key("{cpp}list");
    connection.command({"DEL", "{cpp}list"}).check();
    connection.append({"RPUSH", "{cpp}list", "one", "two"});
    connection.append({"LRANGE", "{cpp}list", "0", "-1"});
    connection.read().check();
    const rc::reply list = connection.read();
    std::printf("%s has a list of %zu\n", connection.node(), list.size());
    return list.size() == 2 && connection.command({"DEL", "{cpp}list"}).integer() == 1;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: demo host:port[,host:port...]\n");
        return 2;
    }
    try {
        rc::options options;
        options.set("startup_nodes", argv[1]).set("pool_exhausted", "block").set("max_connections_per_node", "4");
        rc::pool pool(options);
        show_topology(pool.topology());
        // On a pool that the program uses as well; rc::client(options) makes one of its own.
        rc::client cluster = rc::client::with_pool(pool);
        const bool right = sixteen_threads(cluster) && many_keys(cluster) && one_pipeline(cluster) &&
                           cancelled(cluster) && errors_both_ways(cluster) && own_connection(pool);
        return right ? 0 : 1;
    } catch (const rc::exception &e) {
        std::fprintf(stderr, "demo: %s\n", e.what());
        return 1;
    }
}
