// librediscluster from C++: a pool shared by threads, packed commands, the topology, and errors in both forms.
//
//     demo host:port[,host:port...]

#include <rediscluster.hpp>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace rc = rediscluster;

static void show_topology(const rc::pool &pool) {
    const rc::topology topology = pool.topology();
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

// Each thread writes and reads its own keys; a connection goes back at the end of its scope.
static int thread_of_keys(rc::pool &pool, int thread) {
    int own = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string key = "cpp:" + std::to_string(thread) + ":" + std::to_string(i);
        const std::string value = "value of " + key;
        rc::connection connection = pool.get_by_key(key);
        connection.command({"SET", key, value, "EX", "60"}).check();
        own += connection.command({"GET", key}).bytes() == value ? 1 : 0;
    }
    return own;
}

// Arguments one after another in one buffer, for programs that have them so. All in one pipeline.
static std::size_t packed(rc::pool &pool) {
    rc::connection connection = pool.get_by_key("{cpp}packed");
    connection.command({"DEL", "{cpp}packed"}).check();
    rc::command command;
    for (int i = 0; i < 1000; ++i) {
        const std::string value = std::to_string(i);
        const std::string data = "RPUSH{cpp}packed" + value;
        const std::size_t lengths[] = {5, 11, value.size()};
        command.clear();
        command.append_packed(rc::bytes(data).data(), lengths, 3);
        connection.append(command);
    }
    for (int i = 0; i < 1000; ++i) {
        connection.read().check();
    }
    std::size_t in_order = 0;
    for (rc::reply_view element : connection.command({"LRANGE", "{cpp}packed", "0", "-1"})) {
        in_order += element.bytes() == std::to_string(in_order) ? 1 : 0;
    }
    return in_order;
}

static bool errors_both_ways(rc::pool &pool) {
    bool caught = false;
    try {
        pool.get_by_node("192.0.2.1:6379");
    } catch (const rc::exception &e) {
        std::printf("thrown:   %s (%s)\n", e.what(), rc::status_name(e.status()));
        caught = e.status() == REDISCLUSTER_ERROR_UNKNOWN_NODE;
    }

    rc::connection connection;
    rc::error error;
    const rc::status status = pool.try_get_by_slot(16384, REDISCLUSTER_READ, rc::timeout::standard(), connection, &error);
    std::printf("returned: %s (%s)\n", error.message(), rc::status_name(status));
    return caught && status == REDISCLUSTER_ERROR_INVALID_ARGUMENT;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: demo host:port[,host:port...]\n");
        return 2;
    }
    try {
        rc::options options;
        options.set("startup_nodes", argv[1]).set("pool_exhausted", "block").set("max_connections", "4");
        rc::pool pool(options);
        show_topology(pool);

        const int count = 16;
        std::atomic<int> own(0);
        std::vector<std::thread> threads;
        for (int thread = 0; thread < count; ++thread) {
            threads.emplace_back([&, thread] {
                try {
                    own += thread_of_keys(pool, thread);
                } catch (const rc::exception &e) {
                    std::fprintf(stderr, "thread %d: %s\n", thread, e.what());
                }
            });
        }
        for (std::thread &thread : threads) {
            thread.join();
        }
        const rc::stats stats = pool.stats();
        std::printf("%d threads on %lld connections: %d of %d values their own\n", count,
                    static_cast<long long>(stats.get(REDISCLUSTER_STAT_OPEN)), own.load(), count * 100);
        const std::size_t in_order = packed(pool);
        std::printf("packed pipeline: %zu of 1000 in order\n", in_order);
        const bool right = errors_both_ways(pool);
        return own == count * 100 && in_order == 1000 && right && stats.get(REDISCLUSTER_STAT_IN_USE) == 0 ? 0 : 1;
    } catch (const rc::exception &e) {
        std::fprintf(stderr, "demo: %s\n", e.what());
        return 1;
    }
}
