// An interrupt that comes as its connection is released never ends what the next user of the socket does.

#include "check.hpp"

#include <rediscluster.hpp>

#include <atomic>
#include <thread>

using namespace rediscluster;

int main() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    pool nodes;
    CHECK_OK(pool::try_make(set, nodes, &failure), failure);
    command ping;
    CHECK_OK(command::try_make({"PING"}, ping, &failure), failure);

    std::atomic<rediscluster_connection *> target(nullptr);
    std::atomic<bool> over(false);
    std::thread interrupter([&] {
        while (!over) {
            rediscluster_connection *connection = target.exchange(nullptr);
            if (connection != nullptr) {
                rediscluster_connection_interrupt(connection, nullptr);
            }
        }
    });
    int kept = 0;
    for (int round = 0; round < 20000; ++round) {
        connection lease;
        CHECK_OK(nodes.try_get_by_slot(0, REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
        rediscluster_connection *const first = lease.handle();
        target = first;
        for (volatile int pause = round % 64; pause > 0; pause = pause - 1) {
        }
        CHECK_OK(lease.try_release(&failure), failure);

        // Nobody was given this one.
        CHECK_OK(nodes.try_get_by_slot(0, REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
        CHECK(lease.handle() != first);
        if (round % 16 == 0) {
            reply pong;
            CHECK_OK(lease.try_command(ping, timeout::standard(), pong, &failure), failure);
        }
        CHECK(!lease.is_broken());
        kept += target.exchange(nullptr) == first ? 1 : 0;
        CHECK(!lease.is_broken());
        CHECK_OK(lease.try_release(&failure), failure);
    }
    over = true;
    interrupter.join();
    CHECK(kept < 20000);
    return 0;
}
