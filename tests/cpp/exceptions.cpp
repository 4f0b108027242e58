// A cluster used in the form that throws.

#include "check.hpp"

#include <rediscluster.hpp>

#include <thread>

using namespace rediscluster;

template <class Call> static status thrown_by(Call call) {
    try {
        call();
    } catch (const exception &e) {
        CHECK(e.what() == std::string(e.error().message()) && *e.what() != '\0');
        CHECK(e.status() == e.error().status());
        return e.status();
    }
    return REDISCLUSTER_OK;
}

int main() {
    CHECK(thrown_by([] { options::from_url("gopher://x"); }) == REDISCLUSTER_ERROR_CONFIG);
    CHECK(thrown_by([] { options().set("max_conections", "1"); }) == REDISCLUSTER_ERROR_CONFIG);
    CHECK(thrown_by([] { pool none((options())); }) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(thrown_by([] { command none(std::initializer_list<bytes>{}); }) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);

    const options set = std::move(options::from_url("redis://" + cluster())
                                      .set("max_connections", "2")
                                      .set("pool_exhausted", "error"));
    pool nodes(set);
    {
        connection first = nodes.get_by_key("cpp:e");
        connection second = nodes.get_by_key("cpp:e", REDISCLUSTER_READ);
        CHECK(thrown_by([&] { nodes.get_by_key("cpp:e"); }) == REDISCLUSTER_ERROR_POOL_EXHAUSTED);

        CHECK(first.command({"SET", "cpp:e", "v"}).str() == "OK");
        CHECK(second.command({"GET", "cpp:e"}, std::chrono::seconds(5)).bytes() == "v");
        try {
            first.command({"LPOP", "cpp:e"}).check();
            CHECK(false);
        } catch (const exception &e) {
            CHECK(e.status() == REDISCLUSTER_ERROR_SERVER);
            CHECK(std::string(e.error().server_code()) == "WRONGTYPE");
            const exception copy = e; // exceptions are copied; both show the same error
            CHECK(copy.what() == e.what());
        }

        std::size_t elements = 0;
        for (reply_view element : first.command({"EVAL", "return {1, {2, 'x'}, false}", "1", "cpp:e"})) {
            CHECK(elements != 1 || (element.size() == 2 && element[1].str() == "x"));
            ++elements;
        }
        CHECK(elements == 3);

        // Interrupted from another thread; the destructor gives a broken one back, too.
        std::thread killer([&] {
            while (nodes.stats().get(REDISCLUSTER_STAT_IN_USE) != 2) {
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            first.interrupt();
        });
        CHECK(thrown_by([&] { first.command({"BLPOP", "cpp:none{cpp:e}", "0"}, timeout::never()); }) ==
              REDISCLUSTER_ERROR_CANCELLED);
        killer.join();
        CHECK(first.is_broken() && !second.is_broken());

        command get;
        get.append("GET").append("cpp:e");
        second.append(get);
        second.append(get);
        second.flush();
        CHECK(second.read().bytes() == "v" && second.read().bytes() == "v");
        second.release();
        CHECK(thrown_by([&] { second.release(); }) != REDISCLUSTER_OK);
    }
    CHECK(nodes.stats().get(REDISCLUSTER_STAT_IN_USE) == 0);
    CHECK(nodes.stats().get(REDISCLUSTER_STAT_OPEN) == 1);
    nodes.refresh();
    nodes.disconnect();
    nodes.reset();
    CHECK(nodes.topology().node_count() > 0);
    CHECK(nodes.maintain(timeout::now()).count() == -1);
    connection last = nodes.get_by_node(nodes.topology().slot_node(0).address());
    nodes.release(last);
    nodes.close();
    CHECK(thrown_by([&] { nodes.get_random(); }) == REDISCLUSTER_ERROR_CLOSED);
    return 0;
}
