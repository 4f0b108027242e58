// A cluster used in the form that returns statuses, the only one there is under -fno-exceptions.

#include "check.hpp"

#include <rediscluster.hpp>

using namespace rediscluster;

static std::int64_t in_use(const pool &nodes) {
    stats numbers;
    error failure;
    CHECK_OK(nodes.try_stats(numbers, &failure), failure);
    return numbers.get(REDISCLUSTER_STAT_IN_USE);
}

static void leases(pool &nodes) {
    error failure;
    {
        connection lease;
        CHECK_OK(nodes.try_get_by_key("a", REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
        CHECK(in_use(nodes) == 1 && lease.node() != nullptr && lease.fd() >= 0 && !lease.is_broken());
        connection moved(std::move(lease));
        CHECK(in_use(nodes) == 1 && !lease);
        connection &same = moved;
        moved = std::move(same);
        CHECK(moved && in_use(nodes) == 1);
        // What it held goes back when another lease is put in its place.
        CHECK_OK(nodes.try_get_random(timeout::standard(), lease, &failure), failure);
        CHECK(in_use(nodes) == 2);
        moved = std::move(lease);
        CHECK(in_use(nodes) == 1);
    }
    CHECK(in_use(nodes) == 0);

    connection lease;
    CHECK_OK(nodes.try_get_by_slot(12182, REDISCLUSTER_READ, timeout::standard(), lease, &failure), failure);
    rediscluster_connection *spent = lease.handle();
    CHECK_OK(lease.try_release(&failure), failure);
    CHECK(!lease && in_use(nodes) == 0);
    CHECK(connection(spent).try_release(&failure) == REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    CHECK(nodes.try_get_by_slot(16384, REDISCLUSTER_READ, timeout::standard(), lease, &failure) ==
          REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(nodes.try_get_by_node("192.0.2.1:1", timeout::standard(), lease, &failure) ==
          REDISCLUSTER_ERROR_UNKNOWN_NODE);

    // Redirects, as servers write them.
    CHECK_OK(nodes.try_get_by_slot(0, REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
    const std::string owner = lease.node();
    CHECK_OK(nodes.try_release(lease, &failure), failure);
    CHECK_OK(nodes.try_moved(0, owner, &failure), failure);
    CHECK(nodes.try_moved(0, ":6381", &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_OK(nodes.try_ask(owner, timeout::standard(), lease, &failure), failure);
    CHECK(lease.node() == owner);
    CHECK_OK(nodes.try_release(lease, &failure), failure);

    // Another pool's lease is refused and kept.
    options set;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    pool other;
    CHECK_OK(pool::try_make(set, other, &failure), failure);
    CHECK_OK(nodes.try_get_random(timeout::standard(), lease, &failure), failure);
    CHECK(other.try_release(lease, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT && lease);
    CHECK_OK(nodes.try_release(lease, &failure), failure);
    CHECK(!lease && in_use(nodes) == 0);
}

static void replies(pool &nodes) {
    error failure;
    connection lease;
    CHECK_OK(nodes.try_get_by_key("cpp:{list}", REDISCLUSTER_WRITE, timeout::standard(), lease, &failure),
             failure);
    command ask;
    reply answer;
    CHECK_OK(command::try_make({"DEL", "cpp:{list}"}, ask, &failure), failure);
    CHECK_OK(lease.try_command(ask, timeout::standard(), answer, &failure), failure);

    // More arguments than fit on the stack, a binary one and an empty one among them.
    const std::string binary("\0\r\n\xff", 4);
    CHECK_OK(command::try_make({"RPUSH", "cpp:{list}", binary, "", "2", "3", "4", "5", "6", "7", "8", "9", "10",
                                "11", "12", "13", "14", "15", "16"},
                               ask, &failure),
             failure);
    CHECK_OK(lease.try_command(ask, timeout::standard(), answer, &failure), failure);
    CHECK(answer.kind() == REDISCLUSTER_REPLY_INTEGER && answer.integer() == 17);

    ask.clear();
    const std::size_t lengths[] = {6, 10, 1, 2};
    const char packed[] = "LRANGEcpp:{list}0-1";
    CHECK_OK(ask.try_append_packed(reinterpret_cast<const std::uint8_t *>(packed), lengths, 4, &failure), failure);
    CHECK_OK(lease.try_command(ask, timeout::standard(), answer, &failure), failure);
    CHECK(answer.size() == 17 && answer[0].bytes() == bytes(binary) && answer[1].bytes().empty());
    CHECK(answer[1].bytes().data() != nullptr && answer[16].str() == "16" && !answer[17]);
    std::size_t seen = 0;
    for (reply_view element : answer) {
        CHECK(element.handle() == answer[seen].handle());
        CHECK(element.kind() == REDISCLUSTER_REPLY_STRING);
        ++seen;
    }
    CHECK(seen == 17);
    const reply_view view = answer;
    const reply moved(std::move(answer));
    CHECK(!answer && answer.is_nil() && view.size() == 17 && moved.view().handle() == view.handle());

    // An error reply is a reply.
    CHECK_OK(command::try_make({"INCR", "cpp:{list}"}, ask, &failure), failure);
    CHECK_OK(lease.try_command(ask, timeout::standard(), answer, &failure), failure);
    CHECK(answer.is_error() && answer.try_check(&failure) == REDISCLUSTER_ERROR_SERVER);
    CHECK(std::string(failure.server_code()) == "WRONGTYPE");

    // A pipeline.
    CHECK_OK(command::try_make({"LLEN", "cpp:{list}"}, ask, &failure), failure);
    for (int i = 0; i < 10; ++i) {
        CHECK_OK(lease.try_append(ask, &failure), failure);
    }
    CHECK_OK(lease.try_flush(timeout::standard(), &failure), failure);
    for (int i = 0; i < 10; ++i) {
        CHECK_OK(lease.try_read(timeout::standard(), answer, &failure), failure);
        CHECK(answer.integer() == 17);
    }
    CHECK(lease.try_read(timeout::now(), answer) == REDISCLUSTER_ERROR_TIMEOUT);
    CHECK(answer.integer() == 17);

    CHECK_OK(lease.try_interrupt(&failure), failure);
    CHECK(lease.try_command(ask, timeout::standard(), answer, &failure) == REDISCLUSTER_ERROR_CANCELLED);
    CHECK(lease.is_broken());
}

static void the_cluster(pool &nodes) {
    error failure;
    topology known;
    CHECK_OK(nodes.try_topology(known, &failure), failure);
    CHECK(known.version() > 0 && known.node_count() > 0);
    std::int32_t slots = 0;
    std::size_t primaries = 0;
    for (std::size_t i = 0; i < known.node_count(); ++i) {
        const node one = known.node(i);
        CHECK(std::string(one.id()).size() == 40 && one.port() > 0 && *one.host() != '\0');
        for (std::size_t r = 0; r < one.slot_range_count(); ++r) {
            slots += one.range(r).end - one.range(r).start + 1;
        }
        primaries += one.role() == REDISCLUSTER_ROLE_PRIMARY ? 1 : 0;
        CHECK((one.primary() == -1) == (one.role() == REDISCLUSTER_ROLE_PRIMARY));
    }
    CHECK(slots == 16384);
    CHECK(known.nodes_by_role(REDISCLUSTER_ROLE_PRIMARY).size() == primaries);
    CHECK(known.slot_node(0).role() == REDISCLUSTER_ROLE_PRIMARY && !known.slot_node(0, 1000));
    CHECK(!known.slot_node(-1));

    connection lease;
    CHECK_OK(nodes.try_get_by_node(known.node(0).address(), timeout::standard(), lease, &failure), failure);
    CHECK(std::string(lease.node()) == known.node(0).address());
    stats numbers;
    CHECK_OK(nodes.try_stats(numbers, &failure), failure);
    CHECK(numbers.get(known.node(0).address(), REDISCLUSTER_STAT_IN_USE) == 1);
    CHECK_OK(nodes.try_refresh(timeout::standard(), &failure), failure);
    CHECK_OK(nodes.try_disconnect(&failure), failure);
    CHECK_OK(nodes.try_reset(timeout::standard(), &failure), failure);
    std::chrono::milliseconds next(7);
    CHECK_OK(nodes.try_maintain(timeout::now(), next, &failure), failure);
    CHECK(next.count() == -1);
    CHECK_OK(lease.try_release(&failure), failure);
}

int main() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    pool nodes;
    CHECK_OK(pool::try_make(set, nodes, &failure), failure);
    leases(nodes);
    replies(nodes);
    the_cluster(nodes);

    connection late;
    CHECK_OK(nodes.try_get_random(timeout::standard(), late, &failure), failure);
    CHECK_OK(nodes.try_close(&failure), failure);
    connection none;
    CHECK(nodes.try_get_random(timeout::standard(), none, &failure) == REDISCLUSTER_ERROR_CLOSED);
    // A lease outlives its pool.
    nodes = pool();
    command ping;
    reply pong;
    CHECK_OK(command::try_make({"PING"}, ping, &failure), failure);
    CHECK_OK(late.try_command(ping, timeout::standard(), pong, &failure), failure);
    CHECK(pong.str() == "PONG");
    return 0;
}
