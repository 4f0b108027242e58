// Owners move, also onto themselves, and answer when they are empty; bytes, texts and timeouts are what they
// are made of. Needs no cluster.

#include "check.hpp"

#include <rediscluster.hpp>

#include <type_traits>

using namespace rediscluster;

template <class Owner> static void moves_and_does_not_copy() {
    static_assert(std::is_nothrow_default_constructible<Owner>::value, "made empty without a throw");
    static_assert(std::is_nothrow_move_constructible<Owner>::value, "moved without a throw");
    static_assert(std::is_nothrow_move_assignable<Owner>::value, "moved without a throw");
    static_assert(!std::is_copy_constructible<Owner>::value, "one owner");
    static_assert(!std::is_copy_assignable<Owner>::value, "one owner");
    static_assert(sizeof(Owner) == sizeof(void *), "nothing beside the handle");
    Owner empty;
    CHECK(!empty);
    CHECK(empty.handle() == nullptr && empty.detach() == nullptr);
    Owner other(std::move(empty));
    empty = std::move(other);
    CHECK(!empty && !other);
}

static void a_value_moves() {
    options first;
    error failure;
    CHECK_OK(first.try_set("max_connections", "7", &failure), failure);
    rediscluster_options *handle = first.handle();

    options second(std::move(first));
    CHECK(!first && second.handle() == handle);
    first = std::move(second);
    CHECK(!second && first.handle() == handle);

    options &same = first;
    first = std::move(same);
    CHECK(first.handle() == handle);
    CHECK(std::string(first.get("max_connections")) == "7");

    options filled;
    CHECK_OK(filled.try_set("max_connections", "9", &failure), failure);
    filled = std::move(first);
    CHECK(std::string(filled.get("max_connections")) == "7");

    options given(filled.detach());
    CHECK(!filled && given.handle() == handle);
    options copy;
    CHECK_OK(given.try_clone(copy, &failure), failure);
    CHECK_OK(copy.try_set("max_connections", "8", &failure), failure);
    CHECK(std::string(given.get("max_connections")) == "7");
    CHECK(given.get("no_such_option") == nullptr);
}

static void failures_leave_outputs_alone() {
    options kept;
    error failure;
    CHECK_OK(options::try_from_url("redis://127.0.0.1:1", kept, &failure), failure);
    CHECK(!failure);
    rediscluster_options *handle = kept.handle();
    CHECK(options::try_from_url("redis://", kept, &failure) == REDISCLUSTER_ERROR_CONFIG);
    CHECK(kept.handle() == handle);
    CHECK(failure.status() == REDISCLUSTER_ERROR_CONFIG && *failure.message() != '\0');
    CHECK(failure.slot() == -1 && failure.attempt_count() == 0 && !failure.attempt(0));

    // An error is replaced by the next one, and left by a success.
    CHECK(kept.try_set("max_conections", "1", &failure) == REDISCLUSTER_ERROR_CONFIG);
    CHECK(std::string(failure.message()).find("max_connections") != std::string::npos);
    CHECK_OK(kept.try_set("max_connections", "1", &failure), failure);
    CHECK(failure.status() == REDISCLUSTER_ERROR_CONFIG);
    CHECK(kept.try_set("max_conections", "1") == REDISCLUSTER_ERROR_CONFIG);
}

static void a_text_is_not_cut_at_a_nul() {
    options set;
    error failure;
    CHECK_OK(set.try_set("password", std::string("whole"), &failure), failure);
    CHECK(set.try_set("password", std::string("half\0whole", 10), &failure) ==
          REDISCLUSTER_ERROR_CONFIG);
    CHECK(std::string(failure.message()).find("control") != std::string::npos);
    CHECK(std::string(failure.message()).find("half") == std::string::npos);
    CHECK(set.try_set("password", nullptr, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
}

static void the_empty_answer() {
    error failure;
    CHECK(failure.status() == REDISCLUSTER_OK && *failure.message() == '\0');
    reply nothing;
    CHECK(nothing.is_nil() && nothing.size() == 0 && nothing.bytes().data() == nullptr);
    CHECK(nothing.str().empty() && nothing.begin() == nothing.end() && !nothing[0]);
    CHECK(nothing.try_check(&failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    pool none;
    connection lease;
    CHECK(none.try_get_by_slot(0, REDISCLUSTER_READ, timeout::now(), lease, &failure) ==
          REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(none.try_close() == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(lease.node() == nullptr && lease.fd() == -1 && lease.is_broken());
    command ping;
    CHECK_OK(ping.try_append("PING", &failure), failure);
    reply out;
    CHECK(lease.try_command(ping, timeout::now(), out, &failure) != REDISCLUSTER_OK && failure);
    CHECK(lease.try_release() != REDISCLUSTER_OK);
    CHECK(topology().node_count() == 0 && !topology().node(0) && topology().node(0).range(0).start == -1);
    CHECK(stats().get(REDISCLUSTER_STAT_OPEN) == -1);
    CHECK(failure.key_fate(0) == REDISCLUSTER_KEY_NONE && error_view().status() == REDISCLUSTER_OK);

    client nobody;
    CHECK(nobody.try_execute(ping, out, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(nobody.try_command({"PING"}, out, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(nobody.pool()->try_close() == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    explanation why;
    CHECK(nobody.try_explain(ping, why, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(why.slot() == -1 && why.key_count() == 0 && why.key(0) == -1 && why.node_count() == 0);
    CHECK(why.node(0) == nullptr && *why.reason() == '\0');
    pipeline queue;
    CHECK(pipeline::try_make(nobody, queue, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(queue.try_append(ping, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(queue.try_append({"PING"}, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(queue.try_execute(timeout::now(), &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(queue.size() == 0 && !queue.reply(0) && !queue.take_reply(0) && !queue.error(0));
    queue.clear();
    cancel_token().fire();

    transaction change;
    CHECK(transaction::try_make(nobody, change, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(change.try_watch("k", timeout::now(), &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(change.try_append(ping, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(change.try_exec(timeout::now(), out, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(change.try_discard(&failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(script().try_call(nobody, 0, {}, out, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(*script().sha() == '\0');
    scan pages;
    CHECK(scan::try_make(nobody, bytes(), 0, "", pages, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(pages.try_next(out, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);

    subscriber silent;
    message heard;
    CHECK(subscriber::try_make(nobody, silent, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(silent.try_subscribe("c", timeout::now(), &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(silent.try_unsubscribe("c", &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(silent.try_next(timeout::now(), heard, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(silent.try_interrupt(&failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT && silent.fd() == -1);
    CHECK(heard.kind() == REDISCLUSTER_MESSAGE_NONE && heard.payload().data() == nullptr && *heard.node() == '\0');
    CHECK(heard.try_check(&failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
}

static void bytes_are_seen_whole() {
    CHECK(bytes().empty() && bytes(static_cast<const char *>(nullptr)).empty());
    CHECK(bytes("abc").size() == 3);
    const std::string binary("a\0b", 3);
    CHECK(bytes(binary).size() == 3 && bytes(binary).data() == bytes(binary).begin());
    CHECK(bytes(binary) == bytes("a\0b", 3) && bytes(binary) != bytes("a") && bytes(binary).str() == binary);
    const std::vector<std::uint8_t> vector = {1, 0, 2};
    CHECK(bytes(vector).size() == 3);
    CHECK(key_slot("foo{}{bar}") == key_slot(std::string("foo{}{bar}")));
    CHECK(key_slot("{user}.a") == key_slot("{user}.b") && key_slot("foo") == 12182);
#if __cplusplus >= 201703L
    CHECK(bytes(std::string_view("abc")) == "abc");
    const std::string_view view = bytes("xyz");
    CHECK(view == "xyz");
#endif
}

static void times_are_rounded_up() {
    using namespace std::chrono;
    CHECK(timeout(milliseconds(5)).timeout_ms() == 5);
    CHECK(timeout(seconds(2)).timeout_ms() == 2000);
    CHECK(timeout(microseconds(1)).timeout_ms() == 1);
    CHECK(timeout(microseconds(1001)).timeout_ms() == 2);
    CHECK(timeout(duration<double>(0.0015)).timeout_ms() == 2);
    CHECK(timeout(milliseconds(0)).timeout_ms() == REDISCLUSTER_TIMEOUT_NOW);
    // A deadline that is over is not "for ever".
    CHECK(timeout(milliseconds(-1)).timeout_ms() == REDISCLUSTER_TIMEOUT_NOW);
    CHECK(timeout(hours::max()).timeout_ms() > 0);
    CHECK(timeout::never().timeout_ms() == -1 && timeout::standard().timeout_ms() == -2);
}

struct counting_log {
    int *lines;
    int *alive;
    counting_log(int *l, int *a) : lines(l), alive(a) { ++*alive; }
    counting_log(counting_log &&other) : lines(other.lines), alive(other.alive) { ++*alive; }
    ~counting_log() { --*alive; }
    void operator()(log_level, const char *message) {
        CHECK(message != nullptr);
        ++*lines;
#if REDISCLUSTER_EXCEPTIONS
        throw 1; // goes no further
#endif
    }
};

static void a_log_is_kept_and_destroyed_once() {
    int lines = 0;
    int alive = 0;
    {
        options set;
        error failure;
        CHECK_OK(set.try_set_log(counting_log(&lines, &alive), &failure), failure);
        CHECK(alive == 1);
        CHECK_OK(set.try_set_log(counting_log(&lines, &alive), &failure), failure);
        CHECK(alive == 1);
        CHECK_OK(set.try_set("startup_nodes", "127.0.0.1:1", &failure), failure);
        pool none;
        CHECK(pool::try_make(set, none, &failure) == REDISCLUSTER_ERROR_UNREACHABLE);
        CHECK(!none && failure.attempt_count() > 0 && *failure.attempt(0).cause() != '\0');
        CHECK(std::string(failure.attempt(0).node()) == "127.0.0.1:1" &&
              failure.attempt(0).elapsed().count() >= 0);
    }
    CHECK(alive == 0);
}

static void commands() {
    error failure;
    command some;
    CHECK(command::try_make({}, some, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT && !some);
    CHECK_OK(command::try_make({"SET", "k", bytes()}, some, &failure), failure);
    CHECK(some);
    some.clear();
    CHECK_OK(some.try_append("PING", &failure), failure);
    const std::size_t wrong = static_cast<std::size_t>(-1);
    CHECK(some.try_append_packed(nullptr, &wrong, 1, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);

    // What is set of a command that has no arguments yet is kept.
    command set;
    CHECK_OK(set.try_set_timeout(std::chrono::seconds(1), &failure), failure);
    CHECK_OK(set.try_set_route(REDISCLUSTER_ROUTE_ALL_PRIMARIES, &failure), failure);
    CHECK_OK(set.try_set_slot(16383, &failure), failure);
    CHECK_OK(set.try_set_node("127.0.0.1:1", &failure), failure);
    CHECK_OK(set.try_set_read_from(REDISCLUSTER_READ_FROM_ANY, &failure), failure);
    CHECK_OK(set.try_set_cancel(cancel_token(), &failure), failure);
    CHECK(set.try_set_slot(16384, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(set.try_set_node(nullptr, &failure) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
}

int main() {
    moves_and_does_not_copy<options>();
    moves_and_does_not_copy<pool>();
    moves_and_does_not_copy<connection>();
    moves_and_does_not_copy<command>();
    moves_and_does_not_copy<reply>();
    moves_and_does_not_copy<topology>();
    moves_and_does_not_copy<stats>();
    moves_and_does_not_copy<error>();
    moves_and_does_not_copy<client>();
    moves_and_does_not_copy<pipeline>();
    moves_and_does_not_copy<transaction>();
    moves_and_does_not_copy<script>();
    moves_and_does_not_copy<scan>();
    moves_and_does_not_copy<subscriber>();
    moves_and_does_not_copy<message>();
    moves_and_does_not_copy<cancel_token>();
    moves_and_does_not_copy<explanation>();
    a_value_moves();
    failures_leave_outputs_alone();
    a_text_is_not_cut_at_a_nul();
    the_empty_answer();
    bytes_are_seen_whole();
    times_are_rounded_up();
    a_log_is_kept_and_destroyed_once();
    commands();
    CHECK(version() == REDISCLUSTER_VERSION);
    CHECK(std::string(status_name(REDISCLUSTER_ERROR_TIMEOUT)) == "TIMEOUT");
    return 0;
}
