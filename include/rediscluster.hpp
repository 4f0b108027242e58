/*
 * librediscluster for C++11 and later, over rediscluster.h alone. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *     using namespace rediscluster;
 *
 *     client cluster(options::from_url("redis://127.0.0.1:7000"));
 *     cluster.command({"SET", "k", "v"}).check();
 *     std::string v = cluster.command({"GET", "k"}).str();
 *
 * A client finds the node of each command, follows the cluster, and may be shared by threads. Below it is the pool,
 * for programs that want connections of their own: pool.get_by_key("k").command({"GET", "k"}).
 *
 * Two forms of each call that can fail, by choice and at any place of a program:
 *
 *     f(inputs...)                             returns the result; throws rediscluster::exception
 *     try_f(inputs..., outputs..., &failure)   noexcept; returns a status, 0 (REDISCLUSTER_OK) for success
 *
 * The second has the C function's parameters in the C function's order. Its last one is `error *`, and may
 * be nullptr, as it is where it is left out. An output keeps what it held if the call fails; so does
 * *failure if the call succeeds. With -fno-exceptions only the second form exists (as with
 * REDISCLUSTER_NO_EXCEPTIONS defined before this header).
 *
 * Owners. options, client, asynchronous, pipeline, transaction, script, scan, subscriber, message, cancel_token, explanation,
 * pool, connection, command, reply, topology, stats and error own one C object each, which their destructor frees; a
 * connection goes back to its pool. They move and do not copy. A default-made or
 * moved-from owner is empty: it takes a new value, its readers answer as the C function does for NULL, and
 * a call on it is refused with INVALID_ARGUMENT. handle() lends the C object, detach() gives it away, and
 * the constructor that takes one adopts it: the C API stays at hand. An owner is as thread-safe as its C
 * object, but to move, assign or destroy it is a change that no other thread may watch.
 *
 * Views (reply_view, error_view, pool_view, node, attempt) and every `const char *` and `bytes` that a function returns are borrowed
 * from their owner and live as long.
 *
 * Bytes go in as `bytes`, a pointer and a length, made of a std::string, a literal or both parts, never
 * copied on the way. Names and URLs go in as `text`.
 *
 * Memory that is not to be had ends the process inside a noexcept call, as it does in the library.
 *
 * Status, kinds and other numbers are the C header's own: REDISCLUSTER_ERROR_TIMEOUT, REDISCLUSTER_REPLY_NIL.
 */

#ifndef REDISCLUSTER_HPP
#define REDISCLUSTER_HPP

#include "rediscluster.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <ratio>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if __cplusplus >= 201703L
#include <string_view>
#endif

#if !defined(REDISCLUSTER_NO_EXCEPTIONS) && (defined(__cpp_exceptions) || defined(__EXCEPTIONS))
/* Whether the throwing forms exist. */
#define REDISCLUSTER_EXCEPTIONS 1
#include <exception>
#include <memory>
#else
#define REDISCLUSTER_EXCEPTIONS 0
#endif

#if __cplusplus >= 201703L
#define REDISCLUSTER_NODISCARD [[nodiscard]]
#else
#define REDISCLUSTER_NODISCARD __attribute__((warn_unused_result))
#endif

namespace rediscluster {

/* What a call answers; 0, REDISCLUSTER_OK, is success. */
using status = rediscluster_status;
using kind = rediscluster_kind;
using role = rediscluster_role;
using health = rediscluster_health;
using access = rediscluster_access;
using stat = rediscluster_stat;
using log_level = rediscluster_log_level;
using route = rediscluster_route;
using read_from = rediscluster_read_from;
using key_fate = rediscluster_key_fate;
using message_type = rediscluster_message_type;
using subscription = rediscluster_subscription;

/* Bytes of somebody else's: a pointer and a length, binary safe. */
class bytes {
  public:
    constexpr bytes() noexcept : data_(nullptr), size_(0) {}
    constexpr bytes(const std::uint8_t *data, std::size_t size) noexcept : data_(data), size_(size) {}
    bytes(const char *data, std::size_t size) noexcept
        : data_(reinterpret_cast<const std::uint8_t *>(data)), size_(size) {}
    /* Up to its NUL: give a length where the bytes may hold one. nullptr is empty. */
    bytes(const char *text) noexcept : bytes(text, text == nullptr ? 0 : std::strlen(text)) {}
    bytes(const std::string &text) noexcept : bytes(text.data(), text.size()) {}
    bytes(const std::vector<std::uint8_t> &data) noexcept : bytes(data.data(), data.size()) {}
#if __cplusplus >= 201703L
    bytes(std::string_view text) noexcept : bytes(text.data(), text.size()) {}
    operator std::string_view() const noexcept { return {chars(), size_}; }
#endif

    constexpr const std::uint8_t *data() const noexcept { return data_; }
    const char *chars() const noexcept { return reinterpret_cast<const char *>(data_); }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const std::uint8_t *begin() const noexcept { return data_; }
    constexpr const std::uint8_t *end() const noexcept { return data_ + size_; }

    /* A copy. */
    std::string str() const { return size_ == 0 ? std::string() : std::string(chars(), size_); }

    friend bool operator==(bytes a, bytes b) noexcept {
        return a.size_ == b.size_ && (a.size_ == 0 || std::memcmp(a.data_, b.data_, a.size_) == 0);
    }
    friend bool operator!=(bytes a, bytes b) noexcept { return !(a == b); }

  private:
    const std::uint8_t *data_;
    std::size_t size_;
};

/*
 * A name, host, URL or option's value of somebody else's: NUL-terminated UTF-8. A std::string with a NUL
 * inside is refused by the library (INVALID_ARGUMENT) like any other control character, not cut short.
 */
class text {
  public:
    text(const char *chars) noexcept : chars_(chars) {}
    text(const std::string &string) noexcept
        : chars_(string.find('\0') == std::string::npos ? string.c_str() : "\1") {}

    const char *chars() const noexcept { return chars_; }

  private:
    const char *chars_;
};

/* How long a call may take: any std::chrono duration, or now(), never() or standard(). */
class timeout {
  public:
    /* A part of a millisecond counts as a whole one, less than nothing as nothing. */
    template <class Rep, class Period>
    timeout(std::chrono::duration<Rep, Period> duration) noexcept : milliseconds_(whole(duration)) {}

    /* Does not wait. */
    static timeout now() noexcept { return timeout(REDISCLUSTER_TIMEOUT_NOW); }
    /* Waits for ever. */
    static timeout never() noexcept { return timeout(REDISCLUSTER_TIMEOUT_NEVER); }
    /* The option's value: `timeout` for gets, `command_timeout` for everything else. */
    static timeout standard() noexcept { return timeout(REDISCLUSTER_TIMEOUT_DEFAULT); }

    /* As the C functions take it. */
    std::int64_t timeout_ms() const noexcept { return milliseconds_; }

  private:
    explicit timeout(int code) noexcept : milliseconds_(code) {}

    template <class Rep, class Period>
    static std::int64_t whole(std::chrono::duration<Rep, Period> duration) noexcept {
        using fine = std::chrono::duration<long double, std::milli>;
        const long double exact = std::chrono::duration_cast<fine>(duration).count();
        if (!(exact > 0)) {
            return 0;
        }
        const std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
        if (exact >= static_cast<long double>(most)) {
            return most;
        }
        const std::int64_t floor = static_cast<std::int64_t>(exact);
        return static_cast<long double>(floor) < exact ? floor + 1 : floor;
    }

    std::int64_t milliseconds_;
};

namespace detail {

/* One C object and the function that ends it. */
template <class Object, void (*Free)(Object *)> class owner {
  public:
    owner() noexcept : object_(nullptr) {}
    explicit owner(Object *object) noexcept : object_(object) {}
    owner(owner &&other) noexcept : object_(other.detach()) {}
    /* Assigned to itself it keeps what it has. */
    owner &operator=(owner &&other) noexcept {
        adopt(other.detach());
        return *this;
    }
    owner(const owner &) = delete;
    owner &operator=(const owner &) = delete;
    ~owner() { adopt(nullptr); }

    /* The C object, lent; nullptr if empty. */
    Object *handle() const noexcept { return object_; }
    /* The C object, which is the caller's from now on; empty afterwards. */
    Object *detach() noexcept {
        Object *object = object_;
        object_ = nullptr;
        return object;
    }
    /* Frees what is held and takes this instead. */
    void adopt(Object *object) noexcept {
        Object *old = object_;
        object_ = object;
        if (old != nullptr) {
            Free(old);
        }
    }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    Object *object_;
};

inline void give_back(rediscluster_connection *connection) noexcept {
    rediscluster_connection_release(connection, nullptr);
}

/* Calls a C function whose last parameter is the place for an error. */
template <class Error, class Call> status fill(Error *error, Call call) noexcept {
    rediscluster_error *raw = nullptr;
    const status result = call(error == nullptr ? nullptr : &raw);
    if (result != REDISCLUSTER_OK && error != nullptr) {
        error->adopt(raw);
    }
    return result;
}

/* The same for one that also makes an object. */
template <class Out, class Error, class Call> status make(Out &out, Error *error, Call call) noexcept {
    decltype(out.handle()) made = nullptr;
    const status result = fill(error, [&](rediscluster_error **raw) { return call(&made, raw); });
    if (result == REDISCLUSTER_OK) {
        out.adopt(made);
    }
    return result;
}

} // namespace detail

/* One thing that was tried on the way to an error. Part of it. */
class attempt {
  public:
    explicit attempt(const rediscluster_attempt *handle) noexcept : handle_(handle) {}

    /* "host:port". */
    const char *node() const noexcept { return rediscluster_attempt_node(handle_); }
    std::chrono::milliseconds elapsed() const noexcept {
        return std::chrono::milliseconds(rediscluster_attempt_elapsed_ms(handle_));
    }
    /* A redirect, or why it failed. */
    const char *cause() const noexcept { return rediscluster_attempt_cause(handle_); }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

  private:
    const rediscluster_attempt *handle_;
};

namespace detail {

/* What can be read of an error, whoever owns it. */
template <class Self> class explained {
  public:
    rediscluster::status status() const noexcept { return rediscluster_error_status(self()); }
    /* What happened, where, and what to do. */
    const char *message() const noexcept { return rediscluster_error_message(self()); }
    /* "host:port", "" where no node is concerned. */
    const char *node() const noexcept { return rediscluster_error_node(self()); }
    /* -1 where no slot is concerned. */
    std::int32_t slot() const noexcept { return rediscluster_error_slot(self()); }
    /* "WRONGTYPE"; "" where no server answered with an error. */
    const char *server_code() const noexcept { return rediscluster_error_server_code(self()); }
    /* Whether the same call may well succeed later. Says nothing about whether a write ran. */
    bool is_retryable() const noexcept { return rediscluster_error_is_retryable(self()); }
    /* Whether bytes of the command left and no reply came. */
    bool maybe_executed() const noexcept { return rediscluster_error_maybe_executed(self()); }
    /* What became of one key of a command that a client had split; REDISCLUSTER_KEY_NONE beyond the last. */
    rediscluster::key_fate key_fate(std::size_t index) const noexcept {
        return rediscluster_error_key_fate(self(), index);
    }
    std::size_t attempt_count() const noexcept { return rediscluster_error_attempt_count(self()); }
    /* Oldest first; an empty one beyond the last. */
    rediscluster::attempt attempt(std::size_t index) const noexcept {
        return rediscluster::attempt(rediscluster_error_attempt(self(), index));
    }

  protected:
    explained() noexcept {}
    ~explained() = default;
    explained(const explained &) = default;
    explained &operator=(const explained &) = default;

  private:
    const rediscluster_error *self() const noexcept { return static_cast<const Self *>(this)->handle(); }
};

} // namespace detail

/* An error that belongs to something else: to a pipeline. Empty, it is of status REDISCLUSTER_OK. */
class error_view : public detail::explained<error_view> {
  public:
    explicit error_view(const rediscluster_error *handle = nullptr) noexcept : handle_(handle) {}

    const rediscluster_error *handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

  private:
    const rediscluster_error *handle_;
};

/* Why a call failed. Empty, it is of status REDISCLUSTER_OK. */
class error : public detail::owner<rediscluster_error, rediscluster_error_free>, public detail::explained<error> {
  public:
    error() noexcept {}
    explicit error(rediscluster_error *handle) noexcept : owner(handle) {}
};

#if REDISCLUSTER_EXCEPTIONS
/* What the throwing forms throw. Copies share one error, as exceptions must be copyable. */
class exception : public std::exception {
  public:
    exception(rediscluster::status status, rediscluster::error &&error)
        : status_(status), error_(std::make_shared<rediscluster::error>(std::move(error))) {}

    rediscluster::status status() const noexcept { return status_; }
    const rediscluster::error &error() const noexcept { return *error_; }
    const char *what() const noexcept override {
        return *error_ ? error_->message() : rediscluster_status_name(status_);
    }

  private:
    rediscluster::status status_;
    std::shared_ptr<const rediscluster::error> error_;
};

namespace detail {

inline void check(status result, error &failure) {
    if (result != REDISCLUSTER_OK) {
        throw exception(result, std::move(failure));
    }
}

} // namespace detail
#endif

/*
 * Ends, from any thread, the calls of a client whose commands carry it. Fired once, it stays so. Commands and pipelines
 * keep what they need of it, so it may go before them.
 */
class cancel_token : public detail::owner<rediscluster_cancel, rediscluster_cancel_free> {
  public:
    /* Empty: to carry it is to carry none. */
    cancel_token() noexcept {}
    explicit cancel_token(rediscluster_cancel *handle) noexcept : owner(handle) {}

    REDISCLUSTER_NODISCARD static status try_make(cancel_token &out, error *error = nullptr) noexcept {
        return detail::make(out, error, rediscluster_cancel_new);
    }

    /* The calls end with CANCELLED; those to come end before they begin. */
    void fire() const noexcept { rediscluster_cancel_fire(handle()); }

#if REDISCLUSTER_EXCEPTIONS
    static cancel_token make() {
        cancel_token out;
        error failure;
        detail::check(try_make(out, &failure), failure);
        return out;
    }
#endif
};

namespace detail {

/* Arguments as C takes them, call(argc, argv, argvlen). */
template <class Call> status with_argv(std::initializer_list<bytes> arguments, Call call) noexcept {
    const std::size_t some = 16;
    const char *few[some];
    std::size_t few_lengths[some];
    std::vector<const char *> many;
    std::vector<std::size_t> many_lengths;
    const char **argv = few;
    std::size_t *argvlen = few_lengths;
    if (arguments.size() > some) {
        many.resize(arguments.size());
        many_lengths.resize(arguments.size());
        argv = many.data();
        argvlen = many_lengths.data();
    }
    std::size_t argc = 0;
    for (const bytes &argument : arguments) {
        argv[argc] = argument.data() == nullptr ? "" : argument.chars();
        argvlen[argc] = argument.size();
        ++argc;
    }
    return call(argc, argv, argvlen);
}

} // namespace detail

/*
 * A command and its arguments, encoded as they are appended; may be sent any number of times. What is set of time, route,
 * readers and token is heeded by a client, not by a connection.
 */
class command : public detail::owner<rediscluster_command, rediscluster_command_free> {
  public:
    /* Without arguments; the first one appended is the command's name. */
    command() noexcept {}
    explicit command(rediscluster_command *handle) noexcept : owner(handle) {}

    /* Makes one of its arguments: try_make({"SET", key, value}, out, &failure). */
    REDISCLUSTER_NODISCARD static status try_make(std::initializer_list<bytes> arguments, command &out,
                                                  error *error = nullptr) noexcept {
        return detail::with_argv(arguments, [&](std::size_t argc, const char *const *argv, const std::size_t *argvlen) {
            return detail::make(out, error, [&](rediscluster_command **made, rediscluster_error **raw) {
                return rediscluster_command_from_argv(argc, argv, argvlen, made, raw);
            });
        });
    }

    REDISCLUSTER_NODISCARD status try_append(bytes argument, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_append(handle(), argument.data(), argument.size(), raw);
        });
    }

    /* Several arguments: their bytes one after another, and the length of each. */
    REDISCLUSTER_NODISCARD status try_append_packed(const std::uint8_t *data, const std::size_t *lengths,
                                                    std::size_t count, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_append_packed(handle(), data, lengths, count, raw);
        });
    }

    /* How long a client's call may take; what the command itself blocks for (BLPOP) is added. */
    REDISCLUSTER_NODISCARD status try_set_timeout(timeout timeout, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_set_timeout(handle(), timeout.timeout_ms(), raw);
        });
    }

    /* Where a client runs it: one of REDISCLUSTER_ROUTE_AUTO, _RANDOM, _ALL_NODES, _ALL_PRIMARIES, _ALL_REPLICAS. */
    REDISCLUSTER_NODISCARD status try_set_route(route where, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_set_route(handle(), where, -1, nullptr, raw);
        });
    }

    /* At the owner of a slot. */
    REDISCLUSTER_NODISCARD status try_set_slot(std::int32_t slot, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_set_route(handle(), REDISCLUSTER_ROUTE_SLOT, slot, nullptr, raw);
        });
    }

    /* At a node, by "host:port" or id. */
    REDISCLUSTER_NODISCARD status try_set_node(text node, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_set_route(handle(), REDISCLUSTER_ROUTE_NODE, -1, node.chars(), raw);
        });
    }

    /* Who answers if it reads, in place of the option `read_from`. */
    REDISCLUSTER_NODISCARD status try_set_read_from(read_from whom, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_set_read_from(handle(), whom, raw);
        });
    }

    /* What ends a client's call of it; an empty token: nothing any more. */
    REDISCLUSTER_NODISCARD status try_set_cancel(const cancel_token &cancel, error *error = nullptr) noexcept {
        return set(error, [&](rediscluster_error **raw) {
            return rediscluster_command_set_cancel(handle(), cancel.handle(), raw);
        });
    }

    /* Takes all arguments away and keeps the memory, for the next command, and what was set. */
    void clear() noexcept { rediscluster_command_clear(handle()); }

#if REDISCLUSTER_EXCEPTIONS
    command(std::initializer_list<bytes> arguments) {
        rediscluster::error failure;
        detail::check(try_make(arguments, *this, &failure), failure);
    }

    command &append(bytes argument) {
        rediscluster::error failure;
        detail::check(try_append(argument, &failure), failure);
        return *this;
    }

    command &append_packed(const std::uint8_t *data, const std::size_t *lengths, std::size_t count) {
        rediscluster::error failure;
        detail::check(try_append_packed(data, lengths, count, &failure), failure);
        return *this;
    }

    command &set_timeout(timeout timeout) {
        rediscluster::error failure;
        detail::check(try_set_timeout(timeout, &failure), failure);
        return *this;
    }

    command &set_route(route where) {
        rediscluster::error failure;
        detail::check(try_set_route(where, &failure), failure);
        return *this;
    }

    command &set_slot(std::int32_t slot) {
        rediscluster::error failure;
        detail::check(try_set_slot(slot, &failure), failure);
        return *this;
    }

    command &set_node(text node) {
        rediscluster::error failure;
        detail::check(try_set_node(node, &failure), failure);
        return *this;
    }

    command &set_read_from(read_from whom) {
        rediscluster::error failure;
        detail::check(try_set_read_from(whom, &failure), failure);
        return *this;
    }

    command &set_cancel(const cancel_token &cancel) {
        rediscluster::error failure;
        detail::check(try_set_cancel(cancel, &failure), failure);
        return *this;
    }
#endif

  private:
    status prepare(error *error) noexcept {
        if (*this) {
            return REDISCLUSTER_OK;
        }
        return detail::make(*this, error, rediscluster_command_new);
    }

    template <class Set> status set(error *error, Set set) noexcept {
        const status ready = prepare(error);
        return ready != REDISCLUSTER_OK ? ready : detail::fill(error, set);
    }
};

class reply_view;

/* Walks the elements of a reply, forwards. */
class reply_iterator {
  public:
    using iterator_category = std::input_iterator_tag; /* What it gives is a value, made on the way. */
    using value_type = reply_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const reply_view *;
    using reference = reply_view;

    explicit reply_iterator(const rediscluster_reply *element = nullptr) noexcept : element_(element) {}

    inline reply_view operator*() const noexcept;
    reply_iterator &operator++() noexcept {
        element_ = rediscluster_reply_next(element_);
        return *this;
    }
    reply_iterator operator++(int) noexcept {
        const reply_iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(reply_iterator a, reply_iterator b) noexcept { return a.element_ == b.element_; }
    friend bool operator!=(reply_iterator a, reply_iterator b) noexcept { return a.element_ != b.element_; }

  private:
    const rediscluster_reply *element_;
};

namespace detail {

/* What can be read of a reply, whoever owns it. */
template <class Self> class readable {
  public:
    rediscluster::kind kind() const noexcept { return rediscluster_reply_kind(self()); }
    bool is_nil() const noexcept { return kind() == REDISCLUSTER_REPLY_NIL; }
    bool is_error() const noexcept { return kind() == REDISCLUSTER_REPLY_ERROR; }

    /* Of a STRING, STATUS, ERROR, BIGNUMBER or VERBATIM; empty, with data() nullptr, for others. */
    rediscluster::bytes bytes() const noexcept {
        std::size_t size = 0;
        const std::uint8_t *data = rediscluster_reply_bytes(self(), &size);
        return rediscluster::bytes(data, size);
    }
    /* A copy of the bytes. */
    std::string str() const { return bytes().str(); }
    /* Of an INTEGER; 0 for others. */
    std::int64_t integer() const noexcept { return rediscluster_reply_integer(self()); }
    /* Of a DOUBLE; 0 for others. */
    double number() const noexcept { return rediscluster_reply_double(self()); }
    /* Of a BOOLEAN; false for others. */
    bool boolean() const noexcept { return rediscluster_reply_boolean(self()); }

    /* Elements of an ARRAY, SET or PUSH; of a MAP twice its pairs, key, value, key, value. */
    std::size_t size() const noexcept { return rediscluster_reply_count(self()); }
    /* An element; an empty view beyond the last. To see them all, iterate. */
    inline reply_view operator[](std::size_t index) const noexcept;
    reply_iterator begin() const noexcept { return reply_iterator(rediscluster_reply_at(self(), 0)); }
    reply_iterator end() const noexcept { return reply_iterator(); }
    /* What the server sent in front (RESP3): a MAP, or an empty view. */
    inline reply_view attributes() const noexcept;

    /* SERVER if this is an error reply; does not look at elements. */
    REDISCLUSTER_NODISCARD status try_check(error *error = nullptr) const noexcept {
        return fill(error, [&](rediscluster_error **raw) { return rediscluster_reply_check(self(), raw); });
    }
#if REDISCLUSTER_EXCEPTIONS
    /* Throws if this is an error reply. */
    void check() const {
        rediscluster::error failure;
        detail::check(try_check(&failure), failure);
    }
#endif

  protected:
    readable() noexcept {}
    ~readable() = default;
    readable(const readable &) = default;
    readable &operator=(const readable &) = default;

  private:
    const rediscluster_reply *self() const noexcept { return static_cast<const Self *>(this)->handle(); }
};

} // namespace detail

/* A reply or a part of one, borrowed from the reply that owns it. */
class reply_view : public detail::readable<reply_view> {
  public:
    explicit reply_view(const rediscluster_reply *handle = nullptr) noexcept : handle_(handle) {}

    const rediscluster_reply *handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

  private:
    const rediscluster_reply *handle_;
};

inline reply_view reply_iterator::operator*() const noexcept { return reply_view(element_); }

template <class Self> reply_view detail::readable<Self>::operator[](std::size_t index) const noexcept {
    return reply_view(rediscluster_reply_at(self(), index));
}

template <class Self> reply_view detail::readable<Self>::attributes() const noexcept {
    return reply_view(rediscluster_reply_attributes(self()));
}

/* A reply of the server: one block of memory. An error reply is a reply, too: check() it. */
class reply : public detail::owner<rediscluster_reply, rediscluster_reply_free>,
              public detail::readable<reply> {
  public:
    reply() noexcept {}
    explicit reply(rediscluster_reply *handle) noexcept : owner(handle) {}

    reply_view view() const &noexcept { return reply_view(handle()); }
    reply_view view() const && = delete;
    operator reply_view() const &noexcept { return view(); }
    operator reply_view() const && = delete;
};

/* A connection that is checked out of a pool; its destructor gives it back. */
class connection : public detail::owner<rediscluster_connection, detail::give_back> {
  public:
    connection() noexcept {}
    explicit connection(rediscluster_connection *handle) noexcept : owner(handle) {}

    /* Sends a command and waits for its reply. */
    REDISCLUSTER_NODISCARD status try_command(const rediscluster::command &command, timeout timeout, reply &out,
                                              error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_connection_command(handle(), command.handle(), timeout.timeout_ms(), made, raw);
        });
    }

    /* Queues a command; it is owed one read. */
    REDISCLUSTER_NODISCARD status try_append(const rediscluster::command &command,
                                             error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_connection_append(handle(), command.handle(), raw);
        });
    }

    /* Sends what was appended. */
    REDISCLUSTER_NODISCARD status try_flush(timeout timeout, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_connection_flush(handle(), timeout.timeout_ms(), raw);
        });
    }

    /* The next reply, or push of the server. Sends first what was appended and not flushed. */
    REDISCLUSTER_NODISCARD status try_read(timeout timeout, reply &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_connection_read(handle(), timeout.timeout_ms(), made, raw);
        });
    }

    /* Ends, from any thread, what the connection's user is doing, with CANCELLED; the connection is broken. */
    REDISCLUSTER_NODISCARD status try_interrupt(error *error = nullptr) const noexcept {
        return detail::fill(
            error, [&](rediscluster_error **raw) { return rediscluster_connection_interrupt(handle(), raw); });
    }

    /* Gives the connection back now. Empty afterwards, unless another thread uses the connection. */
    status try_release(error *error = nullptr) noexcept {
        const status result = detail::fill(
            error, [&](rediscluster_error **raw) { return rediscluster_connection_release(handle(), raw); });
        if (result != REDISCLUSTER_ERROR_INVALID_ARGUMENT) {
            detach();
        }
        return result;
    }

    /* The node it speaks to, "host:port"; nullptr if it is not checked out. */
    const char *node() const noexcept { return rediscluster_connection_node(handle()); }
    /* To wait on with poll(2) only; read with timeout::now() until TIMEOUT first. */
    std::int32_t fd() const noexcept { return rediscluster_connection_fd(handle()); }
    bool is_readonly() const noexcept { return rediscluster_connection_is_readonly(handle()); }
    /* Whether it is of no more use: release it and get another. */
    bool is_broken() const noexcept { return rediscluster_connection_is_broken(handle()); }

#if REDISCLUSTER_EXCEPTIONS
    reply command(const rediscluster::command &command, timeout timeout = timeout::standard()) {
        reply out;
        error failure;
        detail::check(try_command(command, timeout, out, &failure), failure);
        return out;
    }

    void append(const rediscluster::command &command) {
        error failure;
        detail::check(try_append(command, &failure), failure);
    }

    void flush(timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_flush(timeout, &failure), failure);
    }

    reply read(timeout timeout = timeout::standard()) {
        reply out;
        error failure;
        detail::check(try_read(timeout, out, &failure), failure);
        return out;
    }

    void interrupt() const {
        error failure;
        detail::check(try_interrupt(&failure), failure);
    }

    void release() {
        error failure;
        detail::check(try_release(&failure), failure);
    }
#endif
};

/* A node of a topology. Part of it. */
class node {
  public:
    struct slot_range {
        std::int32_t start; /* The first slot, */
        std::int32_t end;   /* and the last one, which belongs to the range. */
    };

    explicit node(const rediscluster_node *handle = nullptr) noexcept : handle_(handle) {}

    const char *id() const noexcept { return rediscluster_node_id(handle_); }
    /* Where it is dialled, "host:port". */
    const char *address() const noexcept { return rediscluster_node_address(handle_); }
    const char *host() const noexcept { return rediscluster_node_host(handle_); }
    std::int32_t port() const noexcept { return rediscluster_node_port(handle_); }
    const char *announced_host() const noexcept { return rediscluster_node_announced_host(handle_); }
    std::int32_t announced_port() const noexcept { return rediscluster_node_announced_port(handle_); }
    rediscluster::role role() const noexcept { return rediscluster_node_role(handle_); }
    /* A replica's primary, as an index of topology::node; -1 where there is none. */
    std::int64_t primary() const noexcept { return rediscluster_node_primary(handle_); }
    const char *zone() const noexcept { return rediscluster_node_zone(handle_); }
    rediscluster::health health() const noexcept { return rediscluster_node_health(handle_); }
    std::size_t slot_range_count() const noexcept { return rediscluster_node_slot_range_count(handle_); }
    /* In rising order; {-1, -1} beyond the last. */
    slot_range range(std::size_t index) const noexcept {
        slot_range range = {-1, -1};
        rediscluster_node_slot_range(handle_, index, &range.start, &range.end);
        return range;
    }

    const rediscluster_node *handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

  private:
    const rediscluster_node *handle_;
};

/* The cluster as a pool knew it at one moment. */
class topology : public detail::owner<rediscluster_topology, rediscluster_topology_free> {
  public:
    topology() noexcept {}
    explicit topology(rediscluster_topology *handle) noexcept : owner(handle) {}

    std::uint64_t version() const noexcept { return rediscluster_topology_version(handle()); }
    std::size_t node_count() const noexcept { return rediscluster_topology_node_count(handle()); }
    /* An empty one beyond the last. */
    rediscluster::node node(std::size_t index) const noexcept {
        return rediscluster::node(rediscluster_topology_node(handle(), index));
    }
    /* The nodes that hold a slot: 0 its primary, 1 the first replica. */
    rediscluster::node slot_node(std::int32_t slot, std::size_t index = 0) const noexcept {
        return rediscluster::node(rediscluster_topology_slot_node(handle(), slot, index));
    }
    std::vector<rediscluster::node> nodes_by_role(rediscluster::role wanted) const {
        std::vector<rediscluster::node> nodes;
        for (std::size_t i = 0; i < node_count(); ++i) {
            if (node(i).role() == wanted) {
                nodes.push_back(node(i));
            }
        }
        return nodes;
    }
};

/* A pool's statistics at one moment. */
class stats : public detail::owner<rediscluster_stats, rediscluster_stats_free> {
  public:
    stats() noexcept {}
    explicit stats(rediscluster_stats *handle) noexcept : owner(handle) {}

    /* One number, of the pool in all or of a node ("host:port"); -1 if there is none. */
    std::int64_t get(stat what) const noexcept { return rediscluster_stats_get(handle(), nullptr, what); }
    std::int64_t get(text node, stat what) const noexcept {
        return rediscluster_stats_get(handle(), node.chars(), what);
    }
};

/*
 * Where a callback puts its answer, before it returns. An answer that cannot be taken is refused with a status,
 * and so is a second address.
 */
class credentials_sink {
  public:
    credentials_sink(rediscluster_credentials_sink sink, void *data) noexcept : sink_(sink), data_(data) {}

    /* nullptr or "": the default user; without a password the connection does not log in. */
    status operator()(text username, text password) const noexcept {
        return sink_(data_, username.chars(), password.chars());
    }

  private:
    rediscluster_credentials_sink sink_;
    void *data_;
};

class address_sink {
  public:
    address_sink(rediscluster_address_sink sink, void *data) noexcept : sink_(sink), data_(data) {}

    status operator()(text host, std::uint16_t port) const noexcept { return sink_(data_, host.chars(), port); }

  private:
    rediscluster_address_sink sink_;
    void *data_;
};

class ip_sink {
  public:
    ip_sink(rediscluster_ip_sink sink, void *data) noexcept : sink_(sink), data_(data) {}

    /* A numeric address: "10.0.0.1", "fd00::1". */
    status operator()(text address) const noexcept { return sink_(data_, address.chars()); }

  private:
    rediscluster_ip_sink sink_;
    void *data_;
};

/*
 * Options of a pool: docs/options.md has their names.
 *
 * A callback is anything that can be called so: a lambda, a std::function. It is called in any thread that is inside
 * the library, in several at once, and must not use a pool that it serves. What it throws goes no further, and what it
 * answered before that counts: a throw in the first place is no answer. It is moved into the options and destroyed
 * when these, their copies and the pools made of them are gone.
 */
class options : public detail::owner<rediscluster_options, rediscluster_options_free> {
  public:
    /* Empty; the first set makes it options that have their defaults. */
    options() noexcept {}
    explicit options(rediscluster_options *handle) noexcept : owner(handle) {}

    REDISCLUSTER_NODISCARD static status try_from_url(text url, options &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_options **made, rediscluster_error **raw) {
            return rediscluster_options_from_url(url.chars(), made, raw);
        });
    }

    REDISCLUSTER_NODISCARD status try_clone(options &out, error *error = nullptr) const noexcept {
        return detail::make(out, error, [&](rediscluster_options **made, rediscluster_error **raw) {
            return rediscluster_options_clone(handle(), made, raw);
        });
    }

    REDISCLUSTER_NODISCARD status try_set(text name, text value, error *error = nullptr) noexcept {
        const status ready = prepare(error);
        return ready != REDISCLUSTER_OK
                   ? ready
                   : detail::fill(error, [&](rediscluster_error **raw) {
                         return rediscluster_options_set(handle(), name.chars(), value.chars(), raw);
                     });
    }

    /* Hands log lines to sink(log_level, const char *). */
    template <class Sink> REDISCLUSTER_NODISCARD status try_set_log(Sink sink, error *error = nullptr) noexcept {
        return keep(rediscluster_options_set_log, log<Sink>, std::move(sink), error);
    }

    /*
     * Asks function(const char *node, credentials_sink) at each dial, in place of username and password. Without an
     * answer the dial fails with AUTH.
     */
    template <class Function>
    REDISCLUSTER_NODISCARD status try_set_credentials(Function function, error *error = nullptr) noexcept {
        return keep(rediscluster_options_set_credentials, credentials<Function>, std::move(function), error);
    }

    /*
     * Asks function(const char *host, std::uint16_t port, address_sink) where to dial what a server announces. Without
     * an answer the address stays as it is.
     */
    template <class Function>
    REDISCLUSTER_NODISCARD status try_set_translate(Function function, error *error = nullptr) noexcept {
        return keep(rediscluster_options_set_translate, translate<Function>, std::move(function), error);
    }

    /*
     * Asks function(const char *name, ip_sink) for the addresses of a host name, in place of the system's resolver.
     * Without an answer the name is unknown.
     */
    template <class Function>
    REDISCLUSTER_NODISCARD status try_set_resolve(Function function, error *error = nullptr) noexcept {
        return keep(rediscluster_options_set_resolve, resolve<Function>, std::move(function), error);
    }

    /* As text; a password that is set reads "***". nullptr if no option has this name. */
    const char *get(text name) const noexcept { return rediscluster_options_get(handle(), name.chars()); }

#if REDISCLUSTER_EXCEPTIONS
    static options from_url(text url) {
        options out;
        rediscluster::error failure;
        detail::check(try_from_url(url, out, &failure), failure);
        return out;
    }

    options clone() const {
        options out;
        rediscluster::error failure;
        detail::check(try_clone(out, &failure), failure);
        return out;
    }

    options &set(text name, text value) {
        rediscluster::error failure;
        detail::check(try_set(name, value, &failure), failure);
        return *this;
    }

    template <class Sink> options &set_log(Sink sink) {
        rediscluster::error failure;
        detail::check(try_set_log(std::move(sink), &failure), failure);
        return *this;
    }

    template <class Function> options &set_credentials(Function function) {
        rediscluster::error failure;
        detail::check(try_set_credentials(std::move(function), &failure), failure);
        return *this;
    }

    template <class Function> options &set_translate(Function function) {
        rediscluster::error failure;
        detail::check(try_set_translate(std::move(function), &failure), failure);
        return *this;
    }

    template <class Function> options &set_resolve(Function function) {
        rediscluster::error failure;
        detail::check(try_set_resolve(std::move(function), &failure), failure);
        return *this;
    }
#endif

  private:
    status prepare(error *error) noexcept {
        if (*this) {
            return REDISCLUSTER_OK;
        }
        return detail::make(*this, error, rediscluster_options_new);
    }

    /* Moves a function to where the library finds it; it is destroyed with the last that can call it. */
    template <class Setter, class Callback, class Function>
    status keep(Setter setter, Callback callback, Function function, error *error) noexcept {
        const status ready = prepare(error);
        if (ready != REDISCLUSTER_OK) {
            return ready;
        }
        Function *kept = new Function(std::move(function));
        const status result = detail::fill(error, [&](rediscluster_error **raw) {
            return setter(handle(), callback, kept, destroy<Function>, raw);
        });
        if (result != REDISCLUSTER_OK) {
            delete kept;
        }
        return result;
    }

    /* Calls a kept function; no exception passes. */
    template <class Function, class... Arguments> static void call(void *kept, Arguments... arguments) noexcept {
#if REDISCLUSTER_EXCEPTIONS
        try {
            (*static_cast<Function *>(kept))(arguments...);
        } catch (...) {
        }
#else
        (*static_cast<Function *>(kept))(arguments...);
#endif
    }

    template <class Function>
    static void log(void *kept, rediscluster_log_level level, const char *message) noexcept {
        call<Function>(kept, level, message);
    }

    template <class Function>
    static void credentials(void *kept, const char *node, rediscluster_credentials_sink sink, void *data) noexcept {
        call<Function>(kept, node, credentials_sink(sink, data));
    }

    template <class Function>
    static void translate(void *kept, const char *host, std::uint16_t port, rediscluster_address_sink sink,
                          void *data) noexcept {
        call<Function>(kept, host, port, address_sink(sink, data));
    }

    template <class Function>
    static void resolve(void *kept, const char *name, rediscluster_ip_sink sink, void *data) noexcept {
        call<Function>(kept, name, ip_sink(sink, data));
    }

    template <class Function> static void destroy(void *kept) noexcept { delete static_cast<Function *>(kept); }
};

/* A pool of connections to the nodes of a cluster, shared by any number of threads. */
class pool : public detail::owner<rediscluster_pool, rediscluster_pool_free> {
  public:
    pool() noexcept {}
    explicit pool(rediscluster_pool *handle) noexcept : owner(handle) {}

    /* Makes one and discovers the cluster. The options are copied. */
    REDISCLUSTER_NODISCARD static status try_make(const options &options, pool &out,
                                                  error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_pool **made, rediscluster_error **raw) {
            return rediscluster_pool_new(options.handle(), made, raw);
        });
    }

    /* REDISCLUSTER_READ: to whom the option `read_from` says; REDISCLUSTER_WRITE: to the primary. */
    REDISCLUSTER_NODISCARD status try_get_by_slot(std::int32_t slot, access use, timeout timeout,
                                                  connection &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_connection **made, rediscluster_error **raw) {
            return rediscluster_pool_get_by_slot(handle(), slot, use, timeout.timeout_ms(), made, raw);
        });
    }

    REDISCLUSTER_NODISCARD status try_get_by_key(bytes key, access use, timeout timeout, connection &out,
                                                 error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_connection **made, rediscluster_error **raw) {
            return rediscluster_pool_get_by_key(handle(), key.data(), key.size(), use, timeout.timeout_ms(),
                                                made, raw);
        });
    }

    /* By "host:port" or id. */
    REDISCLUSTER_NODISCARD status try_get_by_node(text node, timeout timeout, connection &out,
                                                  error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_connection **made, rediscluster_error **raw) {
            return rediscluster_pool_get_by_node(handle(), node.chars(), timeout.timeout_ms(), made, raw);
        });
    }

    /* To any primary; with `readonly`, unless `read_from` is primary, to any node. */
    REDISCLUSTER_NODISCARD status try_get_random(timeout timeout, connection &out,
                                                 error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_connection **made, rediscluster_error **raw) {
            return rediscluster_pool_get_random(handle(), timeout.timeout_ms(), made, raw);
        });
    }

    /* To the node that ASK names: append ASKING and the command, and flush once. */
    REDISCLUSTER_NODISCARD status try_ask(text node, timeout timeout, connection &out,
                                          error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_connection **made, rediscluster_error **raw) {
            return rediscluster_pool_ask(handle(), node.chars(), timeout.timeout_ms(), made, raw);
        });
    }

    /* Tells the pool of a MOVED, so that the next get for the slot goes there. */
    status try_moved(std::int32_t slot, text node, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pool_moved(handle(), slot, node.chars(), raw);
        });
    }

    /* Gives back a connection that must be this pool's. It is empty afterwards, unless it is refused. */
    status try_release(connection &connection, error *error = nullptr) noexcept {
        const status result = detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pool_release(handle(), connection.handle(), raw);
        });
        if (result != REDISCLUSTER_ERROR_INVALID_ARGUMENT) {
            connection.detach();
        }
        return result;
    }

    /* Discovers the cluster anew; connections stay. */
    REDISCLUSTER_NODISCARD status try_refresh(timeout timeout, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pool_refresh(handle(), timeout.timeout_ms(), raw);
        });
    }

    /* Closes idle connections now, those in use at their release, and discovers anew. */
    REDISCLUSTER_NODISCARD status try_reset(timeout timeout, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pool_reset(handle(), timeout.timeout_ms(), raw);
        });
    }

    /* Closes idle connections now and those in use at their release. */
    REDISCLUSTER_NODISCARD status try_disconnect(error *error = nullptr) noexcept {
        return detail::fill(
            error, [&](rediscluster_error **raw) { return rediscluster_pool_disconnect(handle(), raw); });
    }

    /*
     * Replaces the credentials, also those of connections that are there: idle ones log in anew at once, those in use
     * when they are next given out. AUTH if a node refused them; they hold all the same.
     */
    REDISCLUSTER_NODISCARD status try_update_credentials(text username, text password,
                                                         error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pool_update_credentials(handle(), username.chars(), password.chars(), raw);
        });
    }

    /* Reads the files of the ssl_ options again, for connections made from now on. */
    REDISCLUSTER_NODISCARD status try_reload_tls(error *error = nullptr) noexcept {
        return detail::fill(
            error, [&](rediscluster_error **raw) { return rediscluster_pool_reload_tls(handle(), raw); });
    }

    /* Closes the pool for good: who waits wakes with CLOSED, later gets fail with it. */
    status try_close(error *error = nullptr) noexcept {
        return detail::fill(error,
                            [&](rediscluster_error **raw) { return rediscluster_pool_close(handle(), raw); });
    }

    /*
     * Does what is timed, from the program's own timer, within a budget that is not timeout::standard().
     * next: in how long there is something to do again; negative: nothing is timed.
     */
    REDISCLUSTER_NODISCARD status try_maintain(timeout budget, std::chrono::milliseconds &next,
                                               error *error = nullptr) noexcept {
        std::int64_t next_ms = -1;
        const status result = detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pool_maintain(handle(), budget.timeout_ms(), &next_ms, raw);
        });
        if (result == REDISCLUSTER_OK) {
            next = std::chrono::milliseconds(next_ms);
        }
        return result;
    }

    REDISCLUSTER_NODISCARD status try_stats(rediscluster::stats &out, error *error = nullptr) const noexcept {
        return detail::make(out, error, [&](rediscluster_stats **made, rediscluster_error **raw) {
            return rediscluster_pool_stats(handle(), made, raw);
        });
    }

    /* What is known of the cluster now; asks no node. */
    REDISCLUSTER_NODISCARD status try_topology(rediscluster::topology &out,
                                               error *error = nullptr) const noexcept {
        return detail::make(out, error, [&](rediscluster_topology **made, rediscluster_error **raw) {
            return rediscluster_pool_topology(handle(), made, raw);
        });
    }

#if REDISCLUSTER_EXCEPTIONS
    explicit pool(const options &options) {
        error failure;
        detail::check(try_make(options, *this, &failure), failure);
    }

    connection get_by_slot(std::int32_t slot, access use = REDISCLUSTER_WRITE,
                           timeout timeout = timeout::standard()) {
        connection out;
        error failure;
        detail::check(try_get_by_slot(slot, use, timeout, out, &failure), failure);
        return out;
    }

    connection get_by_key(bytes key, access use = REDISCLUSTER_WRITE, timeout timeout = timeout::standard()) {
        connection out;
        error failure;
        detail::check(try_get_by_key(key, use, timeout, out, &failure), failure);
        return out;
    }

    connection get_by_node(text node, timeout timeout = timeout::standard()) {
        connection out;
        error failure;
        detail::check(try_get_by_node(node, timeout, out, &failure), failure);
        return out;
    }

    connection get_random(timeout timeout = timeout::standard()) {
        connection out;
        error failure;
        detail::check(try_get_random(timeout, out, &failure), failure);
        return out;
    }

    connection ask(text node, timeout timeout = timeout::standard()) {
        connection out;
        error failure;
        detail::check(try_ask(node, timeout, out, &failure), failure);
        return out;
    }

    void moved(std::int32_t slot, text node) {
        error failure;
        detail::check(try_moved(slot, node, &failure), failure);
    }

    void release(connection &connection) {
        error failure;
        detail::check(try_release(connection, &failure), failure);
    }

    void refresh(timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_refresh(timeout, &failure), failure);
    }

    void reset(timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_reset(timeout, &failure), failure);
    }

    void disconnect() {
        error failure;
        detail::check(try_disconnect(&failure), failure);
    }

    void update_credentials(text username, text password) {
        error failure;
        detail::check(try_update_credentials(username, password, &failure), failure);
    }

    void reload_tls() {
        error failure;
        detail::check(try_reload_tls(&failure), failure);
    }

    void close() {
        error failure;
        detail::check(try_close(&failure), failure);
    }

    std::chrono::milliseconds maintain(timeout budget) {
        std::chrono::milliseconds next(-1);
        error failure;
        detail::check(try_maintain(budget, next, &failure), failure);
        return next;
    }

    rediscluster::stats stats() const {
        rediscluster::stats out;
        error failure;
        detail::check(try_stats(out, &failure), failure);
        return out;
    }

    rediscluster::topology topology() const {
        rediscluster::topology out;
        error failure;
        detail::check(try_topology(out, &failure), failure);
        return out;
    }
#endif
};

/* Where a client would send a command, and why. */
class explanation : public detail::owner<rediscluster_explanation, rediscluster_explanation_free> {
  public:
    explanation() noexcept {}
    explicit explanation(rediscluster_explanation *handle) noexcept : owner(handle) {}

    /* Of the command's keys; -1 if it does not go by one slot. */
    std::int32_t slot() const noexcept { return rediscluster_explanation_slot(handle()); }
    std::size_t key_count() const noexcept { return rediscluster_explanation_key_count(handle()); }
    /* Which argument a key is, the command's name being argument 0; -1 beyond the last. */
    std::int64_t key(std::size_t index) const noexcept { return rediscluster_explanation_key(handle(), index); }
    /* 0 if any node will do. */
    std::size_t node_count() const noexcept { return rediscluster_explanation_node_count(handle()); }
    /* "host:port"; nullptr beyond the last. */
    const char *node(std::size_t index) const noexcept { return rediscluster_explanation_node(handle(), index); }
    /* For people. */
    const char *reason() const noexcept { return rediscluster_explanation_reason(handle()); }
};

/* The pool of a client, used as pool-> is, and borrowed from it. */
class pool_view {
  public:
    explicit pool_view(rediscluster_pool *handle) noexcept : pool_(handle) {}
    pool_view(const pool_view &other) noexcept : pool_(other.pool_.handle()) {}
    pool_view &operator=(const pool_view &other) noexcept {
        rediscluster_pool *handle = other.pool_.handle();
        pool_.detach();
        pool_.adopt(handle);
        return *this;
    }
    ~pool_view() { pool_.detach(); }

    pool *operator->() noexcept { return &pool_; }
    rediscluster_pool *handle() const noexcept { return pool_.handle(); }

  private:
    pool pool_;
};

/*
 * Takes commands, finds the node of each, follows the cluster wherever it moves, and says of each command whether it
 * ran. Shared by any number of threads, and used on by the children of fork.
 */
class client : public detail::owner<rediscluster_client, rediscluster_client_free> {
  public:
    client() noexcept {}
    explicit client(rediscluster_client *handle) noexcept : owner(handle) {}

    /* Makes one with a pool of its own. The options are copied. */
    REDISCLUSTER_NODISCARD static status try_make(const options &options, client &out,
                                                  error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_client **made, rediscluster_error **raw) {
            return rediscluster_client_new(options.handle(), made, raw);
        });
    }

    /* Makes one on a pool that the program uses as well; it holds what it needs of the pool. */
    REDISCLUSTER_NODISCARD static status try_with_pool(rediscluster::pool &pool, client &out,
                                                       error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_client **made, rediscluster_error **raw) {
            return rediscluster_client_with_pool(pool.handle(), made, raw);
        });
    }

    /* Sends a command where it belongs and waits for its reply; what is set of the command is heeded. */
    REDISCLUSTER_NODISCARD status try_execute(const rediscluster::command &command, reply &out,
                                              error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_client_execute(handle(), command.handle(), made, raw);
        });
    }

    /* The same for arguments: try_command({"SET", key, value}, out, &failure). */
    REDISCLUSTER_NODISCARD status try_command(std::initializer_list<bytes> arguments, reply &out,
                                              error *error = nullptr) noexcept {
        return detail::with_argv(arguments, [&](std::size_t argc, const char *const *argv, const std::size_t *argvlen) {
            return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
                return rediscluster_client_command(handle(), argc, argv, argvlen, made, raw);
            });
        });
    }

    /* Where a command would go and why, without sending it. */
    REDISCLUSTER_NODISCARD status try_explain(const rediscluster::command &command, explanation &out,
                                              error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_explanation **made, rediscluster_error **raw) {
            return rediscluster_client_explain(handle(), command.handle(), made, raw);
        });
    }

    /* For connections of the program's own, refreshes and statistics: client.pool()->stats(). */
    pool_view pool() const noexcept { return pool_view(rediscluster_client_pool(handle())); }

#if REDISCLUSTER_EXCEPTIONS
    explicit client(const options &options) {
        error failure;
        detail::check(try_make(options, *this, &failure), failure);
    }

    static client with_pool(rediscluster::pool &pool) {
        client out;
        error failure;
        detail::check(try_with_pool(pool, out, &failure), failure);
        return out;
    }

    reply execute(const rediscluster::command &command) {
        reply out;
        error failure;
        detail::check(try_execute(command, out, &failure), failure);
        return out;
    }

    reply command(std::initializer_list<bytes> arguments) {
        reply out;
        error failure;
        detail::check(try_command(arguments, out, &failure), failure);
        return out;
    }

    explanation explain(const rediscluster::command &command) {
        explanation out;
        error failure;
        detail::check(try_explain(command, out, &failure), failure);
        return out;
    }
#endif
};

/* What became of a command that was submitted: a reply, or an error that says why there is none. */
class completion {
  public:
    completion() noexcept : tag_(0) {}
    explicit completion(const rediscluster_completion &taken) noexcept
        : tag_(taken.tag), reply_(taken.reply), error_(taken.error) {}

    /* As it was submitted. */
    std::uint64_t tag() const noexcept { return tag_; }
    /* True if there is a reply, be it an error of the server. */
    bool has_reply() const noexcept { return static_cast<bool>(reply_); }
    /* Empty if there is none. */
    const rediscluster::reply &reply() const noexcept { return reply_; }
    rediscluster::reply &reply() noexcept { return reply_; }
    /* Empty if there is a reply. */
    const rediscluster::error &error() const noexcept { return error_; }
    rediscluster::error &error() noexcept { return error_; }

  private:
    std::uint64_t tag_;
    rediscluster::reply reply_;
    rediscluster::error error_;
};

/* Commands without a thread that waits: submitted, and polled for beside whatever else an event loop does. */
class asynchronous : public detail::owner<rediscluster_async, rediscluster_async_free> {
  public:
    asynchronous() noexcept {}
    explicit asynchronous(rediscluster_async *handle) noexcept : owner(handle) {}

    /* It holds what it needs of the client. */
    REDISCLUSTER_NODISCARD static status try_make(client &client, asynchronous &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_async **made, rediscluster_error **raw) {
            return rediscluster_async_new(client.handle(), made, raw);
        });
    }

    /* The command is copied, with all that is set; its completion comes with the tag. */
    REDISCLUSTER_NODISCARD status try_submit(const command &command, std::uint64_t tag,
                                             error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_async_submit(handle(), command.handle(), tag, raw);
        });
    }

    /* Its completion comes with CANCELLED. */
    REDISCLUSTER_NODISCARD status try_cancel(std::uint64_t tag, error *error = nullptr) noexcept {
        return detail::fill(error,
                            [&](rediscluster_error **raw) { return rediscluster_async_cancel(handle(), tag, raw); });
    }

    /* Readable when a poll has something to do. */
    std::int32_t fd() const noexcept { return rediscluster_async_fd(handle()); }

    /*
     * Sends, receives, and takes up to `max` completions, for one of which it waits; `count` of them were taken. Those
     * before them in `out` are replaced.
     */
    REDISCLUSTER_NODISCARD status try_poll(completion *out, std::size_t max, timeout timeout, std::size_t &count,
                                           error *error = nullptr) noexcept {
        rediscluster_completion taken[64];
        const std::size_t most = sizeof taken / sizeof *taken;
        std::int64_t wait = timeout.timeout_ms();
        status result;
        std::size_t now;
        count = 0;
        do {
            now = 0;
            const std::size_t room = max - count < most ? max - count : most;
            result = detail::fill(count == 0 ? error : nullptr, [&](rediscluster_error **raw) {
                return rediscluster_async_poll(handle(), taken, room, wait, &now, raw);
            });
            for (std::size_t i = 0; i < now; ++i) {
                out[count + i] = completion(taken[i]);
            }
            count += now;
            wait = REDISCLUSTER_TIMEOUT_NOW;
        } while (result == REDISCLUSTER_OK && now == most && count < max);
        return count == 0 ? result : REDISCLUSTER_OK;
    }

    /* In how long a poll has something to do by time; less than nothing: there is nothing. */
    std::chrono::milliseconds next_timeout() const noexcept {
        return std::chrono::milliseconds(rediscluster_async_next_timeout(handle()));
    }

    /* What is in flight completes with CLOSED. */
    REDISCLUSTER_NODISCARD status try_close(error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) { return rediscluster_async_close(handle(), raw); });
    }

#if REDISCLUSTER_EXCEPTIONS
    explicit asynchronous(client &client) {
        error failure;
        detail::check(try_make(client, *this, &failure), failure);
    }

    void submit(const command &command, std::uint64_t tag) {
        error failure;
        detail::check(try_submit(command, tag, &failure), failure);
    }

    void cancel(std::uint64_t tag) {
        error failure;
        detail::check(try_cancel(tag, &failure), failure);
    }

    /* Fills `out` up to `max`; empty if none came in time. */
    void poll(std::vector<completion> &out, std::size_t max, timeout timeout = timeout::standard()) {
        std::size_t count = 0;
        error failure;
        out.clear();
        out.resize(max);
        const status result = try_poll(out.data(), max, timeout, count, &failure);
        out.resize(count);
        detail::check(result, failure);
    }

    void close() {
        error failure;
        detail::check(try_close(&failure), failure);
    }
#endif
};

/*
 * Commands that are gathered and run together: each node gets its own in one write, and the replies stand in the order of
 * the commands. Keys of any slots may be mixed. One thread at a time.
 */
class pipeline : public detail::owner<rediscluster_pipeline, rediscluster_pipeline_free> {
  public:
    pipeline() noexcept {}
    explicit pipeline(rediscluster_pipeline *handle) noexcept : owner(handle) {}

    /* It holds what it needs of the client. */
    REDISCLUSTER_NODISCARD static status try_make(client &client, pipeline &out,
                                                  rediscluster::error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_pipeline **made, rediscluster_error **raw) {
            return rediscluster_pipeline_new(client.handle(), made, raw);
        });
    }

    /* Appends a command; of what is set, route and readers count. After a run the first append begins anew. */
    REDISCLUSTER_NODISCARD status try_append(const command &command, rediscluster::error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pipeline_append(handle(), command.handle(), raw);
        });
    }

    REDISCLUSTER_NODISCARD status try_append(std::initializer_list<bytes> arguments,
                                             rediscluster::error *error = nullptr) noexcept {
        return detail::with_argv(arguments, [&](std::size_t argc, const char *const *argv, const std::size_t *argvlen) {
            return detail::fill(error, [&](rediscluster_error **raw) {
                return rediscluster_pipeline_append_argv(handle(), argc, argv, argvlen, raw);
            });
        });
    }

    /* What ends the run; an empty token: nothing any more. */
    REDISCLUSTER_NODISCARD status try_set_cancel(const cancel_token &cancel,
                                                 rediscluster::error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pipeline_set_cancel(handle(), cancel.handle(), raw);
        });
    }

    /*
     * Runs what was appended. OK if each command has a reply, be it an error of the server; else the first failure:
     * the others may have replies all the same.
     */
    REDISCLUSTER_NODISCARD status try_execute(timeout timeout, rediscluster::error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_pipeline_execute(handle(), timeout.timeout_ms(), raw);
        });
    }

    /* How many commands there are. */
    std::size_t size() const noexcept { return rediscluster_pipeline_count(handle()); }
    /* The reply to a command, until the next append, execute or clear; empty if it has none. */
    reply_view reply(std::size_t index) const noexcept {
        return reply_view(rediscluster_pipeline_reply(handle(), index));
    }
    /* The same, and the caller's from now on. */
    rediscluster::reply take_reply(std::size_t index) noexcept {
        return rediscluster::reply(rediscluster_pipeline_take_reply(handle(), index));
    }
    /* Why a command has no reply, until the next append, execute or clear; empty if it has one. */
    error_view error(std::size_t index) const noexcept {
        return error_view(rediscluster_pipeline_error(handle(), index));
    }
    /* Takes commands and outcomes away and keeps the memory. */
    void clear() noexcept { rediscluster_pipeline_clear(handle()); }

#if REDISCLUSTER_EXCEPTIONS
    explicit pipeline(client &client) {
        rediscluster::error failure;
        detail::check(try_make(client, *this, &failure), failure);
    }

    pipeline &append(const command &command) {
        rediscluster::error failure;
        detail::check(try_append(command, &failure), failure);
        return *this;
    }

    pipeline &append(std::initializer_list<bytes> arguments) {
        rediscluster::error failure;
        detail::check(try_append(arguments, &failure), failure);
        return *this;
    }

    pipeline &set_cancel(const cancel_token &cancel) {
        rediscluster::error failure;
        detail::check(try_set_cancel(cancel, &failure), failure);
        return *this;
    }

    /* Throws if a command has no reply; reply() and error() tell all the same how each one fared. */
    void execute(timeout timeout = timeout::standard()) {
        rediscluster::error failure;
        detail::check(try_execute(timeout, &failure), failure);
    }
#endif
};

/*
 * Commands that run as one, in one slot, and only if no watched key has changed: watch, read by execute, append, exec.
 * Whatever comes of exec, it is as new afterwards. One thread at a time.
 */
class transaction : public detail::owner<rediscluster_transaction, rediscluster_transaction_free> {
  public:
    transaction() noexcept {}
    explicit transaction(rediscluster_transaction *handle) noexcept : owner(handle) {}

    /* It holds what it needs of the client. */
    REDISCLUSTER_NODISCARD static status try_make(client &client, transaction &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_transaction **made, rediscluster_error **raw) {
            return rediscluster_transaction_new(client.handle(), made, raw);
        });
    }

    /* What ends its calls; an empty token: nothing any more. */
    REDISCLUSTER_NODISCARD status try_set_cancel(const cancel_token &cancel, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_transaction_set_cancel(handle(), cancel.handle(), raw);
        });
    }

    /* Watches a key from now on; the first one takes a connection. */
    REDISCLUSTER_NODISCARD status try_watch(bytes key, timeout timeout, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_transaction_watch(handle(), key.data(), key.size(), timeout.timeout_ms(), raw);
        });
    }

    /* Runs a command now, behind a watch: to read what the appended ones depend on. */
    REDISCLUSTER_NODISCARD status try_execute(const command &command, reply &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_transaction_execute(handle(), command.handle(), made, raw);
        });
    }

    REDISCLUSTER_NODISCARD status try_append(const command &command, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_transaction_append(handle(), command.handle(), raw);
        });
    }

    /* Runs what was appended: an ARRAY of the replies. ABORTED: nothing was done; begin again with the watch. */
    REDISCLUSTER_NODISCARD status try_exec(timeout timeout, reply &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_transaction_exec(handle(), timeout.timeout_ms(), made, raw);
        });
    }

    /* Drops what was appended and watches nothing any more. */
    status try_discard(error *error = nullptr) noexcept {
        return detail::fill(
            error, [&](rediscluster_error **raw) { return rediscluster_transaction_discard(handle(), raw); });
    }

#if REDISCLUSTER_EXCEPTIONS
    explicit transaction(client &client) {
        error failure;
        detail::check(try_make(client, *this, &failure), failure);
    }

    transaction &set_cancel(const cancel_token &cancel) {
        error failure;
        detail::check(try_set_cancel(cancel, &failure), failure);
        return *this;
    }

    transaction &watch(bytes key, timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_watch(key, timeout, &failure), failure);
        return *this;
    }

    reply execute(const command &command) {
        reply out;
        error failure;
        detail::check(try_execute(command, out, &failure), failure);
        return out;
    }

    transaction &append(const command &command) {
        error failure;
        detail::check(try_append(command, &failure), failure);
        return *this;
    }

    reply exec(timeout timeout = timeout::standard()) {
        reply out;
        error failure;
        detail::check(try_exec(timeout, out, &failure), failure);
        return out;
    }

    void discard() {
        error failure;
        detail::check(try_discard(&failure), failure);
    }
#endif
};

/* A Lua script, which servers know by its digest and are told where they do not. Any thread may run it. */
class script : public detail::owner<rediscluster_script, rediscluster_script_free> {
  public:
    script() noexcept {}
    explicit script(rediscluster_script *handle) noexcept : owner(handle) {}

    /* REDISCLUSTER_READ: it only reads, and whom the option `read_from` says runs it. */
    REDISCLUSTER_NODISCARD static status try_make(bytes source, access use, script &out,
                                                  error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_script **made, rediscluster_error **raw) {
            return rediscluster_script_new(source.data(), source.size(), use, made, raw);
        });
    }

    /* The digest of its text: 40 hexadecimal digits. */
    const char *sha() const noexcept { return rediscluster_script_sha(handle()); }

    /* Runs it where its keys are. arguments: how many keys, the keys, and what else it gets. */
    REDISCLUSTER_NODISCARD status try_execute(client &client, const command &arguments, reply &out,
                                              error *error = nullptr) const noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_script_execute(handle(), client.handle(), arguments.handle(), made, raw);
        });
    }

    /* The same for arguments, of which the first key_count are keys: try_call(client, 1, {key, value}, out). */
    REDISCLUSTER_NODISCARD status try_call(client &client, std::size_t key_count,
                                           std::initializer_list<bytes> arguments, reply &out,
                                           error *error = nullptr) const noexcept {
        return detail::with_argv(arguments, [&](std::size_t argc, const char *const *argv, const std::size_t *argvlen) {
            return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
                return rediscluster_script_call(handle(), client.handle(), key_count, argc, argv, argvlen, made, raw);
            });
        });
    }

#if REDISCLUSTER_EXCEPTIONS
    explicit script(bytes source, access use = REDISCLUSTER_WRITE) {
        error failure;
        detail::check(try_make(source, use, *this, &failure), failure);
    }

    reply execute(client &client, const command &arguments) const {
        reply out;
        error failure;
        detail::check(try_execute(client, arguments, out, &failure), failure);
        return out;
    }

    reply call(client &client, std::size_t key_count, std::initializer_list<bytes> arguments) const {
        reply out;
        error failure;
        detail::check(try_call(client, key_count, arguments, out, &failure), failure);
        return out;
    }
#endif
};

/* All keys of the cluster, page by page. One thread at a time. */
class scan : public detail::owner<rediscluster_scan, rediscluster_scan_free> {
  public:
    scan() noexcept {}
    explicit scan(rediscluster_scan *handle) noexcept : owner(handle) {}

    /*
     * pattern: empty for all keys; count: how many keys a node looks at for a page, 0 for its own number; type: "" for
     * all types. It holds what it needs of the client.
     */
    REDISCLUSTER_NODISCARD static status try_make(client &client, bytes pattern, std::int64_t count, text type,
                                                  scan &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_scan **made, rediscluster_error **raw) {
            return rediscluster_scan_new(client.handle(), pattern.data(), pattern.size(), count, type.chars(), made,
                                         raw);
        });
    }

    /* How long a page may take. */
    REDISCLUSTER_NODISCARD status try_set_timeout(timeout timeout, error *error = nullptr) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return rediscluster_scan_set_timeout(handle(), timeout.timeout_ms(), raw);
        });
    }

    /* The next page, an ARRAY of one key or more; empty after the last. After a failure it goes on where it was. */
    REDISCLUSTER_NODISCARD status try_next(reply &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_reply **made, rediscluster_error **raw) {
            return rediscluster_scan_next(handle(), made, raw);
        });
    }

#if REDISCLUSTER_EXCEPTIONS
    explicit scan(client &client, bytes pattern = bytes(), std::int64_t count = 0, text type = "") {
        error failure;
        detail::check(try_make(client, pattern, count, type, *this, &failure), failure);
    }

    scan &set_timeout(timeout timeout) {
        error failure;
        detail::check(try_set_timeout(timeout, &failure), failure);
        return *this;
    }

    reply next() {
        reply out;
        error failure;
        detail::check(try_next(out, &failure), failure);
        return out;
    }
#endif
};

/* What comes to a subscriber: a message that was published, or what became of a subscription. */
class message : public detail::owner<rediscluster_message, rediscluster_message_free> {
  public:
    message() noexcept {}
    explicit message(rediscluster_message *handle) noexcept : owner(handle) {}

    message_type kind() const noexcept { return rediscluster_message_kind(handle()); }
    rediscluster::subscription subscription() const noexcept { return rediscluster_message_subscription(handle()); }
    /* Empty, with data() nullptr, for a gap or refusal of a pattern. */
    bytes channel() const noexcept { return part(rediscluster_message_channel); }
    /* Empty, with data() nullptr, where no pattern was subscribed to. */
    bytes pattern() const noexcept { return part(rediscluster_message_pattern); }
    bytes payload() const noexcept { return part(rediscluster_message_payload); }
    /* "host:port". */
    const char *node() const noexcept { return rediscluster_message_node(handle()); }

    /* SERVER if the server refused the subscription. */
    REDISCLUSTER_NODISCARD status try_check(error *error = nullptr) const noexcept {
        return detail::fill(error,
                            [&](rediscluster_error **raw) { return rediscluster_message_check(handle(), raw); });
    }
#if REDISCLUSTER_EXCEPTIONS
    /* Throws if the server refused the subscription. */
    void check() const {
        rediscluster::error failure;
        detail::check(try_check(&failure), failure);
    }
#endif

  private:
    template <class Read> bytes part(Read read) const noexcept {
        std::size_t size = 0;
        const std::uint8_t *data = read(handle(), &size);
        return bytes(data, size);
    }
};

/*
 * Subscribes to channels, patterns and shard channels, on connections of its own, and does so again when they are lost.
 * All of it happens inside its calls. One thread at a time, but for interrupt().
 */
class subscriber : public detail::owner<rediscluster_subscriber, rediscluster_subscriber_free> {
  public:
    subscriber() noexcept {}
    explicit subscriber(rediscluster_subscriber *handle) noexcept : owner(handle) {}

    /* It holds what it needs of the client. */
    REDISCLUSTER_NODISCARD static status try_make(client &client, subscriber &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_subscriber **made, rediscluster_error **raw) {
            return rediscluster_subscriber_new(client.handle(), made, raw);
        });
    }

    /* Waits for the server's confirmation; with timeout::now() the subscription is only noted. */
    REDISCLUSTER_NODISCARD status try_subscribe(bytes channel, timeout timeout, error *error = nullptr) noexcept {
        return begin(rediscluster_subscriber_subscribe, channel, timeout, error);
    }
    REDISCLUSTER_NODISCARD status try_psubscribe(bytes pattern, timeout timeout, error *error = nullptr) noexcept {
        return begin(rediscluster_subscriber_psubscribe, pattern, timeout, error);
    }
    REDISCLUSTER_NODISCARD status try_ssubscribe(bytes channel, timeout timeout, error *error = nullptr) noexcept {
        return begin(rediscluster_subscriber_ssubscribe, channel, timeout, error);
    }

    /* Nothing of it is given out from now on. */
    REDISCLUSTER_NODISCARD status try_unsubscribe(bytes channel, error *error = nullptr) noexcept {
        return end(rediscluster_subscriber_unsubscribe, channel, error);
    }
    REDISCLUSTER_NODISCARD status try_punsubscribe(bytes pattern, error *error = nullptr) noexcept {
        return end(rediscluster_subscriber_punsubscribe, pattern, error);
    }
    REDISCLUSTER_NODISCARD status try_sunsubscribe(bytes channel, error *error = nullptr) noexcept {
        return end(rediscluster_subscriber_sunsubscribe, channel, error);
    }

    /* The next message; TIMEOUT if none came in time. */
    REDISCLUSTER_NODISCARD status try_next(timeout timeout, message &out, error *error = nullptr) noexcept {
        return detail::make(out, error, [&](rediscluster_message **made, rediscluster_error **raw) {
            return rediscluster_subscriber_next(handle(), timeout.timeout_ms(), made, raw);
        });
    }

    /* To wait on with poll(2) only; take messages with timeout::now() until TIMEOUT first. */
    std::int32_t fd() noexcept { return rediscluster_subscriber_fd(handle()); }

    /* Ends, from any thread, the call that waits, with CANCELLED, or the next one. */
    REDISCLUSTER_NODISCARD status try_interrupt(error *error = nullptr) noexcept {
        return detail::fill(
            error, [&](rediscluster_error **raw) { return rediscluster_subscriber_interrupt(handle(), raw); });
    }

#if REDISCLUSTER_EXCEPTIONS
    explicit subscriber(client &client) {
        error failure;
        detail::check(try_make(client, *this, &failure), failure);
    }

    void subscribe(bytes channel, timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_subscribe(channel, timeout, &failure), failure);
    }

    void psubscribe(bytes pattern, timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_psubscribe(pattern, timeout, &failure), failure);
    }

    void ssubscribe(bytes channel, timeout timeout = timeout::standard()) {
        error failure;
        detail::check(try_ssubscribe(channel, timeout, &failure), failure);
    }

    void unsubscribe(bytes channel) {
        error failure;
        detail::check(try_unsubscribe(channel, &failure), failure);
    }

    void punsubscribe(bytes pattern) {
        error failure;
        detail::check(try_punsubscribe(pattern, &failure), failure);
    }

    void sunsubscribe(bytes channel) {
        error failure;
        detail::check(try_sunsubscribe(channel, &failure), failure);
    }

    message next(timeout timeout = timeout::standard()) {
        message out;
        error failure;
        detail::check(try_next(timeout, out, &failure), failure);
        return out;
    }

    void interrupt() {
        error failure;
        detail::check(try_interrupt(&failure), failure);
    }
#endif

  private:
    template <class Call> status begin(Call call, bytes name, timeout timeout, error *error) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return call(handle(), name.data(), name.size(), timeout.timeout_ms(), raw);
        });
    }

    template <class Call> status end(Call call, bytes name, error *error) noexcept {
        return detail::fill(error, [&](rediscluster_error **raw) {
            return call(handle(), name.data(), name.size(), raw);
        });
    }
};

/* The hash slot of a key, 0 to 16383. */
inline std::int32_t key_slot(bytes key) noexcept { return rediscluster_key_slot(key.data(), key.size()); }

/* The version of the library that runs. */
inline std::uint32_t version() noexcept { return rediscluster_version(); }

/* A status by its name: "TIMEOUT". */
inline const char *status_name(status number) noexcept { return rediscluster_status_name(number); }

} // namespace rediscluster

#endif /* REDISCLUSTER_HPP */
