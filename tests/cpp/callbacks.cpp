// Callbacks that give credentials and addresses; what they throw goes no further and answers nothing. Credentials
// that are replaced. On the cluster's own addresses, and in the form that returns statuses.

#include "check.hpp"

#include <rediscluster.hpp>

#include <atomic>
#include <functional>
#include <memory>

using namespace rediscluster;

static options on_cluster() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    return set;
}

// The reply as text, which must not be an error.
static std::string ask(connection &lease, std::initializer_list<bytes> arguments) {
    error failure;
    command sent;
    reply got;
    CHECK_OK(command::try_make(arguments, sent, &failure), failure);
    CHECK_OK(lease.try_command(sent, timeout::standard(), got, &failure), failure);
    CHECK_OK(got.try_check(&failure), failure);
    return got.kind() == REDISCLUSTER_REPLY_INTEGER ? std::to_string(got.integer()) : got.str();
}

static void on_every_node(pool &nodes, std::initializer_list<bytes> arguments) {
    error failure;
    topology known;
    CHECK_OK(nodes.try_topology(known, &failure), failure);
    for (std::size_t i = 0; i < known.node_count(); ++i) {
        connection lease;
        CHECK_OK(nodes.try_get_by_node(known.node(i).address(), timeout::standard(), lease, &failure), failure);
        ask(lease, arguments);
    }
}

static void addresses() {
    std::atomic<int> translated(0), resolved(0);
    const std::shared_ptr<int> held = std::make_shared<int>(0);
    {
        options set = on_cluster();
        error failure;
        const std::function<void(const char *, std::uint16_t, address_sink)> names =
            [&translated, held](const char *, std::uint16_t port, address_sink sink) {
                CHECK(sink("no host", port) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
                CHECK(sink("node.test", port) == REDISCLUSTER_OK);
                CHECK(sink("late.test", port) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
                ++translated;
            };
        CHECK_OK(set.try_set_translate(names, &failure), failure);
        CHECK_OK(set.try_set_resolve(
                     [&resolved, held](const char *name, ip_sink sink) {
                         CHECK(name == std::string("node.test"));
                         CHECK(sink(name) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
                         CHECK(sink("127.0.0.1") == REDISCLUSTER_OK);
                         ++resolved;
                     },
                     &failure),
                 failure);
        pool nodes;
        CHECK_OK(pool::try_make(set, nodes, &failure), failure);
        connection lease;
        CHECK_OK(nodes.try_get_by_key("a", REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
        CHECK(std::string(lease.node()).find("node.test:") == 0 && ask(lease, {"PING"}) == "PONG");
        CHECK(translated > 0 && resolved > 0 && held.use_count() > 1);

        // Replaced: what was there is gone from these options; the pool goes on with it.
        CHECK_OK(set.try_set_translate([](const char *, std::uint16_t, address_sink) {}, &failure), failure);
        pool plain;
        CHECK_OK(pool::try_make(set, plain, &failure), failure);
        CHECK_OK(plain.try_get_by_key("a", REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
        CHECK(std::string(lease.node()).find("node.test:") == std::string::npos);
    }
    // The functions went with the last that could call them.
    CHECK(held.use_count() == 1);
}

static void credentials(pool &administrator) {
    on_every_node(administrator, {"ACL", "SETUSER", "cpp-test", "reset", "on", ">one", "~*", "+@all"});
    std::string password = "one"; // One thread dials here, this one.
    int asked = 0;
    options set = on_cluster();
    error failure;
    CHECK_OK(set.try_set_credentials(
                 [&](const char *node, credentials_sink sink) {
                     CHECK(std::string(node).find(':') != std::string::npos);
                     CHECK(sink("cpp-test", "line\nend") == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
                     CHECK(sink("cpp-test", password) == REDISCLUSTER_OK);
                     ++asked;
                 },
                 &failure),
             failure);
    pool nodes;
    CHECK_OK(pool::try_make(set, nodes, &failure), failure);
    connection lease;
    CHECK_OK(nodes.try_get_by_slot(0, REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
    CHECK(asked > 0 && ask(lease, {"ACL", "WHOAMI"}) == "cpp-test");
    const std::string id = ask(lease, {"CLIENT", "ID"});
    CHECK_OK(lease.try_release(&failure), failure);

    on_every_node(administrator, {"ACL", "SETUSER", "cpp-test", ">two", "<one"});
    CHECK(nodes.try_update_credentials("cpp-test", "wrong", &failure) == REDISCLUSTER_ERROR_AUTH);
    password = "two";
    CHECK_OK(nodes.try_update_credentials("cpp-test", "two", &failure), failure);
    CHECK(nodes.try_update_credentials("cpp-test", "", &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_OK(nodes.try_get_by_slot(0, REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
    const std::string second = ask(lease, {"CLIENT", "ID"});
    CHECK_OK(lease.try_release(&failure), failure);
    CHECK(second != id); // The wrong password closed the first.
    CHECK_OK(nodes.try_update_credentials("cpp-test", "two", &failure), failure);
    CHECK_OK(nodes.try_get_by_slot(0, REDISCLUSTER_WRITE, timeout::standard(), lease, &failure), failure);
    CHECK(ask(lease, {"CLIENT", "ID"}) == second);
    CHECK_OK(lease.try_release(&failure), failure);
    on_every_node(administrator, {"ACL", "DELUSER", "cpp-test"});
}

#if REDISCLUSTER_EXCEPTIONS
static void what_is_thrown_answers_nothing() {
    error failure;
    pool nodes;
    options set = on_cluster();
    set.set_translate([](const char *, std::uint16_t, address_sink) { throw 1; });
    CHECK_OK(pool::try_make(set, nodes, &failure), failure);
    set = options();
    set.set("startup_nodes", "node.test:1").set_resolve([](const char *, ip_sink) { throw 1; });
    CHECK(pool::try_make(set, nodes, &failure) == REDISCLUSTER_ERROR_UNREACHABLE);
    set = on_cluster();
    // An empty std::function throws.
    set.set_credentials(std::function<void(const char *, credentials_sink)>());
    CHECK(pool::try_make(set, nodes, &failure) == REDISCLUSTER_ERROR_AUTH);

    pool plain(on_cluster());
    for (int i = 0; i < 2; ++i) {
        try {
            i == 0 ? plain.reload_tls() : plain.update_credentials("nobody", "");
            CHECK(false);
        } catch (const exception &e) {
            CHECK(e.status() == (i == 0 ? REDISCLUSTER_ERROR_CONFIG : REDISCLUSTER_ERROR_INVALID_ARGUMENT));
        }
    }
}
#endif

int main() {
    error failure;
    pool administrator;
    CHECK_OK(pool::try_make(on_cluster(), administrator, &failure), failure);
    CHECK(administrator.try_reload_tls(&failure) == REDISCLUSTER_ERROR_CONFIG);
    addresses();
    credentials(administrator);
#if REDISCLUSTER_EXCEPTIONS
    what_is_thrown_answers_nothing();
#endif
    return 0;
}
