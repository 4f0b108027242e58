// The asynchronous handle: many in flight, a cancelled one, a closed handle, and the forms that throw.

#include "check.hpp"

#include <rediscluster.hpp>

#include <poll.h>
#include <string>
#include <vector>

using namespace rediscluster;

static command of(std::initializer_list<bytes> arguments) {
    command out;
    error failure;
    CHECK_OK(command::try_make(arguments, out, &failure), failure);
    return out;
}

static void many(asynchronous &loop) {
    const std::size_t all = 500;
    std::vector<completion> taken(100);
    std::size_t done = 0;
    error failure;
    for (std::size_t i = 0; i < all; ++i) {
        const std::string text = std::to_string(i);
        CHECK_OK(loop.try_submit(of({"ECHO", text}), i, &failure), failure);
    }
    while (done < all) {
        std::size_t count = 0;
        pollfd waited = {loop.fd(), POLLIN, 0};
        CHECK(poll(&waited, 1, 30000) == 1);
        CHECK_OK(loop.try_poll(taken.data(), taken.size(), timeout::now(), count, &failure), failure);
        CHECK(count <= taken.size());
        for (std::size_t i = 0; i < count; ++i) {
            CHECK(taken[i].has_reply() && !taken[i].error());
            CHECK(taken[i].reply().bytes() == std::to_string(taken[i].tag()));
        }
        done += count;
    }
    CHECK(done == all);
}

static void ends(asynchronous &loop) {
    completion last;
    std::size_t count = 0;
    error failure;
    CHECK_OK(loop.try_submit(of({"BLPOP", "cpp:async:none", "0"}), 7, &failure), failure);
    CHECK(loop.next_timeout() == std::chrono::milliseconds(0));
    CHECK_OK(loop.try_cancel(7, &failure), failure);
    CHECK(loop.try_cancel(7) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_OK(loop.try_poll(&last, 1, std::chrono::seconds(30), count, &failure), failure);
    CHECK(count == 1 && last.tag() == 7 && !last.has_reply());
    CHECK(last.error().status() == REDISCLUSTER_ERROR_CANCELLED);
    CHECK_OK(loop.try_close(&failure), failure);
    CHECK(loop.try_submit(of({"PING"}), 1) == REDISCLUSTER_ERROR_CLOSED);
    CHECK(loop.try_poll(&last, 1, timeout::never(), count, &failure) == REDISCLUSTER_ERROR_CLOSED && count == 0);
    CHECK(failure.status() == REDISCLUSTER_ERROR_CLOSED);
    asynchronous empty;
    CHECK(empty.try_submit(of({"PING"}), 1) == REDISCLUSTER_ERROR_INVALID_ARGUMENT && empty.fd() == -1);
}

#if REDISCLUSTER_EXCEPTIONS
static void throws(client &users) {
    asynchronous loop(users);
    std::vector<completion> taken;
    loop.submit(of({"ECHO", "thrown"}), 3);
    loop.poll(taken, 10, std::chrono::seconds(30));
    CHECK(taken.size() == 1 && taken[0].tag() == 3 && taken[0].reply().bytes() == "thrown");
    loop.poll(taken, 10, timeout::now());
    CHECK(taken.empty());
    loop.close();
    bool thrown = false;
    try {
        loop.submit(of({"PING"}), 1);
    } catch (const exception &caught) {
        thrown = caught.status() == REDISCLUSTER_ERROR_CLOSED;
    }
    CHECK(thrown);
}
#endif

int main() {
    options set;
    client users;
    asynchronous loop;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    CHECK_OK(client::try_make(set, users, &failure), failure);
    CHECK_OK(asynchronous::try_make(users, loop, &failure), failure);
    many(loop);
    asynchronous moved(std::move(loop));
    CHECK(!loop && moved);
    ends(moved);
#if REDISCLUSTER_EXCEPTIONS
    throws(users);
#endif
    return 0;
}
