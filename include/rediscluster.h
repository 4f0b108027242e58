/*
 * librediscluster: a Redis and Valkey Cluster client. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool knows the cluster's nodes and hands out connections by slot, key or node. A program takes one,
 * sends commands on it, reads the replies, and gives it back:
 *
 *     rediscluster_options *options = NULL;
 *     rediscluster_pool *pool = NULL;
 *     rediscluster_connection *connection = NULL;
 *     rediscluster_command *command = NULL;
 *     rediscluster_reply *reply = NULL;
 *     rediscluster_error *error = NULL;
 *
 *     if (rediscluster_options_from_url("redis://127.0.0.1:7000", &options, &error) == REDISCLUSTER_OK
 *         && rediscluster_pool_new(options, &pool, &error) == REDISCLUSTER_OK
 *         && rediscluster_pool_get_by_key(pool, (const uint8_t *)"k", 1, REDISCLUSTER_WRITE,
 *                REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error) == REDISCLUSTER_OK
 *         && rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", "k", "v"), &command, &error)
 *                == REDISCLUSTER_OK
 *         && rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT,
 *                &reply, &error) == REDISCLUSTER_OK
 *         && rediscluster_reply_check(reply, &error) == REDISCLUSTER_OK)
 *         printf("%s\n", (const char *)rediscluster_reply_bytes(reply, NULL));
 *     else
 *         fprintf(stderr, "%s\n", rediscluster_error_message(error));
 *
 *     rediscluster_error_free(error);
 *     rediscluster_reply_free(reply);
 *     rediscluster_command_free(command);
 *     if (connection != NULL)
 *         rediscluster_connection_release(connection, NULL);
 *     rediscluster_pool_free(pool);
 *     rediscluster_options_free(options);
 *
 * Statuses. Every function that can fail returns a rediscluster_status; 0 is success. Its last
 * parameter is `rediscluster_error **error`: NULL, or a place where a failure puts an error object, to be
 * freed. On success *error is untouched; start with NULL, and free an error before its place is used
 * again. On failure every handle output is NULL. An error reply of the server is a reply, not a failure:
 * rediscluster_reply_check turns it into one.
 *
 * Objects. What a `_new` function, or any function with an `out` or `reply` parameter, hands out is the
 * caller's, who frees it with the `_free` function of its type; never with free(3). `_free(NULL)` does
 * nothing. Objects may be freed in any order and by any thread. What is said to be borrowed is part of
 * another object and lives as long. NULL where an object should be is answered with INVALID_ARGUMENT, or
 * with nothing (0, NULL, ""); using an object after it was freed is an error of the program.
 *
 * Connections are values, not pointers, though they look so: one that was released already, or is
 * another pool's, is answered with a status, and nothing else happens.
 *
 * Texts and bytes. Bytes are a pointer and a length and may hold anything; NULL with length 0 is the empty
 * string. Names, hosts and URLs are NUL-terminated UTF-8 without control characters.
 *
 * Time. `timeout_ms` is in milliseconds on the monotonic clock, for all that the call does together: 0
 * (REDISCLUSTER_TIMEOUT_NOW) does not wait, -1 (_NEVER) waits for ever, -2 (_DEFAULT) is the option's
 * value: `timeout` for gets, `command_timeout` for everything else. One exception: a host *name* is
 * resolved by the system's resolver, or by the resolve callback in its place, which end when they end;
 * numeric addresses never reach them. A get
 * with 0 takes an idle connection or fails at once, with POOL_EXHAUSTED at a limit and TIMEOUT where it
 * would have to dial or to discover the cluster.
 *
 * Threads. Each function says one of: any thread; one thread at a time per object; read-only, any
 * thread; not while another thread uses the object. The library starts no thread, installs no signal
 * handler and prints nothing.
 *
 * Fork. A child may go on using every object it inherits: pools make connections of their own. A
 * connection that was checked out when the process forked is the parent's and gives FORKED in the child. A fork
 * while another thread is inside the system's resolver, in a TLS handshake or reading certificates is not covered.
 *
 * Callbacks run in a thread that is inside the library, with no lock of the library held. Their user_data is given
 * to the destroy function once nothing can call them any more, in the process that set them.
 *
 * Enumerations come in as int32_t and are checked; those that come out may grow: have a default case.
 */


#ifndef REDISCLUSTER_H
#define REDISCLUSTER_H

/* Made by cbindgen from src/ffi/: do not edit. UPDATE_HEADER=1 cargo test --test header makes it anew. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header; rediscluster_version() is the library's. */
#define REDISCLUSTER_VERSION_MAJOR 0
#define REDISCLUSTER_VERSION_MINOR 1
#define REDISCLUSTER_VERSION_PATCH 0
#define REDISCLUSTER_VERSION 100
#define REDISCLUSTER_VERSION_STRING "0.1.0"

#ifndef __cplusplus
/*
 * Texts as the parameters argc, argv and argvlen of rediscluster_command_from_argv, each
 * NUL-terminated: REDISCLUSTER_ARGS("SET", key, value). C only: C++ has no compound literals.
 */
#define REDISCLUSTER_ARGS(...) \
    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), \
        (const char *const[]){__VA_ARGS__}, NULL
#endif


/**
 * `timeout_ms`: does not wait.
 */
#define REDISCLUSTER_TIMEOUT_NOW 0

/**
 * `timeout_ms`: waits for ever.
 */
#define REDISCLUSTER_TIMEOUT_NEVER -1

/**
 * `timeout_ms`: the option's value, `timeout` for gets, `command_timeout` for everything else.
 */
#define REDISCLUSTER_TIMEOUT_DEFAULT -2

/**
 * In a cell's flags: the root of a reply, which rediscluster_reply_free takes.
 */
#define REDISCLUSTER_CELL_ROOT 1

/**
 * In a cell's flags: the last of its siblings.
 */
#define REDISCLUSTER_CELL_LAST 2

/**
 * In a cell's flags: it has attributes (rediscluster_reply_attributes).
 */
#define REDISCLUSTER_CELL_ATTRIBUTES 4

/**
 * What a fallible function answers. The numbers are grouped and never change or return with
 * another meaning; later versions may add some: treat an unknown one by its group.
 *
 * 1 to 19: the caller's mistakes. 20 to 39: the network and the protocol. 40 to 59: the cluster.
 * 60 to 69: the pool. 99: the library.
 */
typedef enum {
    /**
     * The call did what it says.
     */
    REDISCLUSTER_OK = 0,
    /**
     * A parameter is out of range, NULL where it must not be, or an object is misused.
     */
    REDISCLUSTER_ERROR_INVALID_ARGUMENT = 1,
    /**
     * An option is unknown, or its value, or the options together, make no sense.
     */
    REDISCLUSTER_ERROR_CONFIG = 2,
    /**
     * The connection is not checked out: it was released already, or never was one.
     */
    REDISCLUSTER_ERROR_NOT_CHECKED_OUT = 3,
    /**
     * No node of that address or id is known.
     */
    REDISCLUSTER_ERROR_UNKNOWN_NODE = 4,
    /**
     * The keys of the command cannot be found.
     */
    REDISCLUSTER_ERROR_UNROUTABLE = 5,
    /**
     * The keys of the command live in several slots.
     */
    REDISCLUSTER_ERROR_CROSS_SLOT = 6,
    /**
     * The pool is closed.
     */
    REDISCLUSTER_ERROR_CLOSED = 7,
    /**
     * The connection was checked out before a fork, in the parent.
     */
    REDISCLUSTER_ERROR_FORKED = 8,
    /**
     * A write on something read-only.
     */
    REDISCLUSTER_ERROR_READ_ONLY = 9,
    /**
     * The call was cancelled or interrupted.
     */
    REDISCLUSTER_ERROR_CANCELLED = 10,
    /**
     * No startup node answered; the message names each with its cause.
     */
    REDISCLUSTER_ERROR_UNREACHABLE = 20,
    /**
     * A connection could not be made, or broke.
     */
    REDISCLUSTER_ERROR_CONNECTION = 21,
    /**
     * The time was up.
     */
    REDISCLUSTER_ERROR_TIMEOUT = 22,
    /**
     * The server refused the credentials.
     */
    REDISCLUSTER_ERROR_AUTH = 23,
    /**
     * TLS failed.
     */
    REDISCLUSTER_ERROR_TLS = 24,
    /**
     * The server sent what is not the protocol.
     */
    REDISCLUSTER_ERROR_PROTOCOL = 25,
    /**
     * A limit of size, depth or queue length was reached.
     */
    REDISCLUSTER_ERROR_LIMIT = 26,
    /**
     * No node serves the slot.
     */
    REDISCLUSTER_ERROR_SLOT_NOT_COVERED = 40,
    /**
     * The cluster is down.
     */
    REDISCLUSTER_ERROR_CLUSTER_DOWN = 41,
    /**
     * More redirects than allowed.
     */
    REDISCLUSTER_ERROR_TOO_MANY_REDIRECTS = 42,
    /**
     * The slot's keys are on the move: try again.
     */
    REDISCLUSTER_ERROR_TRY_AGAIN = 43,
    /**
     * The node is loading its data set.
     */
    REDISCLUSTER_ERROR_LOADING = 44,
    /**
     * EXEC gave nil: a watched key changed.
     */
    REDISCLUSTER_ERROR_ABORTED = 45,
    /**
     * The server answered with an error (rediscluster_reply_check).
     */
    REDISCLUSTER_ERROR_SERVER = 46,
    /**
     * A limit on connections is reached, and the pool does not wait.
     */
    REDISCLUSTER_ERROR_POOL_EXHAUSTED = 60,
    /**
     * A limit on connections was reached, and none came free in time.
     */
    REDISCLUSTER_ERROR_POOL_TIMEOUT = 61,
    /**
     * A fault of the library itself: please report it.
     */
    REDISCLUSTER_ERROR_INTERNAL = 99,
} rediscluster_status;

/**
 * What became of one key of a command that was split by its keys and did not succeed as a whole.
 */
typedef enum {
    /**
     * There is no such key, or the command was not split.
     */
    REDISCLUSTER_KEY_NONE = -1,
    /**
     * It was not written, for certain; of a command that only reads, not read.
     */
    REDISCLUSTER_KEY_NOT_WRITTEN = 0,
    /**
     * It was written.
     */
    REDISCLUSTER_KEY_WRITTEN = 1,
    /**
     * It may have been.
     */
    REDISCLUSTER_KEY_UNKNOWN = 2,
} rediscluster_key_fate;

/**
 * How much a log line matters. More may be added.
 */
typedef enum {
    /**
     * Something failed and a call will feel it.
     */
    REDISCLUSTER_LOG_ERROR = 1,
    /**
     * Something failed and the library goes on another way.
     */
    REDISCLUSTER_LOG_WARNING = 2,
    /**
     * Something changed: a topology, a role.
     */
    REDISCLUSTER_LOG_INFO = 3,
    /**
     * Connections opened and closed.
     */
    REDISCLUSTER_LOG_DEBUG = 4,
} rediscluster_log_level;

/**
 * What a message is.
 */
typedef enum {
    /**
     * No message.
     */
    REDISCLUSTER_MESSAGE_NONE = 0,
    /**
     * Something published.
     */
    REDISCLUSTER_MESSAGE_PUBLISHED = 1,
    /**
     * The subscription was lost and is there again: what was published in between is missed. It comes
     * behind all that was received before the loss and before all that is received after it, so who
     * reads now what the channel would have told misses nothing more.
     */
    REDISCLUSTER_MESSAGE_GAP = 2,
    /**
     * The server refuses the subscription (an ACL, a server that knows no shard channels): it is not
     * asked for again. rediscluster_message_check says why.
     */
    REDISCLUSTER_MESSAGE_REFUSED = 3,
} rediscluster_message_type;

/**
 * What is subscribed to. Each kind has names of its own.
 */
typedef enum {
    /**
     * A channel (SUBSCRIBE, PUBLISH).
     */
    REDISCLUSTER_SUBSCRIPTION_CHANNEL = 0,
    /**
     * A pattern of channels (PSUBSCRIBE, PUBLISH).
     */
    REDISCLUSTER_SUBSCRIPTION_PATTERN = 1,
    /**
     * A shard channel (SSUBSCRIBE, SPUBLISH).
     */
    REDISCLUSTER_SUBSCRIPTION_SHARD = 2,
} rediscluster_subscription;

/**
 * What a reply is.
 */
typedef enum {
    /**
     * Nothing: a key that does not exist.
     */
    REDISCLUSTER_REPLY_NIL = 0,
    /**
     * Bytes.
     */
    REDISCLUSTER_REPLY_STRING = 1,
    /**
     * A short text: "OK".
     */
    REDISCLUSTER_REPLY_STATUS = 2,
    /**
     * An error's code and text: "WRONGTYPE Operation against a key...".
     */
    REDISCLUSTER_REPLY_ERROR = 3,
    /**
     * A signed 64-bit number.
     */
    REDISCLUSTER_REPLY_INTEGER = 4,
    /**
     * A floating point number.
     */
    REDISCLUSTER_REPLY_DOUBLE = 5,
    /**
     * True or false.
     */
    REDISCLUSTER_REPLY_BOOLEAN = 6,
    /**
     * A number of any size, as text.
     */
    REDISCLUSTER_REPLY_BIGNUMBER = 7,
    /**
     * A text to be shown as it is.
     */
    REDISCLUSTER_REPLY_VERBATIM = 8,
    /**
     * Elements in order.
     */
    REDISCLUSTER_REPLY_ARRAY = 9,
    /**
     * Pairs: key, value, key, value.
     */
    REDISCLUSTER_REPLY_MAP = 10,
    /**
     * Elements without order.
     */
    REDISCLUSTER_REPLY_SET = 11,
    /**
     * Something the server says of its own accord.
     */
    REDISCLUSTER_REPLY_PUSH = 12,
} rediscluster_kind;

/**
 * What a node is to its shard.
 */
typedef enum {
    /**
     * Of no node (NULL).
     */
    REDISCLUSTER_ROLE_UNKNOWN = 0,
    /**
     * Serves the shard's slots.
     */
    REDISCLUSTER_ROLE_PRIMARY = 1,
    /**
     * Copies a primary.
     */
    REDISCLUSTER_ROLE_REPLICA = 2,
} rediscluster_role;

/**
 * How a node is, as the cluster says.
 */
typedef enum {
    /**
     * Of no node (NULL).
     */
    REDISCLUSTER_HEALTH_UNKNOWN = 0,
    /**
     * It works.
     */
    REDISCLUSTER_HEALTH_ONLINE = 1,
    /**
     * It loads its data set.
     */
    REDISCLUSTER_HEALTH_LOADING = 2,
    /**
     * It is out of order.
     */
    REDISCLUSTER_HEALTH_FAILED = 3,
} rediscluster_health;

/**
 * What a connection is wanted for.
 */
typedef enum {
    /**
     * To read: from the node that the option `read_from` says. A connection to a replica refuses writes.
     */
    REDISCLUSTER_READ = 1,
    /**
     * To read and write: from the primary. READ_ONLY with the option `readonly`.
     */
    REDISCLUSTER_WRITE = 2,
} rediscluster_access;

/**
 * Where a command of a client is to run.
 */
typedef enum {
    /**
     * Where its keys are, or where its request policy says.
     */
    REDISCLUSTER_ROUTE_AUTO = 0,
    /**
     * At the owner of the slot in `slot`.
     */
    REDISCLUSTER_ROUTE_SLOT = 1,
    /**
     * At the node in `node`.
     */
    REDISCLUSTER_ROUTE_NODE = 2,
    /**
     * At some primary.
     */
    REDISCLUSTER_ROUTE_RANDOM = 3,
    /**
     * At every node; the reply is a MAP of "host:port" to each node's reply.
     */
    REDISCLUSTER_ROUTE_ALL_NODES = 4,
    /**
     * At every primary; the same.
     */
    REDISCLUSTER_ROUTE_ALL_PRIMARIES = 5,
    /**
     * At every replica; the same.
     */
    REDISCLUSTER_ROUTE_ALL_REPLICAS = 6,
} rediscluster_route;

/**
 * Which nodes answer a command that reads, as the option `read_from`.
 */
typedef enum {
    /**
     * As the option `read_from` says.
     */
    REDISCLUSTER_READ_FROM_DEFAULT = 0,
    /**
     * The primary.
     */
    REDISCLUSTER_READ_FROM_PRIMARY = 1,
    /**
     * The replicas, and the primary where none can.
     */
    REDISCLUSTER_READ_FROM_REPLICA_PREFERRED = 2,
    /**
     * The replicas alone.
     */
    REDISCLUSTER_READ_FROM_REPLICA = 3,
    /**
     * All of them in turn.
     */
    REDISCLUSTER_READ_FROM_ANY = 4,
    /**
     * Those in the program's own availability zone before all others.
     */
    REDISCLUSTER_READ_FROM_AZ = 5,
} rediscluster_read_from;

/**
 * What rediscluster_stats_get tells.
 */
typedef enum {
    /**
     * Connections there are: idle and in use.
     */
    REDISCLUSTER_STAT_OPEN = 1,
    /**
     * Connections that wait to be used.
     */
    REDISCLUSTER_STAT_IDLE = 2,
    /**
     * Connections checked out.
     */
    REDISCLUSTER_STAT_IN_USE = 3,
    /**
     * Connections being dialled.
     */
    REDISCLUSTER_STAT_DIALING = 4,
    /**
     * Calls that wait for a connection.
     */
    REDISCLUSTER_STAT_WAITING = 5,
    /**
     * Connections made since the beginning.
     */
    REDISCLUSTER_STAT_CREATED = 6,
    /**
     * Connections closed since the beginning.
     */
    REDISCLUSTER_STAT_CLOSED = 7,
    /**
     * Of those, the idle ones closed to make room for another node's.
     */
    REDISCLUSTER_STAT_EVICTED = 8,
    /**
     * Calls that had to wait since the beginning.
     */
    REDISCLUSTER_STAT_WAITS = 9,
    /**
     * Of those, the ones that waited in vain.
     */
    REDISCLUSTER_STAT_TIMEOUTS = 10,
    /**
     * MOVED replies that rediscluster_pool_moved was told of; of the pool in all alone.
     */
    REDISCLUSTER_STAT_MOVED = 11,
    /**
     * ASK replies that rediscluster_pool_ask was told of; of the pool in all alone.
     */
    REDISCLUSTER_STAT_ASK = 12,
    /**
     * Refreshes of the topology.
     */
    REDISCLUSTER_STAT_REFRESHES = 13,
    /**
     * Refreshes that were asked for and not made, because one was under way or had just been made.
     */
    REDISCLUSTER_STAT_REFRESHES_SUPPRESSED = 14,
} rediscluster_stat;

/**
 * Commands without a thread that waits: a program submits them and polls for their completions, beside whatever
 * else its event loop does. All that is done happens inside these calls, in the thread that makes them, and none
 * but rediscluster_async_poll waits. Commands go where rediscluster_client_execute would send them, are redirected,
 * tried again and split as there, and it is told of each whether it may have run. Those of one slot run in the
 * order in which they were submitted, unless one of them has to be sent again.
 *
 * The handle keeps connections of the client's pool while it uses them: one to each node, and one more for each
 * command that blocks (BLPOP). They count towards the pool's limits. A connection that was not used for a second
 * goes back, and an idle one as soon as somebody waits for it.
 *
 * After a fork the child may go on using it: what was submitted before completes there with FORKED, for its reply is
 * the parent's, and the child makes connections of its own. Where another thread was inside a call of it when the
 * process forked, it gives FORKED in the child.
 */
typedef struct rediscluster_async rediscluster_async;

/**
 * One thing that was tried on the way to an error. Part of its error.
 */
typedef struct rediscluster_attempt rediscluster_attempt;

/**
 * A token by which any thread ends the calls whose commands carry it
 * (rediscluster_command_set_cancel). It is fired once and stays so: a call that carries a fired
 * token ends before it begins.
 */
typedef struct rediscluster_cancel rediscluster_cancel;

/**
 * A client: it takes commands, finds the node of each, follows the cluster wherever it moves, and
 * says of each command whether it ran. Any number of threads share one. After a fork the child may
 * go on using it: it makes connections of its own.
 */
typedef struct rediscluster_client rediscluster_client;

/**
 * A command and its arguments, encoded as they are appended. It may be sent any number of times,
 * on any number of connections, also by several threads at once while nobody changes it.
 */
typedef struct rediscluster_command rediscluster_command;

/**
 * A connection that is checked out of a pool: a value that looks like a pointer, never one. It may
 * be used wrongly without harm: released twice, used after its release or given to another pool, a
 * call answers with a status and nothing changes. After a fork, in the child, it gives FORKED.
 */
typedef struct rediscluster_connection rediscluster_connection;

/**
 * Why a call failed: a status, a message for people, and what programs ask for. It owns all it
 * shows; free it with rediscluster_error_free. Never holds a password, a key, an argument or a
 * value.
 */
typedef struct rediscluster_error rediscluster_error;

/**
 * Where a client would send a command, and why. It never changes and may be read by several threads.
 */
typedef struct rediscluster_explanation rediscluster_explanation;

/**
 * What a subscriber gives: something published, or what has become of a subscription.
 */
typedef struct rediscluster_message rediscluster_message;

/**
 * One node of a topology. Part of it.
 */
typedef struct rediscluster_node rediscluster_node;

/**
 * Options of a pool: see docs/options.md for their names and meaning.
 */
typedef struct rediscluster_options rediscluster_options;

/**
 * Commands that are gathered and run together: each node gets its own in one write, nodes are read as
 * they answer, and the replies are in the order of the commands. Keys of any slots may be mixed.
 */
typedef struct rediscluster_pipeline rediscluster_pipeline;

/**
 * A pool of connections to the nodes of a cluster, shared by any number of threads. After a fork
 * the child may go on using it: it makes connections of its own.
 */
typedef struct rediscluster_pool rediscluster_pool;

/**
 * A reply of the server, or a part of one. One block of memory with one free: the reply that a
 * call handed out is the root, its parts are borrowed from it. Read-only, so that several threads
 * may read one.
 */
typedef struct rediscluster_reply rediscluster_reply;

/**
 * A scan over all keys of the cluster, by SCAN on one primary after another.
 *
 * Each key that exists from the scan's beginning to its end is given at least once, also while slots move from node to
 * node and while replicas take over: each node is asked what it serves beside every page, and slots that
 * were not its own all the while are scanned again where they are. Keys may be given several times, and keys
 * that come or go meanwhile may be given or not. Replicas are never asked, whatever the option `read_from`.
 *
 * Between two pages it holds no connection, and a program may take as long as it likes. After a fork the child
 * may go on with its copy, and the parent with its own.
 */
typedef struct rediscluster_scan rediscluster_scan;

/**
 * A Lua script. It is sent by its digest (EVALSHA), and with its text (EVAL) to a server that does not have it:
 * one that is new, was restarted, or has forgotten it by SCRIPT FLUSH. Any number of threads share one.
 *
 * Functions need no such object: FCALL and FCALL_RO are commands as others.
 */
typedef struct rediscluster_script rediscluster_script;

/**
 * A pool's statistics at one moment: in all, and by node. It never changes, and may be read by
 * several threads.
 */
typedef struct rediscluster_stats rediscluster_stats;

/**
 * A subscriber: it subscribes to channels, patterns and shard channels, and gives their messages in
 * order. After the loss of a node or a slot's move it subscribes again by itself, and says with a
 * message of kind GAP what may have been missed. All it does happens inside its calls, on connections
 * of its own that count towards no limit of the pool: one for channels and patterns, one for each
 * shard whose channels are subscribed to. A program that does not call rediscluster_subscriber_next
 * receives nothing and keeps nothing alive.
 *
 * After a fork the child may go on using it: its first call there subscribes to the same anew, on
 * connections of the child's own, and tells a gap of each. Where another thread was inside a call of
 * it when the process forked, it gives FORKED in the child.
 */
typedef struct rediscluster_subscriber rediscluster_subscriber;

/**
 * The cluster as a pool knew it at one moment: nodes, and which of them serves which slot. It
 * never changes, owns all it shows, and may be read by several threads.
 */
typedef struct rediscluster_topology rediscluster_topology;

/**
 * A transaction of a client: commands on the keys of one slot, run as one by MULTI and EXEC, and not at
 * all if a watched key changes before. It goes
 *
 *     rediscluster_transaction_watch      any number of keys, or none
 *     rediscluster_transaction_execute    what is to be read of them, if anything
 *     rediscluster_transaction_append     the commands
 *     rediscluster_transaction_exec       or rediscluster_transaction_discard
 *
 * and may then begin anew. Where rediscluster_transaction_exec gives ABORTED, somebody else has changed a
 * watched key, or the slot has moved to another node: nothing was done, and the program begins again with
 * the watch.
 *
 * Without a watch it follows the cluster as a command does (rediscluster_client_execute), since it can be
 * begun again elsewhere: redirects, TRYAGAIN, a failover, a connection that is lost before all of EXEC has
 * left. A watch is known to one connection alone, which is the transaction's own from the first
 * watch to the end: when it is lost, or its node sends elsewhere, so is the watch.
 *
 * After a fork the child may use it, with commands appended before. Where keys were watched before the
 * fork, the child's first call gives FORKED, and the transaction is as new.
 */
typedef struct rediscluster_transaction rediscluster_transaction;

/**
 * Takes a log line: level, and a NUL-terminated text that is valid during the call. It is called in
 * a thread that is inside the library, with no lock of the library held, by several threads at once
 * where several are inside. It must return: no exception and no longjmp may leave it. It must not ask
 * the pool it hears of for a connection or a refresh: that could wait for the very call it is in.
 */
typedef void (*rediscluster_log_callback)(void *user_data,
                                          rediscluster_log_level level,
                                          const char *message);

/**
 * Takes back the user_data of a callback, once, when nothing can call it any more.
 */
typedef void (*rediscluster_destroy_callback)(void *user_data);

/**
 * Takes the credentials that a rediscluster_credentials_callback answers with, and copies them.
 *
 * sink_data: as the callback was given it.
 * username: the ACL user, NUL-terminated UTF-8 without control characters; NULL or "" is the default
 * user.
 * password: likewise, with any length; NULL or "" means not to log in at all.
 *
 * Returns: OK; INVALID_ARGUMENT if a text is no UTF-8 or holds a control character, or sink_data is NULL:
 * then nothing was taken. What is given last counts.
 */
typedef rediscluster_status (*rediscluster_credentials_sink)(void *sink_data,
                                                             const char *username,
                                                             const char *password);

/**
 * Asked for the credentials of one connection, each time one is dialled, discovery's included; answers by
 * calling sink with sink_data before it returns, and the dial fails with AUTH if it does not. node is
 * "host:port" as it is dialled, valid during the call. It is called in a thread that is inside the
 * library, with no lock of the library held, by several threads at once where several dial, and in forked
 * children. It must return: no exception and no longjmp may leave it. It must not use the pool that asks.
 * It counts towards the dial's time, which is looked at when it has returned. A node that refused a moment
 * ago is not asked, and so nor is this.
 */
typedef void (*rediscluster_credentials_callback)(void *user_data,
                                                  const char *node,
                                                  rediscluster_credentials_sink sink,
                                                  void *sink_data);

/**
 * Takes an address that stands for another; it is copied. Only to be called by a translate callback,
 * before that returns.
 *
 * sink_data: what the callback was given.
 * host: a name or a numeric address, NUL-terminated UTF-8.
 * port: 1 to 65535.
 *
 * Returns: OK; INVALID_ARGUMENT if a pointer is NULL, host is no host or port is 0, or an address was
 * taken already: then nothing changes.
 */
typedef rediscluster_status (*rediscluster_address_sink)(void *sink_data,
                                                         const char *host,
                                                         uint16_t port);

/**
 * Says where a node is dialled that a server announces at host and port: by a call of sink, once, with
 * the address to dial; without one the address stays as it is. The host has no brackets and is valid
 * during the call, as sink_data is. The callback is called in a thread that is inside the library, with no
 * lock of the library held, by several threads at once where several are inside. It must return: no
 * exception and no longjmp may leave it. It must not ask a pool that it serves for a connection or a
 * refresh: that could wait for the very call it is in.
 */
typedef void (*rediscluster_translate_callback)(void *user_data,
                                                const char *host,
                                                uint16_t port,
                                                rediscluster_address_sink sink,
                                                void *sink_data);

/**
 * Takes one of a name's addresses; it is copied. Only to be called by a resolve callback, before that
 * returns.
 *
 * sink_data: what the callback was given.
 * address: a numeric IPv4 or IPv6 address, NUL-terminated: "10.0.0.1", "fd00::1".
 *
 * Returns: OK; INVALID_ARGUMENT if a pointer is NULL or address is no numeric address: then nothing
 * changes.
 */
typedef rediscluster_status (*rediscluster_ip_sink)(void *sink_data, const char *address);

/**
 * Says which addresses a host name has: by a call of sink for each, in the order of preference; without
 * one the name is unknown. The name is valid during the call, as sink_data is. The callback may take the
 * time it needs: the call of the library that it is in looks at its deadline afterwards. It is called in a
 * thread that is inside the library, with no lock of the library held, by several threads at once where
 * several are inside. It must return: no exception and no longjmp may leave it. It must not ask a pool that
 * it serves for a connection or a refresh: that could wait for the very call it is in.
 */
typedef void (*rediscluster_resolve_callback)(void *user_data,
                                              const char *name,
                                              rediscluster_ip_sink sink,
                                              void *sink_data);

/**
 * What became of a command that was submitted. One of `reply` and `error` is NULL; the other is the program's to
 * free.
 */
typedef struct {
    /**
     * As it was submitted.
     */
    uint64_t tag;
    /**
     * The reply, which may be of kind ERROR.
     */
    rediscluster_reply *reply;
    /**
     * Why there is none. rediscluster_error_maybe_executed says whether the command may have run.
     */
    rediscluster_error *error;
} rediscluster_completion;

/**
 * A cell's value, by its kind.
 */
typedef union {
    /**
     * Of an INTEGER; of a BOOLEAN, 0 or 1.
     */
    int64_t integer;
    /**
     * Of a DOUBLE.
     */
    double number;
    /**
     * Of a STRING, STATUS, ERROR, BIGNUMBER or VERBATIM: its bytes, without the NUL behind them.
     */
    uint64_t length;
    /**
     * Of an ARRAY, SET or PUSH: its elements; of a MAP: twice its pairs.
     */
    uint64_t count;
} rediscluster_cell_value;

/**
 * One element of a reply as rediscluster_reply_cells gives them. This layout never changes.
 */
typedef struct {
    /**
     * A rediscluster_kind.
     */
    uint8_t kind;
    /**
     * REDISCLUSTER_CELL_... bits; others are the library's own.
     */
    uint8_t flags;
    /**
     * The library's own.
     */
    uint16_t reserved;
    /**
     * How many cells the element and all that is in it take: the next sibling is so many further.
     */
    uint32_t span;
    /**
     * The value.
     */
    rediscluster_cell_value value;
    /**
     * From the start of this cell to its bytes, which stand in the same block; 0 without bytes.
     */
    int64_t offset;
} rediscluster_cell;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that runs, which may be newer than the header a program was made with
 * (REDISCLUSTER_VERSION).
 *
 * Returns: major * 10000 + minor * 100 + patch.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: any thread.
 */
uint32_t rediscluster_version(void);

/**
 * The version of the library that runs, as text: "1.2.3".
 *
 * Returns: NUL-terminated text; never NULL.
 * Ownership: the text is the library's, for ever.
 * Blocks: no.
 * Threads: any thread.
 */
const char *rediscluster_version_string(void);

/**
 * A status by its name: "OK", "TIMEOUT".
 *
 * Returns: the name, "UNKNOWN" for a number this version does not know; never NULL.
 * Ownership: the text is the library's, for ever.
 * Blocks: no.
 * Threads: any thread.
 */
const char *rediscluster_status_name(int32_t status);

/**
 * The error's status.
 *
 * Returns: the status; REDISCLUSTER_OK for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_status rediscluster_error_status(const rediscluster_error *error);

/**
 * The message for people: what happened, where, and what to do.
 *
 * Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
 * Ownership: the text is the error's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_error_message(const rediscluster_error *error);

/**
 * The node concerned, "host:port".
 *
 * Returns: NUL-terminated UTF-8; "" where no node is concerned, and for NULL; never NULL.
 * Ownership: the text is the error's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_error_node(const rediscluster_error *error);

/**
 * The slot concerned.
 *
 * Returns: 0 to 16383; -1 where no slot is concerned, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int32_t rediscluster_error_slot(const rediscluster_error *error);

/**
 * The server's error code: "WRONGTYPE".
 *
 * Returns: NUL-terminated UTF-8; "" where no server answered with an error, and for NULL; never
 * NULL.
 * Ownership: the text is the error's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_error_server_code(const rediscluster_error *error);

/**
 * Whether the same call may well succeed later without a change of the program: the network or the
 * cluster was at fault, or the pool was full. Says nothing about whether a write ran:
 * rediscluster_error_maybe_executed does.
 *
 * Returns: true if so; false for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
bool rediscluster_error_is_retryable(const rediscluster_error *error);

/**
 * Whether the command may have run: bytes of it left, and no reply came.
 *
 * Returns: true if so; false for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
bool rediscluster_error_maybe_executed(const rediscluster_error *error);

/**
 * What became of one key of a command that a client had split by its keys (MSET, DEL), where the call
 * failed: others may have been written all the same.
 *
 * index: the key's place among the command's keys, from 0.
 *
 * Returns: a rediscluster_key_fate; REDISCLUSTER_KEY_NONE beyond the last, where nothing was split, and for
 * NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_key_fate rediscluster_error_key_fate(const rediscluster_error *error,
                                                  size_t index);

/**
 * How many things were tried before the call failed.
 *
 * Returns: the number; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_error_attempt_count(const rediscluster_error *error);

/**
 * One of the things that were tried, oldest first.
 *
 * index: 0 to the count less one.
 *
 * Returns: the attempt; NULL beyond the last, and for NULL.
 * Ownership: borrowed from the error, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const rediscluster_attempt *rediscluster_error_attempt(const rediscluster_error *error,
                                                       size_t index);

/**
 * The node it was tried on, "host:port".
 *
 * Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
 * Ownership: the text is the error's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_attempt_node(const rediscluster_attempt *attempt);

/**
 * How long it took.
 *
 * Returns: milliseconds; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int64_t rediscluster_attempt_elapsed_ms(const rediscluster_attempt *attempt);

/**
 * How it ended: a redirect, or the cause of the failure.
 *
 * Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
 * Ownership: the text is the error's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_attempt_cause(const rediscluster_attempt *attempt);

/**
 * Frees an error. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the error and all that was borrowed from it are gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_error_free(rediscluster_error *error);

/**
 * Makes options that have their defaults. At least startup_nodes has to be set before a pool can be
 * made of them.
 *
 * out: where the options go; NULL on failure.
 * error: where an error goes; may be NULL.
 *
 * Returns: OK; INVALID_ARGUMENT if out is NULL.
 * Ownership: the caller frees the options with rediscluster_options_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_options_new(rediscluster_options **out,
                                             rediscluster_error **error);

/**
 * Makes options from a URL: redis://[user[:password]@]host[:port][,host[:port]...][/db][?name=value&...].
 * rediss:// in front asks for TLS. An IPv6 address stands in brackets, the port is 6379 where none is given, and user, password,
 * names and values may be percent-encoded. Every option can stand in the query; one that is not
 * named has its default.
 *
 * url: NUL-terminated UTF-8.
 * out: where the options go; NULL on failure.
 * error: where an error goes; may be NULL. It never holds the password.
 *
 * Returns: OK; INVALID_ARGUMENT if url or out is NULL or url is no UTF-8; CONFIG if the URL or an
 * option in it is wrong.
 * Ownership: the caller frees the options with rediscluster_options_free. The URL is copied.
 * Blocks: no. Names are not looked up.
 * Threads: any thread.
 */
rediscluster_status rediscluster_options_from_url(const char *url,
                                                  rediscluster_options **out,
                                                  rediscluster_error **error);

/**
 * Copies options. The copy has the same values and the same callbacks, and is changed and freed by
 * itself.
 *
 * options: what is copied.
 * out: where the copy goes; NULL on failure.
 * error: where an error goes; may be NULL.
 *
 * Returns: OK; INVALID_ARGUMENT if options or out is NULL.
 * Ownership: the caller frees the copy with rediscluster_options_free. A callback's user_data is given
 * to its destroy function when the last copy and the last pool made of one are gone.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_status rediscluster_options_clone(const rediscluster_options *options,
                                               rediscluster_options **out,
                                               rediscluster_error **error);

/**
 * Frees options. Pools made of them keep their own copy. A password in them is overwritten.
 *
 * options: what is freed; NULL does nothing.
 *
 * Returns: nothing.
 * Ownership: the options, and what rediscluster_options_get gave for them, are gone. Calls each
 * callback's destroy function if nothing else holds the callback.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_options_free(rediscluster_options *options);

/**
 * Sets one option. On failure nothing is changed.
 *
 * options: what is changed.
 * name: the option's name, as in docs/options.md, NUL-terminated.
 * value: its value as NUL-terminated UTF-8 text without control characters (ssl_ca_data alone has line
 * breaks): "yes", "7000", "10.0.0.1:7000,10.0.0.2:7000". Units are the option's own: milliseconds but for keepalive, which is in
 * seconds, and for sizes, which are in bytes.
 * error: where an error goes; may be NULL. It names the option and what it accepts, and never shows a
 * password.
 *
 * Returns: OK; INVALID_ARGUMENT if a parameter is NULL or no UTF-8, or the name holds a control
 * character; CONFIG if the name is unknown (the error says the nearest known one) or the value does not
 * fit.
 * Ownership: name and value are copied. What rediscluster_options_get gave for this option, by any of its
 * names, is no longer valid.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
rediscluster_status rediscluster_options_set(rediscluster_options *options,
                                             const char *name,
                                             const char *value,
                                             rediscluster_error **error);

/**
 * Reads one option as text, in the form rediscluster_options_set takes. A password that is set reads
 * "***"; what is not set reads "".
 *
 * options: what is read.
 * name: the option's name, NUL-terminated.
 *
 * Returns: the NUL-terminated text; NULL if no option has this name or a parameter is NULL.
 * Ownership: the text belongs to the options. It is valid until this option is set again or the options
 * are freed, whichever comes first.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_options_get(const rediscluster_options *options,
                                     const char *name);

/**
 * The number of options there are.
 *
 * Returns: the number; rediscluster_options_name and its sisters take 0 to one less.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: any thread.
 */
size_t rediscluster_options_count(void);

/**
 * The name of an option.
 *
 * index: 0 to rediscluster_options_count() - 1. The order may change with versions.
 *
 * Returns: the NUL-terminated name; NULL out of range.
 * Ownership: the text is static.
 * Blocks: no.
 * Threads: any thread.
 */
const char *rediscluster_options_name(size_t index);

/**
 * The type of an option: "string", "secret", "bool", "integer", "milliseconds", "seconds", "bytes",
 * "enum", "nodes", "rules" or "zones". More may be added.
 *
 * index: 0 to rediscluster_options_count() - 1.
 *
 * Returns: the NUL-terminated type; NULL out of range.
 * Ownership: the text is static.
 * Blocks: no.
 * Threads: any thread.
 */
const char *rediscluster_options_type(size_t index);

/**
 * The default of an option, as rediscluster_options_get gives it.
 *
 * index: 0 to rediscluster_options_count() - 1.
 *
 * Returns: the NUL-terminated default, "" for none; NULL out of range.
 * Ownership: the text is static.
 * Blocks: no.
 * Threads: any thread.
 */
const char *rediscluster_options_default(size_t index);

/**
 * What an option does, in a paragraph of English.
 *
 * index: 0 to rediscluster_options_count() - 1.
 *
 * Returns: the NUL-terminated paragraph; NULL out of range.
 * Ownership: the text is static.
 * Blocks: no.
 * Threads: any thread.
 */
const char *rediscluster_options_doc(size_t index);

/**
 * Sets the function that log lines go to; without one nothing is logged, and nothing is ever printed.
 * Lines never hold passwords, keys, arguments or values.
 *
 * options: what is changed.
 * callback: takes the lines. NULL ends logging; user_data and destroy are then ignored.
 * user_data: handed to the callback; may be NULL.
 * destroy: called once with user_data when neither these options nor a copy of them or a pool made of
 * one can call the callback any more; may be NULL.
 * error: where an error goes; may be NULL.
 *
 * Returns: OK; INVALID_ARGUMENT if options is NULL.
 * Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
 * it stays the caller's. A callback that was set before is replaced.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
rediscluster_status rediscluster_options_set_log(rediscluster_options *options,
                                                 rediscluster_log_callback callback,
                                                 void *user_data,
                                                 rediscluster_destroy_callback destroy,
                                                 rediscluster_error **error);

/**
 * Sets the function that is asked for credentials at each dial, for tokens that are renewed. Username and
 * password of the options are not used then.
 *
 * options: what is changed.
 * callback: gives the credentials. NULL: username and password of the options hold again; user_data and
 * destroy are then ignored.
 * user_data: handed to the callback; may be NULL.
 * destroy: called once with user_data when neither these options nor a copy of them or a pool made of
 * one can call the callback any more; may be NULL.
 * error: where an error goes; may be NULL.
 *
 * Returns: OK; INVALID_ARGUMENT if options is NULL.
 * Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
 * it stays the caller's. A callback that was set before is replaced.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
rediscluster_status rediscluster_options_set_credentials(rediscluster_options *options,
                                                         rediscluster_credentials_callback callback,
                                                         void *user_data,
                                                         rediscluster_destroy_callback destroy,
                                                         rediscluster_error **error);

/**
 * Sets the function that says where the nodes are dialled that servers announce: in CLUSTER SLOTS,
 * SHARDS and NODES, and in redirects. It is asked after the rules of host_port_remap, with what these
 * gave; an empty host is the host that answered by then. It is never asked for startup_nodes, nor for what
 * cannot be dialled (the host "?", port 0). A topology shows both addresses, and a node is found by both.
 * With TLS a certificate has to hold the host that is dialled, unless the cluster tells a host name of the
 * node or the option ssl_server_name says another.
 *
 * options: what is changed.
 * callback: says the address. NULL ends translation by callback; user_data and destroy are then ignored.
 * user_data: handed to the callback; may be NULL.
 * destroy: called once with user_data when neither these options nor a copy of them or a pool made of
 * one can call the callback any more; may be NULL.
 * error: where an error goes; may be NULL.
 *
 * Returns: OK; INVALID_ARGUMENT if options is NULL.
 * Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
 * it stays the caller's. A callback that was set before is replaced.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
rediscluster_status rediscluster_options_set_translate(rediscluster_options *options,
                                                       rediscluster_translate_callback callback,
                                                       void *user_data,
                                                       rediscluster_destroy_callback destroy,
                                                       rediscluster_error **error);

/**
 * Sets the function that turns host names into addresses, in place of the system's resolver, which is
 * not asked any more. It is asked at each dial of a name, startup_nodes included, so that a name that
 * leads elsewhere by now is followed. Numeric hosts never reach it.
 *
 * options: what is changed.
 * callback: says the addresses. NULL is the system's resolver again; user_data and destroy are then
 * ignored.
 * user_data: handed to the callback; may be NULL.
 * destroy: called once with user_data when neither these options nor a copy of them or a pool made of
 * one can call the callback any more; may be NULL.
 * error: where an error goes; may be NULL.
 *
 * Returns: OK; INVALID_ARGUMENT if options is NULL.
 * Ownership: user_data belongs to the library from success on, until destroy is called with it. On failure
 * it stays the caller's. A callback that was set before is replaced.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
rediscluster_status rediscluster_options_set_resolve(rediscluster_options *options,
                                                     rediscluster_resolve_callback callback,
                                                     void *user_data,
                                                     rediscluster_destroy_callback destroy,
                                                     rediscluster_error **error);

/**
 * Makes a pool. Discovers the cluster from the startup nodes, unless the option `init_slot_cache`
 * is
 * no: then the first get does.
 *
 * options: copied; may be changed or freed right after.
 * out: the pool.
 *
 * Returns: REDISCLUSTER_OK; CONFIG if the options make no sense together; UNREACHABLE if no
 * startup node answered; AUTH or TLS if each that answered refused it so; CLUSTER_DOWN if none knows of a
 * slot that is served; SLOT_NOT_COVERED with `require_full_coverage`; INVALID_ARGUMENT.
 * Ownership: the pool is the caller's, who frees it with rediscluster_pool_free.
 * Blocks: until the cluster is discovered: each dial at most the option `socket_connect_timeout`, each
 * answer at most `socket_timeout`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_new(const rediscluster_options *options,
                                          rediscluster_pool **out,
                                          rediscluster_error **error);

/**
 * Gives a connection back to this pool; the same as rediscluster_connection_release, and checks
 * that it is this pool's.
 *
 * Returns: REDISCLUSTER_OK; NOT_CHECKED_OUT if it was released already; FORKED; INVALID_ARGUMENT
 * if it is another pool's, which it stays, and while another thread uses the connection.
 * Ownership: the connection's value is spent, whatever was borrowed from it too.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_release(rediscluster_pool *pool,
                                              rediscluster_connection *connection,
                                              rediscluster_error **error);

/**
 * Discovers the cluster anew. Connections stay.
 *
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `command_timeout`.
 *
 * Returns: REDISCLUSTER_OK; UNREACHABLE if no node answered; AUTH, TLS, CLUSTER_DOWN and SLOT_NOT_COVERED as
 * rediscluster_pool_new; TIMEOUT; CLOSED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: until the cluster is discovered, at most `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_refresh(rediscluster_pool *pool,
                                              int64_t timeout_ms,
                                              rediscluster_error **error);

/**
 * Starts afresh: closes idle connections now and those in use at their release, and discovers the
 * cluster anew.
 *
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `command_timeout`.
 *
 * Returns: REDISCLUSTER_OK; UNREACHABLE if no node answered; AUTH, TLS, CLUSTER_DOWN and SLOT_NOT_COVERED as
 * rediscluster_pool_new; TIMEOUT; CLOSED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands; connections in use go on working until their release.
 * Blocks: until the cluster is discovered, at most `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_reset(rediscluster_pool *pool,
                                            int64_t timeout_ms,
                                            rediscluster_error **error);

/**
 * Closes idle connections now and those in use at their release. What is known of the cluster
 * stays, and the pool goes on: later gets dial.
 *
 * Returns: REDISCLUSTER_OK; CLOSED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands; connections in use go on working until their release.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_disconnect(rediscluster_pool *pool,
                                                 rediscluster_error **error);

/**
 * Replaces the credentials that connections log in by: those of connections made from now on (unless
 * rediscluster_options_set_credentials gave a callback, which goes on being asked), and those of
 * connections that are there. Idle ones log in anew at once, those in use after their release, when they
 * are given out again; one that the server refuses is closed.
 *
 * username: the ACL user, NUL-terminated; NULL or "" is the default user.
 * password: NUL-terminated; not empty.
 *
 * Returns: REDISCLUSTER_OK; AUTH if a node refused the credentials, which hold all the same; TIMEOUT if
 * the option `command_timeout` ended the call before all idle connections had logged in: the rest do so
 * when they are given out; CLOSED; INVALID_ARGUMENT.
 * Ownership: the texts are copied, and overwritten when they are freed.
 * Blocks: for a round trip for each idle connection, at most the option `command_timeout`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_update_credentials(rediscluster_pool *pool,
                                                         const char *username,
                                                         const char *password,
                                                         rediscluster_error **error);

/**
 * Reads the files again that the options `ssl_ca_certs`, `ssl_certfile` and `ssl_keyfile` name, after
 * certificates were renewed. Connections made from now on use them; those that are open stay as they
 * are (rediscluster_pool_disconnect ends them).
 *
 * Returns: REDISCLUSTER_OK; CONFIG if a file cannot be read or does not fit, or the option `ssl` is no:
 * then the pool goes on with what it has; CLOSED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: no, but for reading the files.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_reload_tls(rediscluster_pool *pool,
                                                 rediscluster_error **error);

/**
 * Closes the pool for good, without freeing it: who waits for a connection wakes with CLOSED,
 * later gets fail with CLOSED, idle connections close now and those in use at their release.
 *
 * Returns: REDISCLUSTER_OK, also where it is closed already; INVALID_ARGUMENT.
 * Ownership: nothing changes hands; the pool is still to be freed.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_close(rediscluster_pool *pool, rediscluster_error **error);

/**
 * Does what is timed: the refresh of the topology, health checks, closing connections that were
 * idle or lived for too long. The library has no thread of its own; call this from the program's
 * timer if one of `topology_refresh_interval`, `health_check_interval`, `max_idle_time` and
 * `max_lifetime` is set.
 *
 * budget_ms: how long the call may take, in milliseconds; 0 does only what needs no waiting; -1:
 * no bound.
 * next_ms: in how many milliseconds there is something to do again; -1: nothing is timed. May be
 * NULL.
 *
 * Returns: REDISCLUSTER_OK; UNREACHABLE or TIMEOUT if a refresh failed; CLOSED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: at most `budget_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_maintain(rediscluster_pool *pool,
                                               int64_t budget_ms,
                                               int64_t *next_ms,
                                               rediscluster_error **error);

/**
 * The pool's statistics as they are now.
 *
 * out: the statistics.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the statistics are the caller's, who frees them with rediscluster_stats_free; they
 * outlive the pool.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_stats(const rediscluster_pool *pool,
                                            rediscluster_stats **out,
                                            rediscluster_error **error);

/**
 * What the pool knows of the cluster now. Asks no node: before the first discovery (option
 * `init_slot_cache`) that is a topology of version 0 without nodes.
 *
 * out: the topology.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the topology is the caller's, who frees it with rediscluster_topology_free; it
 * outlives the pool, and does not change.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_topology(const rediscluster_pool *pool,
                                               rediscluster_topology **out,
                                               rediscluster_error **error);

/**
 * Frees a pool. NULL is fine. Idle connections close now; those in use go on working until
 * rediscluster_connection_release, which closes them.
 *
 * Returns: nothing.
 * Ownership: the pool is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_pool_free(rediscluster_pool *pool);

/**
 * Checks out a connection to a node that serves a slot: to its primary, or for reading to the one whose
 * turn it is by the option `read_from`. A replica that cannot be dialled is passed over within the call,
 * and rests for `replica_cooldown`.
 *
 * slot: 0 to 16383.
 * access: REDISCLUSTER_READ or REDISCLUSTER_WRITE.
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `timeout`.
 * out: the connection.
 *
 * Returns: REDISCLUSTER_OK; SLOT_NOT_COVERED; POOL_EXHAUSTED at a limit where nobody waits;
 * POOL_TIMEOUT where the wait was in vain; TIMEOUT, CONNECTION, AUTH or TLS from dialling; UNREACHABLE;
 * READ_ONLY for REDISCLUSTER_WRITE with the option `readonly`; CLOSED; INVALID_ARGUMENT.
 * Ownership: the connection is the caller's, who gives it back with
 * rediscluster_connection_release or rediscluster_pool_release.
 * Blocks: while it waits for a free connection, dials or discovers the cluster, at most
 * `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_get_by_slot(rediscluster_pool *pool,
                                                  int32_t slot,
                                                  int32_t access,
                                                  int64_t timeout_ms,
                                                  rediscluster_connection **out,
                                                  rediscluster_error **error);

/**
 * Checks out a connection to a node that serves a key, as rediscluster_pool_get_by_slot does for its slot.
 *
 * key, len: the key, binary safe; NULL with 0 is the empty key.
 * access: REDISCLUSTER_READ or REDISCLUSTER_WRITE.
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `timeout`.
 * out: the connection.
 *
 * Returns: as rediscluster_pool_get_by_slot.
 * Ownership: the connection is the caller's, who gives it back with
 * rediscluster_connection_release or rediscluster_pool_release.
 * Blocks: while it waits for a free connection, dials or discovers the cluster, at most
 * `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_get_by_key(rediscluster_pool *pool,
                                                 const uint8_t *key,
                                                 size_t len,
                                                 int32_t access,
                                                 int64_t timeout_ms,
                                                 rediscluster_connection **out,
                                                 rediscluster_error **error);

/**
 * Checks out a connection to a node. One to a replica is ready to read there (READONLY).
 *
 * node: "host:port" as the cluster announces it or as it is dialled, or the node's id.
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `timeout`.
 * out: the connection.
 *
 * Returns: UNKNOWN_NODE if there is no such node; else as rediscluster_pool_get_by_slot.
 * Ownership: the connection is the caller's, who gives it back with
 * rediscluster_connection_release or rediscluster_pool_release.
 * Blocks: while it waits for a free connection, dials or discovers the cluster, at most
 * `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_get_by_node(rediscluster_pool *pool,
                                                  const char *node,
                                                  int64_t timeout_ms,
                                                  rediscluster_connection **out,
                                                  rediscluster_error **error);

/**
 * Checks out a connection to a node that serves a command: by the slot of its keys, or of the channels of
 * SSUBSCRIBE; to any primary if it has none, as SUBSCRIBE. A command that only reads gets one to whom the option
 * `read_from` says. The command is not sent.
 *
 * command: the command; its settings have no part in it.
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `timeout`.
 * out: the connection.
 *
 * Returns: CROSS_SLOT if its keys are in several slots; UNROUTABLE if the library cannot tell its keys: a module's
 * command, which rediscluster_client_execute asks a server about; else as rediscluster_pool_get_by_slot.
 * Ownership: the connection is the caller's, who gives it back with
 * rediscluster_connection_release or rediscluster_pool_release.
 * Blocks: while it waits for a free connection, dials or discovers the cluster, at most
 * `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_get_for_command(rediscluster_pool *pool,
                                                      const rediscluster_command *command,
                                                      int64_t timeout_ms,
                                                      rediscluster_connection **out,
                                                      rediscluster_error **error);

/**
 * Checks out a connection to any primary: for commands without keys. With the options `readonly` and
 * `read_from`, unless that is primary, to any node.
 *
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `timeout`.
 * out: the connection.
 *
 * Returns: as rediscluster_pool_get_by_slot.
 * Ownership: the connection is the caller's, who gives it back with
 * rediscluster_connection_release or rediscluster_pool_release.
 * Blocks: while it waits for a free connection, dials or discovers the cluster, at most
 * `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_get_random(rediscluster_pool *pool,
                                                 int64_t timeout_ms,
                                                 rediscluster_connection **out,
                                                 rediscluster_error **error);

/**
 * Tells the pool that a server answered MOVED, so that the next get for the slot goes to the right node. Where
 * the node is a replica of the slot's shard, it has been promoted, and roles swap for the whole shard; else the
 * slot alone moves. Each call counts: after `reinitialize_steps` of them the topology is discovered anew within
 * this call, which takes at most `command_timeout`; its failure is logged, and is no failure of this call.
 *
 * slot: 0 to 16383, as MOVED says.
 * node: "host:port" as MOVED says; an IPv6 address may stand without brackets. Where the server leaves the host
 * out (":6381") it means its own: put the host that answered in front.
 *
 * Returns: REDISCLUSTER_OK; CLOSED; INVALID_ARGUMENT, also for a node that cannot be dialled: then nothing has
 * changed.
 * Ownership: nothing changes hands; connections in use go on working until their release.
 * Blocks: no, unless this call is the one that discovers the cluster anew.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_moved(rediscluster_pool *pool,
                                            int32_t slot,
                                            const char *node,
                                            rediscluster_error **error);

/**
 * Checks out a connection to the node that a server's ASK names, be it known or not. What is known of the
 * cluster stays: the slot is still the other node's. Send ASKING and the command in one write, and read twice:
 *
 *     rediscluster_connection_append(c, asking, &e), rediscluster_connection_append(c, command, &e),
 *     rediscluster_connection_flush(c, REDISCLUSTER_TIMEOUT_DEFAULT, &e);
 *
 * A connection that is released between the two is closed: nobody else's command is asked.
 *
 * node: "host:port" as ASK says, as for rediscluster_pool_moved.
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `timeout`.
 * out: the connection.
 *
 * Returns: REDISCLUSTER_OK; POOL_EXHAUSTED at a limit where nobody waits; POOL_TIMEOUT where the wait was in
 * vain; TIMEOUT, CONNECTION, AUTH or TLS from dialling; CLOSED; INVALID_ARGUMENT, also for a node that cannot be
 * dialled.
 * Ownership: the connection is the caller's, who gives it back with
 * rediscluster_connection_release or rediscluster_pool_release.
 * Blocks: while it waits for a free connection or dials, at most `timeout_ms`.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pool_ask(rediscluster_pool *pool,
                                          const char *node,
                                          int64_t timeout_ms,
                                          rediscluster_connection **out,
                                          rediscluster_error **error);

/**
 * Sends a command and waits for its reply.
 *
 * An error reply of the server is a reply of kind ERROR, and the status is OK:
 * rediscluster_reply_check turns it into a status.
 *
 * command: the command; it is not changed.
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `command_timeout`.
 * reply: the reply.
 *
 * Returns: REDISCLUSTER_OK; TIMEOUT or CONNECTION, where rediscluster_error_maybe_executed tells
 * whether bytes of the command left (the connection is broken then, and its release closes it);
 * PROTOCOL or LIMIT for a reply that cannot be read; CANCELLED by
 * rediscluster_connection_interrupt; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT, also while another
 * thread uses the connection, or replies to appended commands are not read yet.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: until the reply is there, at most `timeout_ms`.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_connection_command(rediscluster_connection *connection,
                                                    const rediscluster_command *command,
                                                    int64_t timeout_ms,
                                                    rediscluster_reply **reply,
                                                    rediscluster_error **error);

/**
 * Queues a command on the connection; rediscluster_connection_flush sends it. Each command appended is
 * owed one rediscluster_connection_read.
 *
 * command: the command; it is copied and may be changed or freed right after.
 *
 * Returns: REDISCLUSTER_OK; CONNECTION if the connection is broken; NOT_CHECKED_OUT; FORKED;
 * INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_connection_append(rediscluster_connection *connection,
                                                   const rediscluster_command *command,
                                                   rediscluster_error **error);

/**
 * Sends what was appended.
 *
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `command_timeout`.
 *
 * Returns: REDISCLUSTER_OK, also where nothing was appended; TIMEOUT; CONNECTION; CANCELLED by
 * rediscluster_connection_interrupt; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: until the system has taken the bytes, at most `timeout_ms`. Replies that arrive
 * meanwhile are kept, so a long pipeline does not deadlock.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_connection_flush(rediscluster_connection *connection,
                                                  int64_t timeout_ms,
                                                  rediscluster_error **error);

/**
 * The next reply, or the next push of the server (kind PUSH, owed to no command). Sends first what was
 * appended and not flushed.
 *
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `command_timeout`.
 * reply: the reply.
 *
 * Returns: REDISCLUSTER_OK; TIMEOUT if none came in time: the connection stays usable, and the reply
 * can be read later (with a timeout of 0 and NULL for `error` that costs no allocation), unless the
 * server owed one and was silent for the option `socket_timeout`: then the connection is broken;
 * CONNECTION; PROTOCOL or LIMIT for a reply that cannot be read; CANCELLED by
 * rediscluster_connection_interrupt; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: until a reply is there, at most `timeout_ms`.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_connection_read(rediscluster_connection *connection,
                                                 int64_t timeout_ms,
                                                 rediscluster_reply **reply,
                                                 rediscluster_error **error);

/**
 * The node the connection speaks to, "host:port", as it was dialled.
 *
 * Returns: NUL-terminated UTF-8; NULL if the connection is not checked out, is the parent's after
 * a fork, or another thread uses it.
 * Ownership: the text is the connection's and lives until its release.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
const char *rediscluster_connection_node(rediscluster_connection *connection);

/**
 * The connection's socket, to wait on with poll(2) or the like. Replies may be in memory already:
 * read with a timeout of 0 until TIMEOUT before waiting. Never read from it, write to it or close
 * it.
 *
 * Returns: the descriptor; -1 if the connection is not checked out, is the parent's after a fork,
 * or another thread uses it.
 * Ownership: the descriptor is the library's.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
int32_t rediscluster_connection_fd(rediscluster_connection *connection);

/**
 * Whether the connection is to a replica and was made ready to read there (READONLY).
 *
 * Returns: true if so; false also if the connection is not checked out, is the parent's after a
 * fork, or another thread uses it.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
bool rediscluster_connection_is_readonly(rediscluster_connection *connection);

/**
 * Whether the connection is of no more use: release it and get another. An error reply does not
 * break a connection; a timeout in the middle of a command, a lost or garbled one does.
 *
 * Returns: true if so; true also if the connection is not checked out, is the parent's after a
 * fork, or another thread uses it.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
bool rediscluster_connection_is_broken(rediscluster_connection *connection);

/**
 * Ends, from another thread, what the connection's user is doing: that call returns with
 * CANCELLED, and the connection is broken. Without a call under way the next one returns so.
 *
 * Returns: REDISCLUSTER_OK; NOT_CHECKED_OUT; FORKED; INVALID_ARGUMENT.
 * Ownership: nothing changes hands; the connection is still to be released by its user.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_connection_interrupt(rediscluster_connection *connection,
                                                      rediscluster_error **error);

/**
 * Gives the connection back to its pool, whose thread does not matter. The pool keeps it only if
 * it is whole: nothing unread, no transaction or subscription under way, no timeout behind it;
 * else it is closed, as it is where the pool was reset, disconnected, closed or freed meanwhile.
 *
 * Returns: REDISCLUSTER_OK; NOT_CHECKED_OUT if it was released already: nothing changes;
 * FORKED; INVALID_ARGUMENT, also while another thread uses the connection.
 * Ownership: the value is spent, whatever was borrowed from it too.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_connection_release(rediscluster_connection *connection,
                                                    rediscluster_error **error);

/**
 * Makes a command without arguments; the first one appended is its name.
 *
 * out: the command.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT if `out` is NULL.
 * Ownership: the command is the caller's, who frees it with rediscluster_command_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_command_new(rediscluster_command **out,
                                             rediscluster_error **error);

/**
 * Makes a command from an array of arguments, as main() gets them. In C,
 * rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", key, value), &command, &error) fills the
 * first three parameters.
 *
 * argc: how many arguments; at least 1.
 * argv: the arguments, the command's name first.
 * argvlen: their lengths in bytes; NULL: each is NUL-terminated.
 * out: the command.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for no arguments, NULL, or a length beyond memory.
 * Ownership: the arguments are copied. The command is the caller's, who frees it with
 * rediscluster_command_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_command_from_argv(size_t argc,
                                                   const char *const *argv,
                                                   const size_t *argvlen,
                                                   rediscluster_command **out,
                                                   rediscluster_error **error);

/**
 * Appends an argument; the first one is the command's name.
 *
 * data, len: the argument, binary safe; NULL with 0 is the empty string.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL or a length beyond memory.
 * Ownership: the bytes are copied.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_command_append(rediscluster_command *command,
                                                const uint8_t *data,
                                                size_t len,
                                                rediscluster_error **error);

/**
 * Appends several arguments in one call: their bytes one after another, and their lengths. For
 * languages where each call into C, or an array of pointers, is dear.
 *
 * data: the bytes of all arguments, one after another; NULL if they are all empty.
 * lengths: the length of each, in bytes.
 * count: how many arguments.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL or lengths beyond memory: nothing is
 * appended.
 * Ownership: the bytes are copied.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_command_append_packed(rediscluster_command *command,
                                                       const uint8_t *data,
                                                       const size_t *lengths,
                                                       size_t count,
                                                       rediscluster_error **error);

/**
 * Takes all arguments away and keeps the memory, for the next command; what was set (timeout, route,
 * read_from, cancel) stays. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
void rediscluster_command_clear(rediscluster_command *command);

/**
 * Frees a command. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the command is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_command_free(rediscluster_command *command);

/**
 * Makes a token that has not been fired.
 *
 * out: the token.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT if `out` is NULL.
 * Ownership: the token is the caller's, who frees it with rediscluster_cancel_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_cancel_new(rediscluster_cancel **out, rediscluster_error **error);

/**
 * Ends the calls that carry the token, with CANCELLED: whether the command may have run,
 * rediscluster_error_maybe_executed says. Only a host name that is being looked up, and a refresh of the
 * topology under way, are waited for. In a forked child it ends the child's calls alone. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: any thread.
 */
void rediscluster_cancel_fire(const rediscluster_cancel *cancel);

/**
 * Frees a token. Commands that carry it keep what they need of it. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the token is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_cancel_free(rediscluster_cancel *cancel);

/**
 * Sets how long a client's call of the command may take.
 *
 * timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
 * `command_timeout`. What the command itself blocks for (BLPOP) is added.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_command_set_timeout(rediscluster_command *command,
                                                     int64_t timeout_ms,
                                                     rediscluster_error **error);

/**
 * Sets where a client runs the command, in place of where its keys or its request policy say. On a
 * connection of the pool it has no effect.
 *
 * route: a rediscluster_route.
 * slot: with REDISCLUSTER_ROUTE_SLOT, 0 to 16383; else not looked at.
 * node: with REDISCLUSTER_ROUTE_NODE, "host:port", announced or translated, or a node's id; else not looked
 * at, and may be NULL.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the text is copied.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_command_set_route(rediscluster_command *command,
                                                   int32_t route,
                                                   int32_t slot,
                                                   const char *node,
                                                   rediscluster_error **error);

/**
 * Sets which nodes answer the command if it reads, in place of the option `read_from`.
 *
 * read_from: a rediscluster_read_from.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_command_set_read_from(rediscluster_command *command,
                                                       int32_t read_from,
                                                       rediscluster_error **error);

/**
 * Sets the token that ends a client's call of the command.
 *
 * cancel: the token; NULL: none any more.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the command holds the token; the caller's may be freed before it.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_command_set_cancel(rediscluster_command *command,
                                                    const rediscluster_cancel *cancel,
                                                    rediscluster_error **error);

/**
 * Makes a client with a pool of its own.
 *
 * options: copied; may be changed or freed right after.
 * out: the client.
 *
 * Returns: as rediscluster_pool_new.
 * Ownership: the client is the caller's, who frees it with rediscluster_client_free.
 * Blocks: as rediscluster_pool_new.
 * Threads: any thread.
 */
rediscluster_status rediscluster_client_new(const rediscluster_options *options,
                                            rediscluster_client **out,
                                            rediscluster_error **error);

/**
 * Makes a client on a pool that the program uses as well. Connections that the program has checked out
 * count towards the same limits.
 *
 * pool: held by the client from here on: it may be freed before the client, and closes after both.
 * out: the client.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
 * Ownership: the client is the caller's, who frees it with rediscluster_client_free; the pool stays the
 * caller's.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_client_with_pool(rediscluster_pool *pool,
                                                  rediscluster_client **out,
                                                  rediscluster_error **error);

/**
 * Sends a command where it belongs, follows the cluster wherever it moves meanwhile, and waits for the
 * reply.
 *
 * The command goes where its keys are; without keys, where its request policy says, or to any primary; a
 * command of many keys (MGET, MSET, DEL, EXISTS, UNLINK, TOUCH) is split by slot, sent to all nodes at once
 * and its replies joined in order. rediscluster_command_set_route says otherwise. It is sent again only
 * when it cannot have run, or merely reads (option `retry_on_timeout`); redirects are followed. An error
 * reply of the server is a reply of kind ERROR, and the status is OK: rediscluster_reply_check turns it
 * into a status.
 *
 * command: the command; it is not changed. How long the call may take, its route, who answers reads, and a
 * token to end it are the command's settings.
 * reply: the reply.
 *
 * Returns: REDISCLUSTER_OK. Nothing was sent: INVALID_ARGUMENT, also for a wrong number of arguments and for
 * commands that need a connection of their own (MULTI, SUBSCRIBE, WAIT, SELECT: the message says what to use
 * instead); CROSS_SLOT; UNROUTABLE; UNKNOWN_NODE; READ_ONLY with the option `readonly`; POOL_EXHAUSTED;
 * POOL_TIMEOUT; CLOSED. Otherwise TIMEOUT; CONNECTION; AUTH; TLS; PROTOCOL; LIMIT; UNREACHABLE;
 * SLOT_NOT_COVERED; TOO_MANY_REDIRECTS; CANCELLED; and what the server put off until the time was over:
 * TRY_AGAIN, CLUSTER_DOWN, LOADING, READ_ONLY. rediscluster_error_maybe_executed tells whether the command may
 * have run, rediscluster_error_attempt what was tried, rediscluster_error_key_fate what became of each key
 * of a split command.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: until the reply is there, at most the command's timeout, or the option `command_timeout`; what the
 * command itself blocks for (BLPOP, XREAD BLOCK) is added.
 * Threads: any thread.
 */
rediscluster_status rediscluster_client_execute(rediscluster_client *client,
                                                const rediscluster_command *command,
                                                rediscluster_reply **reply,
                                                rediscluster_error **error);

/**
 * The same for a command that is given as an array of arguments, as main() gets them, with no settings of
 * its own. In C, rediscluster_client_command(client, REDISCLUSTER_ARGS("SET", key, value), &reply, &error)
 * fills the middle.
 *
 * argc: how many arguments; at least 1.
 * argv: the arguments, the command's name first.
 * argvlen: their lengths in bytes; NULL: each is NUL-terminated.
 * reply: the reply.
 *
 * Returns: as rediscluster_client_execute.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: as rediscluster_client_execute.
 * Threads: any thread.
 */
rediscluster_status rediscluster_client_command(rediscluster_client *client,
                                                size_t argc,
                                                const char *const *argv,
                                                const size_t *argvlen,
                                                rediscluster_reply **reply,
                                                rediscluster_error **error);

/**
 * The client's pool, for connections of the program's own, refreshes and statistics.
 *
 * Returns: the pool; NULL for NULL.
 * Ownership: borrowed from the client, with which it ends; not to be freed.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_pool *rediscluster_client_pool(rediscluster_client *client);

/**
 * Frees a client. Its pool closes with it, unless the program or another client holds it. NULL is
 * fine.
 *
 * Returns: nothing.
 * Ownership: the client is gone, and the pool that rediscluster_client_pool gave.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_client_free(rediscluster_client *client);

/**
 * Makes an asynchronous handle with nothing in flight. It connects when there is something to send.
 *
 * client: held by the handle from here on: it may be freed before.
 * out: the handle.
 *
 * Returns: REDISCLUSTER_OK; LIMIT where the process may open no more descriptors (it takes three, and one for each
 * connection); CLOSED; INVALID_ARGUMENT for NULL.
 * Ownership: the handle is the caller's, who frees it with rediscluster_async_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_async_new(rediscluster_client *client,
                                           rediscluster_async **out,
                                           rediscluster_error **error);

/**
 * Submits a command. It leaves with the next rediscluster_async_poll, together with all others for its node; only what
 * has gathered for one node beyond 64 KiB leaves before. rediscluster_async_fd is readable then.
 *
 * command: the command; it is copied and may be changed or freed right after. All its settings count: how long it
 * may take (from here on), its route, who answers reads, and a token to end it.
 * tag: what its completion is known by; any number. If several in flight have the same, each completes for itself.
 *
 * Returns: REDISCLUSTER_OK: there will be one completion. No completion comes for: LIMIT, where `max_in_flight`
 * commands are in flight or have completions that were not taken (whatever `in_flight_full` says); INVALID_ARGUMENT,
 * also for a wrong number of arguments, for commands that need a connection of their own (MULTI, SUBSCRIBE: the
 * message says what to use instead), and while another thread uses the handle; CROSS_SLOT; UNROUTABLE;
 * UNKNOWN_NODE; READ_ONLY with the option `readonly`; CANCELLED, for a token that was fired; CLOSED; FORKED. What only
 * a server can tell, of commands that the library does not know, or before the first topology is there, comes as a
 * completion.
 * Ownership: nothing changes hands.
 * Blocks: no. Ordinarily it makes no system call, but for one after each poll where the descriptor is used.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_async_submit(rediscluster_async *asynchronous,
                                              const rediscluster_command *command,
                                              uint64_t tag,
                                              rediscluster_error **error);

/**
 * Ends a command in flight: its completion comes with CANCELLED at the next poll, and
 * rediscluster_error_maybe_executed says whether it may have run. A reply that comes later is thrown away, and the
 * connection stays usable; only of a command that blocks the connection is closed, so that its server takes nothing
 * out for nobody.
 *
 * tag: the command's; if several in flight have it, all of them end.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT if none in flight has the tag (it may be complete already), for NULL,
 * and while another thread uses the handle; FORKED.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_async_cancel(rediscluster_async *asynchronous,
                                              uint64_t tag,
                                              rediscluster_error **error);

/**
 * A descriptor to wait on with poll(2), epoll or an event loop: readable when rediscluster_async_poll has something
 * to send, to receive, to hand over, or to do by time. That is all a program has to wait on. It stays the same as
 * long as the handle lives, also in a forked child, once that has made a call of the handle. Level-triggered waiting
 * is meant. Never read from it, change it or close it.
 *
 * Returns: the descriptor; -1 for NULL.
 * Ownership: the descriptor is the library's.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
int32_t rediscluster_async_fd(const rediscluster_async *asynchronous);

/**
 * Sends what was submitted, with one send a node, receives what has arrived, does what is due by time, and hands over
 * completions in the order in which they came.
 *
 * completions: room for `max` of them; may be NULL where that is 0.
 * max: how many are taken at most. Others stay for the next call, and the descriptor stays readable.
 * timeout_ms: how long the call may wait for at least one completion, in milliseconds; 0, -1 and -2 as the header's
 * beginning says; -2 is the option `command_timeout`. With -1 and nothing in flight it returns at once.
 * count: how many completions there are; 0 if none came in time, which is no failure.
 *
 * Returns: REDISCLUSTER_OK; CLOSED once the handle or the client's pool is closed and no completion is left; FORKED;
 * INTERNAL; INVALID_ARGUMENT, also while another thread uses the handle.
 * Ownership: replies and errors of the completions are the caller's, who frees them with rediscluster_reply_free and
 * rediscluster_error_free.
 * Blocks: until there is a completion, at most `timeout_ms`; with 0 not at all. Only a host name that is looked up
 * may take longer, as the header's beginning says.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_async_poll(rediscluster_async *asynchronous,
                                            rediscluster_completion *completions,
                                            size_t max,
                                            int64_t timeout_ms,
                                            size_t *count,
                                            rediscluster_error **error);

/**
 * In how many milliseconds rediscluster_async_poll has something to do by time, for programs that do not wait on
 * the descriptor; who does needs not ask.
 *
 * Returns: milliseconds; 0: now; -1: there is nothing to do by time, nor for NULL, where the handle gives FORKED, and
 * while another thread uses it.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
int64_t rediscluster_async_next_timeout(const rediscluster_async *asynchronous);

/**
 * Ends what is in flight: it completes with CLOSED, and rediscluster_error_maybe_executed says whether it may have
 * run. rediscluster_async_poll hands these completions over; nothing more is taken by rediscluster_async_submit. Closing
 * twice is no error.
 *
 * Returns: REDISCLUSTER_OK; FORKED; INVALID_ARGUMENT for NULL, and while another thread uses the handle.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_async_close(rediscluster_async *asynchronous,
                                             rediscluster_error **error);

/**
 * Frees a handle. Connections with nothing on their way go back to the pool, the others close; completions that were
 * not taken are freed, and of what is in flight nobody is told. The descriptor closes: take it out of event loops
 * before. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the handle is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_async_free(rediscluster_async *asynchronous);

/**
 * Tells where a command would go and why, without sending it.
 *
 * command: the command; its settings count.
 * out: the explanation.
 *
 * Returns: REDISCLUSTER_OK; what rediscluster_client_execute returns for a command that it refuses, and where the
 * cluster is not discovered yet or a server has to be asked about a command that the library does not know.
 * Ownership: the explanation is the caller's, who frees it with rediscluster_explanation_free.
 * Blocks: no, but where something is asked, as rediscluster_client_execute.
 * Threads: any thread.
 */
rediscluster_status rediscluster_client_explain(rediscluster_client *client,
                                                const rediscluster_command *command,
                                                rediscluster_explanation **out,
                                                rediscluster_error **error);

/**
 * The slot of the command's keys.
 *
 * Returns: 0 to 16383; -1 if it does not go by one slot, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int32_t rediscluster_explanation_slot(const rediscluster_explanation *explanation);

/**
 * How many of the command's arguments are keys (or channels of a shard).
 *
 * Returns: the number; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_explanation_key_count(const rediscluster_explanation *explanation);

/**
 * Which argument a key is, the command's name being argument 0.
 *
 * index: 0 to the count less one.
 *
 * Returns: the argument's place; -1 beyond the last, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int64_t rediscluster_explanation_key(const rediscluster_explanation *explanation, size_t index);

/**
 * How many nodes it would be sent to.
 *
 * Returns: the number; 0 if any node will do, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_explanation_node_count(const rediscluster_explanation *explanation);

/**
 * One of these nodes. Of a command that reads it is the shard's primary, also where replicas answer.
 *
 * index: 0 to the count less one.
 *
 * Returns: "host:port"; NULL beyond the last, and for NULL.
 * Ownership: borrowed from the explanation, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_explanation_node(const rediscluster_explanation *explanation,
                                          size_t index);

/**
 * Why it goes there, for people.
 *
 * Returns: NUL-terminated UTF-8; "" for NULL.
 * Ownership: borrowed from the explanation, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_explanation_reason(const rediscluster_explanation *explanation);

/**
 * Frees an explanation. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the explanation is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_explanation_free(rediscluster_explanation *explanation);

/**
 * Makes a pipeline without commands.
 *
 * out: the pipeline.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
 * Ownership: the pipeline is the caller's, who frees it with rediscluster_pipeline_free; it holds the
 * client, which may be freed before.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_pipeline_new(rediscluster_client *client,
                                              rediscluster_pipeline **out,
                                              rediscluster_error **error);

/**
 * Appends a command; sends nothing. After rediscluster_pipeline_execute the first append begins a new
 * pipeline: the replies of the run before are gone.
 *
 * command: the command; it is copied and may be changed or freed right after. Of its settings route and
 * read_from count; its timeout and token do not.
 *
 * Returns: REDISCLUSTER_OK. The pipeline is as it was for: INVALID_ARGUMENT, also for a wrong number of
 * arguments, for commands that need a connection of their own (the message says what to use instead), and
 * for those that may block (BLPOP); READ_ONLY with the option `readonly`.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_pipeline_append(rediscluster_pipeline *pipeline,
                                                 const rediscluster_command *command,
                                                 rediscluster_error **error);

/**
 * Appends a command that is given as an array of arguments. In C,
 * rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", key), &error) fills the middle.
 *
 * argc: how many arguments; at least 1.
 * argv: the arguments, the command's name first.
 * argvlen: their lengths in bytes; NULL: each is NUL-terminated.
 *
 * Returns: as rediscluster_pipeline_append.
 * Ownership: the arguments are copied.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_pipeline_append_argv(rediscluster_pipeline *pipeline,
                                                      size_t argc,
                                                      const char *const *argv,
                                                      const size_t *argvlen,
                                                      rediscluster_error **error);

/**
 * Appends a script. The first one of a run at each node goes with its text, and later ones by its hash alone: a
 * server that does not have it yet has it for those behind, and the order holds.
 *
 * script: the script; it is copied.
 * arguments: numkeys, the keys and what else the script gets, as for rediscluster_script_execute; NULL: no keys. Its
 * settings do not count.
 *
 * Returns: as rediscluster_pipeline_append.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_pipeline_append_script(rediscluster_pipeline *pipeline,
                                                        const rediscluster_script *script,
                                                        const rediscluster_command *arguments,
                                                        rediscluster_error **error);

/**
 * Sets the token that ends the pipeline's run.
 *
 * cancel: the token; NULL: none any more.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the pipeline holds the token; the caller's may be freed before it.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_pipeline_set_cancel(rediscluster_pipeline *pipeline,
                                                     const rediscluster_cancel *cancel,
                                                     rediscluster_error **error);

/**
 * Runs the commands that were appended. Each has its own outcome, in their order: a reply
 * (rediscluster_pipeline_reply), which may be an error of the server, or an error
 * (rediscluster_pipeline_error). Redirects are followed, and what cannot have run or merely reads is sent
 * again, command by command. Commands of one slot run in their order, unless one of them has to be sent
 * again. A second call runs the same commands again.
 *
 * timeout_ms: how long the call may take, in milliseconds; 0, -1 and -2 as the header's beginning says; -2
 * is the option `command_timeout`.
 *
 * Returns: REDISCLUSTER_OK if every command has a reply, be it an error of the server; else the status of the
 * first that has none, whose error is copied to `error`: the others may have replies all the same;
 * INVALID_ARGUMENT.
 * Ownership: replies and errors are the pipeline's, until its next append, execute, clear or free.
 * Blocks: until all is answered, at most `timeout_ms`.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_pipeline_execute(rediscluster_pipeline *pipeline,
                                                  int64_t timeout_ms,
                                                  rediscluster_error **error);

/**
 * How many commands there are.
 *
 * Returns: the number; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
size_t rediscluster_pipeline_count(const rediscluster_pipeline *pipeline);

/**
 * The reply to one command of the last run.
 *
 * index: the command's place, from 0.
 *
 * Returns: the reply; NULL if it has none (see rediscluster_pipeline_error), beyond the last, before a run, and
 * for NULL.
 * Ownership: borrowed from the pipeline, until its next append, execute, clear or free.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
const rediscluster_reply *rediscluster_pipeline_reply(const rediscluster_pipeline *pipeline,
                                                      size_t index);

/**
 * The same, and the caller's from now on.
 *
 * index: the command's place, from 0.
 *
 * Returns: the reply; NULL if it has none, or was taken before.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_reply *rediscluster_pipeline_take_reply(rediscluster_pipeline *pipeline, size_t index);

/**
 * Why one command of the last run has no reply.
 *
 * index: the command's place, from 0.
 *
 * Returns: the error; NULL if it has a reply, beyond the last, before a run, and for NULL.
 * Ownership: borrowed from the pipeline, until its next append, execute, clear or free; not to be freed.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
const rediscluster_error *rediscluster_pipeline_error(const rediscluster_pipeline *pipeline,
                                                      size_t index);

/**
 * Takes all commands and outcomes away and keeps the memory. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: replies and errors that were borrowed are gone.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
void rediscluster_pipeline_clear(rediscluster_pipeline *pipeline);

/**
 * Frees a pipeline, and the replies and errors that were not taken. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the pipeline is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_pipeline_free(rediscluster_pipeline *pipeline);

/**
 * Makes a transaction. It holds no connection until a key is watched.
 *
 * client: held by the transaction: it may be freed before.
 * out: the transaction.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
 * Ownership: the transaction is the caller's, who frees it with rediscluster_transaction_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_transaction_new(rediscluster_client *client,
                                                 rediscluster_transaction **out,
                                                 rediscluster_error **error);

/**
 * Sets the token that ends the transaction's calls.
 *
 * cancel: the token; NULL: none any more.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL as the transaction.
 * Ownership: the transaction holds the token; the caller's may be freed before it.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_transaction_set_cancel(rediscluster_transaction *transaction,
                                                        const rediscluster_cancel *cancel,
                                                        rediscluster_error **error);

/**
 * Watches a key, at once: rediscluster_transaction_exec does nothing if anybody changes it from now on.
 * May be called for several keys of one slot, also after reads, but not after commands were appended
 * that it is to guard: it guards against what comes after it. The first one takes a connection of the
 * pool, which the transaction keeps until it ends.
 *
 * key, len: the key, binary safe; NULL with 0 is the empty key.
 * timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
 * `command_timeout`.
 *
 * Returns: REDISCLUSTER_OK. CROSS_SLOT: the transaction's keys are in another slot; nothing was sent, and what
 * was watched before is still so. ABORTED: the slot has moved away, and nothing is watched any more; all
 * further calls give the same until the transaction is ended. FORKED. SERVER, TIMEOUT, CONNECTION and others as
 * rediscluster_client_execute.
 * Ownership: the key is copied.
 * Blocks: until the server has answered, at most the timeout.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_transaction_watch(rediscluster_transaction *transaction,
                                                   const uint8_t *key,
                                                   size_t len,
                                                   int64_t timeout_ms,
                                                   rediscluster_error **error);

/**
 * Runs a command now, on the connection that watches, before the commands that are appended: to read what
 * they depend on.
 *
 * command: of keys in the transaction's slot, or of none. Its timeout and its token hold; its route and its
 * readers do not.
 * reply: the reply; an error reply of the server is one, too.
 *
 * Returns: REDISCLUSTER_OK. INVALID_ARGUMENT while nothing is watched (a read before the watch guards
 * nothing), and for commands that rediscluster_client_execute refuses; CROSS_SLOT; UNROUTABLE: nothing was
 * sent. ABORTED: the slot has moved away, and nothing is watched any more; all further calls give the same
 * until the transaction is ended. FORKED. TIMEOUT, CONNECTION and others as rediscluster_client_execute: nothing
 * is watched any more then, either.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: as rediscluster_client_execute.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_transaction_execute(rediscluster_transaction *transaction,
                                                     const rediscluster_command *command,
                                                     rediscluster_reply **reply,
                                                     rediscluster_error **error);

/**
 * Appends a command to those that rediscluster_transaction_exec runs; sends nothing.
 *
 * command: of keys in the transaction's slot; one without keys goes where the others go, and is not sent to
 * several nodes. What blocks (BLPOP) does not within a transaction: it answers at once with what
 * there is. The command's settings are not looked at.
 *
 * Returns: REDISCLUSTER_OK. INVALID_ARGUMENT for a wrong number of arguments and for commands that
 * rediscluster_client_execute refuses (SUBSCRIBE, SELECT, WATCH, MULTI, WAIT and the like); CROSS_SLOT; UNROUTABLE;
 * ABORTED where the watch was lost before; FORKED: the command is not appended.
 * Ownership: the command is copied.
 * Blocks: no, but for a command of a module: a server is asked about it once, within the option
 * `command_timeout`.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_transaction_append(rediscluster_transaction *transaction,
                                                    const rediscluster_command *command,
                                                    rediscluster_error **error);

/**
 * Runs the commands that were appended, as one: MULTI, all of them and EXEC leave in one write. Whatever comes
 * of it, the transaction is as new afterwards: nothing is watched, nothing appended.
 *
 * timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
 * `command_timeout`.
 * reply: an ARRAY of the commands' replies, in their order. One that failed when it ran has an ERROR there,
 * and the others ran all the same: rediscluster_reply_check of each tells.
 *
 * Returns: REDISCLUSTER_OK; with nothing watched and nothing appended, an empty array, and nothing is sent.
 * ABORTED: nothing was done, for a watched key has changed, or the slot is moving
 * (rediscluster_error_server_code says MOVED or the like then): begin again with the watch. SERVER with the
 * code EXECABORT: nothing was done, for the server refused a command when it was queued; the message says which.
 * READ_ONLY; FORKED; without a watch all that rediscluster_client_execute gives. CONNECTION and TIMEOUT:
 * rediscluster_error_maybe_executed is true if all of EXEC may have left, and false if the server cannot have run
 * it.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: until the reply is there, at most the timeout.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_transaction_exec(rediscluster_transaction *transaction,
                                                  int64_t timeout_ms,
                                                  rediscluster_reply **reply,
                                                  rediscluster_error **error);

/**
 * Ends a transaction without running it: what was appended is dropped, nothing is watched any more, and its
 * connection goes back to the pool. It may then begin anew.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
 * Ownership: nothing changes hands.
 * Blocks: if keys are watched, until the server has answered UNWATCH, at most the option `command_timeout`.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_transaction_discard(rediscluster_transaction *transaction,
                                                     rediscluster_error **error);

/**
 * Frees a transaction; what was not run is not. A connection on which keys are watched closes. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the transaction is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_transaction_free(rediscluster_transaction *transaction);

/**
 * Makes a script.
 *
 * source, len: its text, binary safe.
 * access: REDISCLUSTER_WRITE: it is run by EVALSHA, on the primary. REDISCLUSTER_READ: it only reads, and is run by
 * EVALSHA_RO (Redis 7.0 and later, any Valkey) on the nodes that the option `read_from` says.
 * out: the script.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the text is copied. The script is the caller's, who frees it with rediscluster_script_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_script_new(const uint8_t *source,
                                            size_t len,
                                            int32_t access,
                                            rediscluster_script **out,
                                            rediscluster_error **error);

/**
 * The SHA-1 of the script's text, by which servers know it: 40 hex digits.
 *
 * Returns: the digest; "" for NULL.
 * Ownership: borrowed from the script.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_script_sha(const rediscluster_script *script);

/**
 * Runs a script where its keys are, and waits for the reply.
 *
 * arguments: a command whose arguments are what EVALSHA has behind the digest: how many keys there are, the keys,
 * and what else the script gets; none at all means no keys. Its settings (timeout, route, who answers
 * reads, token) are those of the call.
 * reply: what the script returned; an error of the script is a reply of kind ERROR.
 *
 * Returns: as rediscluster_client_execute; CROSS_SLOT for keys in several slots: nothing was sent.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: as rediscluster_client_execute.
 * Threads: any thread.
 */
rediscluster_status rediscluster_script_execute(const rediscluster_script *script,
                                                rediscluster_client *client,
                                                const rediscluster_command *arguments,
                                                rediscluster_reply **reply,
                                                rediscluster_error **error);

/**
 * The same with an array of arguments, and no settings of its own. In C,
 * rediscluster_script_call(script, client, 1, REDISCLUSTER_ARGS(key, value), &reply, &error).
 *
 * key_count: how many of the arguments are keys, from the first on.
 * argc: how many arguments; 0: none, whatever `argv` is.
 * argv: the keys, then what else the script gets.
 * argvlen: their lengths in bytes; NULL: each is NUL-terminated.
 * reply: what the script returned.
 *
 * Returns: as rediscluster_script_execute; INVALID_ARGUMENT if `key_count` is more than `argc`.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: as rediscluster_client_execute.
 * Threads: any thread.
 */
rediscluster_status rediscluster_script_call(const rediscluster_script *script,
                                             rediscluster_client *client,
                                             size_t key_count,
                                             size_t argc,
                                             const char *const *argv,
                                             const size_t *argvlen,
                                             rediscluster_reply **reply,
                                             rediscluster_error **error);

/**
 * Frees a script. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the script is gone, and its digest.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_script_free(rediscluster_script *script);

/**
 * Begins a scan; sends nothing yet.
 *
 * client: held by the scan: it may be freed before.
 * pattern, pattern_len: a glob pattern that keys are to match, as in SCAN MATCH; NULL with 0: all keys.
 * count: how many keys a node looks at for a page, as in SCAN COUNT; 0: the server's own (10). Large
 * clusters are scanned faster with 1000.
 * type: "string", "hash" and so on, as in SCAN TYPE; NULL or "": keys of all types.
 * out: the scan.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: the texts are copied. The scan is the caller's, who frees it with rediscluster_scan_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_scan_new(rediscluster_client *client,
                                          const uint8_t *pattern,
                                          size_t pattern_len,
                                          int64_t count,
                                          const char *type,
                                          rediscluster_scan **out,
                                          rediscluster_error **error);

/**
 * Sets how long one call of rediscluster_scan_next may take.
 *
 * timeout_ms: in milliseconds; 0, -1 and -2 as the header's beginning says; -2 is the option
 * `command_timeout`, and what holds without this call.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_scan_set_timeout(rediscluster_scan *scan,
                                                  int64_t timeout_ms,
                                                  rediscluster_error **error);

/**
 * The next page of keys.
 *
 * reply: an ARRAY of one key or more. After the last page NULL, with REDISCLUSTER_OK, and so it stays:
 *
 *     while ((status = rediscluster_scan_next(scan, &page, &error)) == REDISCLUSTER_OK && page != NULL) {
 *         ...
 *         rediscluster_reply_free(page);
 *     }
 *
 * Returns: REDISCLUSTER_OK. After any failure the next call goes on where this one ended: TIMEOUT, where no key
 * was found in time or a node did not answer; TRY_AGAIN, where slots move to and fro without an end. SERVER: a
 * node refused SCAN, or its pattern, count or type. POOL_EXHAUSTED; POOL_TIMEOUT; UNREACHABLE; AUTH; TLS; PROTOCOL;
 * LIMIT; CLOSED.
 * Ownership: the reply is the caller's, who frees it with rediscluster_reply_free.
 * Blocks: until there is a key, at most the timeout. What fails is tried again until then.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_scan_next(rediscluster_scan *scan,
                                           rediscluster_reply **reply,
                                           rediscluster_error **error);

/**
 * Frees a scan, at its end or before. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the scan is gone; pages stay.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_scan_free(rediscluster_scan *scan);

/**
 * Makes a subscriber without subscriptions. It connects when there is one.
 *
 * client: held by the subscriber from here on: it may be freed before.
 * out: the subscriber.
 *
 * Returns: REDISCLUSTER_OK; LIMIT where the process may open no more descriptors (it takes three, and one
 * for each connection); CLOSED; INVALID_ARGUMENT for NULL.
 * Ownership: the subscriber is the caller's, who frees it with rediscluster_subscriber_free.
 * Blocks: no.
 * Threads: any thread.
 */
rediscluster_status rediscluster_subscriber_new(rediscluster_client *client,
                                                rediscluster_subscriber **out,
                                                rediscluster_error **error);

/**
 * Subscribes to a channel, whose messages come from whatever node they are published on. A channel that
 * is subscribed to already is no error.
 *
 * channel, len: its name; up to 512 MiB.
 * timeout_ms: how long the call may wait for the server's confirmation, in milliseconds; -1 and -2 as the
 * header's beginning says; -2 is the option `command_timeout`. With 0 it only notes the subscription:
 * calls that read ask for it, and for many together with one command.
 *
 * Returns: REDISCLUSTER_OK; SERVER where the server refuses the subscription, which is not there then;
 * TIMEOUT, AUTH, TLS, CANCELLED by rediscluster_subscriber_interrupt, or LIMIT where `max_in_flight`
 * messages wait to be taken: in these cases the subscription is wanted all the same, and asked for until
 * it is there; CLOSED; FORKED; INVALID_ARGUMENT, also while another thread uses the subscriber.
 * Ownership: the name is copied.
 * Blocks: until the server has confirmed, at most `timeout_ms`, and as rediscluster_subscriber_next says of
 * connections that are made. Messages that arrive meanwhile are kept for rediscluster_subscriber_next.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_subscribe(rediscluster_subscriber *subscriber,
                                                      const uint8_t *channel,
                                                      size_t len,
                                                      int64_t timeout_ms,
                                                      rediscluster_error **error);

/**
 * Subscribes to a pattern of channels: `news.*`, `h?llo`, `h[ae]llo`. A message that several subscriptions
 * match comes once for each.
 *
 * pattern, len: the pattern; up to 512 MiB.
 * timeout_ms: as for rediscluster_subscriber_subscribe.
 *
 * Returns: as rediscluster_subscriber_subscribe.
 * Ownership: the pattern is copied.
 * Blocks: as rediscluster_subscriber_subscribe.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_psubscribe(rediscluster_subscriber *subscriber,
                                                       const uint8_t *pattern,
                                                       size_t len,
                                                       int64_t timeout_ms,
                                                       rediscluster_error **error);

/**
 * Subscribes to a shard channel (Redis 7.0 and later, Valkey): its messages stay in the shard that serves the
 * slot of its name, and the subscription follows the slot.
 *
 * channel, len: its name; up to 512 MiB.
 * timeout_ms: as for rediscluster_subscriber_subscribe.
 *
 * Returns: as rediscluster_subscriber_subscribe.
 * Ownership: the name is copied.
 * Blocks: as rediscluster_subscriber_subscribe.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_ssubscribe(rediscluster_subscriber *subscriber,
                                                       const uint8_t *channel,
                                                       size_t len,
                                                       int64_t timeout_ms,
                                                       rediscluster_error **error);

/**
 * Ends the subscription to a channel. Nothing of it is given out from now on, messages that were received
 * already included; the server is told by the next call that reads. A channel that is not subscribed to is
 * no error.
 *
 * channel, len: its name.
 *
 * Returns: REDISCLUSTER_OK; FORKED; INVALID_ARGUMENT, also while another thread uses the subscriber.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_unsubscribe(rediscluster_subscriber *subscriber,
                                                        const uint8_t *channel,
                                                        size_t len,
                                                        rediscluster_error **error);

/**
 * Ends the subscription to a pattern, as rediscluster_subscriber_unsubscribe that to a channel.
 *
 * pattern, len: the pattern, as it was subscribed to.
 *
 * Returns: as rediscluster_subscriber_unsubscribe.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_punsubscribe(rediscluster_subscriber *subscriber,
                                                         const uint8_t *pattern,
                                                         size_t len,
                                                         rediscluster_error **error);

/**
 * Ends the subscription to a shard channel, as rediscluster_subscriber_unsubscribe that to a channel.
 *
 * channel, len: its name.
 *
 * Returns: as rediscluster_subscriber_unsubscribe.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_sunsubscribe(rediscluster_subscriber *subscriber,
                                                         const uint8_t *channel,
                                                         size_t len,
                                                         rediscluster_error **error);

/**
 * The next message, in the order in which they were received. Messages of one subscription come in the order
 * in which the server sent them, each at most once. This call is also what keeps a subscriber going: it
 * subscribes, asks silent servers for a sign of life (PING, after `socket_timeout` of silence and at least a
 * second; without an answer for `socket_timeout` the connection is made anew), and follows the cluster.
 *
 * timeout_ms: how long the call may wait for a message, in milliseconds; 0, -1 and -2 as the header's beginning
 * says; -2 is the option `command_timeout`.
 * out: the message.
 *
 * Returns: REDISCLUSTER_OK; TIMEOUT if none came in time (with a timeout of 0 and NULL for `error` that costs no
 * allocation): with NULL in `out`; CANCELLED by rediscluster_subscriber_interrupt; CLOSED; FORKED;
 * INVALID_ARGUMENT, also while another thread uses the subscriber.
 * Ownership: the message is the caller's, who frees it with rediscluster_message_free.
 * Blocks: until there is a message, at most `timeout_ms`; with 0 no wait for messages. A connection that is
 * missing is made in this call, whatever its timeout: a try takes half a second at most, after failures twice as
 * long each time up to `socket_connect_timeout`, with pauses in between that leave the call to messages.
 * Threads: one thread at a time per object.
 */
rediscluster_status rediscluster_subscriber_next(rediscluster_subscriber *subscriber,
                                                 int64_t timeout_ms,
                                                 rediscluster_message **out,
                                                 rediscluster_error **error);

/**
 * A descriptor to wait on with poll(2), epoll or an event loop: readable when rediscluster_subscriber_next has
 * something to give or to do. Call that with a timeout of 0 until it gives TIMEOUT, then wait. It stays the same
 * as long as the subscriber lives, also in a forked child, once that has made a call of the subscriber. Never
 * read from it, change it or close it.
 *
 * Returns: the descriptor; -1 for NULL, where the subscriber gives FORKED, or another thread uses it.
 * Ownership: the descriptor is the library's.
 * Blocks: no.
 * Threads: one thread at a time per object.
 */
int32_t rediscluster_subscriber_fd(rediscluster_subscriber *subscriber);

/**
 * Ends, from another thread, the call that waits on the subscriber: it returns with CANCELLED. Without one the next
 * call that reads returns so. The subscriber and its subscriptions stay as they are.
 *
 * Returns: REDISCLUSTER_OK; INVALID_ARGUMENT for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no. A connection that is being made is made first.
 * Threads: any thread.
 */
rediscluster_status rediscluster_subscriber_interrupt(rediscluster_subscriber *subscriber,
                                                      rediscluster_error **error);

/**
 * Frees a subscriber: its subscriptions end, its connections and its descriptor close. Messages it gave stay. NULL
 * is fine.
 *
 * Returns: nothing.
 * Ownership: the subscriber is gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_subscriber_free(rediscluster_subscriber *subscriber);

/**
 * What a message is.
 *
 * Returns: the kind; NONE for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_message_type rediscluster_message_kind(const rediscluster_message *message);

/**
 * What kind of subscription a message, gap or refusal belongs to.
 *
 * Returns: the kind; CHANNEL for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_subscription rediscluster_message_subscription(const rediscluster_message *message);

/**
 * The channel: where the message was published, or whose subscription has a gap or was refused.
 *
 * len: how many bytes, without the NUL that stands behind them; may be NULL.
 *
 * Returns: its bytes; NULL, and a length of 0, for a gap or refusal of a pattern, and for NULL.
 * Ownership: the bytes are the message's.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const uint8_t *rediscluster_message_channel(const rediscluster_message *message, size_t *len);

/**
 * The pattern that the channel matched, or whose subscription has a gap or was refused.
 *
 * len: how many bytes, without the NUL that stands behind them; may be NULL.
 *
 * Returns: its bytes, as it was subscribed to; NULL, and a length of 0, where no pattern was subscribed to, and for
 * NULL.
 * Ownership: the bytes are the message's.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const uint8_t *rediscluster_message_pattern(const rediscluster_message *message,
                                            size_t *len);

/**
 * What was published.
 *
 * len: how many bytes, without the NUL that stands behind them; may be NULL.
 *
 * Returns: the bytes; NULL, and a length of 0, for a gap, a refusal, and for NULL.
 * Ownership: the bytes are the message's.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const uint8_t *rediscluster_message_payload(const rediscluster_message *message, size_t *len);

/**
 * The node, "host:port": which sent the message or refused the subscription, or where it is after a gap.
 *
 * Returns: NUL-terminated UTF-8; the empty text for NULL.
 * Ownership: the text is the message's.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_message_node(const rediscluster_message *message);

/**
 * Turns a message of kind REFUSED into a status.
 *
 * Returns: REDISCLUSTER_OK for any other kind; SERVER for a refusal, with the server's code
 * (rediscluster_error_server_code: "NOPERM") and text; INVALID_ARGUMENT for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_status rediscluster_message_check(const rediscluster_message *message,
                                               rediscluster_error **error);

/**
 * Frees a message. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the message and all that was borrowed from it are gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_message_free(rediscluster_message *message);

/**
 * What a reply is.
 *
 * Returns: the kind; NIL for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_kind rediscluster_reply_kind(const rediscluster_reply *reply);

/**
 * The bytes of a STRING, STATUS, ERROR, BIGNUMBER or VERBATIM. A NUL stands behind them.
 *
 * len: how many, without that NUL; may be NULL.
 *
 * Returns: the bytes; NULL, and a length of 0, for any other kind and for NULL.
 * Ownership: the bytes are the reply's and live as long as its root.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const uint8_t *rediscluster_reply_bytes(const rediscluster_reply *reply, size_t *len);

/**
 * The value of an INTEGER.
 *
 * Returns: the number; 0 for any other kind and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int64_t rediscluster_reply_integer(const rediscluster_reply *reply);

/**
 * The value of a DOUBLE.
 *
 * Returns: the number; 0 for any other kind and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
double rediscluster_reply_double(const rediscluster_reply *reply);

/**
 * The value of a BOOLEAN.
 *
 * Returns: the value; false for any other kind and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
bool rediscluster_reply_boolean(const rediscluster_reply *reply);

/**
 * How many elements an ARRAY, SET or PUSH has; of a MAP twice its pairs.
 *
 * Returns: the number; 0 for any other kind and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_reply_count(const rediscluster_reply *reply);

/**
 * An element of an ARRAY, SET, PUSH or MAP (key 0, value 1, key 2, value 3 ...). One addition
 * where the elements hold no others, else a walk over those in front: loop with
 * rediscluster_reply_next.
 *
 * index: 0 to the count less one.
 *
 * Returns: the element; NULL beyond the last, for any other kind, and for NULL.
 * Ownership: borrowed from the reply's root, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const rediscluster_reply *rediscluster_reply_at(const rediscluster_reply *reply, size_t index);

/**
 * The element behind this one, in the same ARRAY, SET, PUSH or MAP.
 *
 * Returns: the element; NULL behind the last, for a root, and for NULL.
 * Ownership: borrowed from the reply's root, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const rediscluster_reply *rediscluster_reply_next(const rediscluster_reply *element);

/**
 * The attributes the server sent in front of this reply or element (RESP3): a MAP.
 *
 * Returns: the attributes; NULL where there are none, and for NULL.
 * Ownership: borrowed from the reply's root, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const rediscluster_reply *rediscluster_reply_attributes(const rediscluster_reply *reply);

/**
 * The whole reply in one call: its elements in pre-order (each before what is in it), the root
 * first, as a flat array. For languages where each call into C is dear: the array and the bytes
 * are one block, to be copied or read in place. Attributes are not among the cells:
 * rediscluster_reply_attributes has them.
 *
 * cells: the first cell; NULL for NULL and for a part of a reply. May be NULL.
 * count: how many cells. May be NULL.
 * size: bytes of the block from the first cell on, so that every cell's bytes lie inside. May be
 * NULL.
 *
 * Returns: nothing.
 * Ownership: the cells are the reply's and live as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
void rediscluster_reply_cells(const rediscluster_reply *reply,
                              const rediscluster_cell **cells,
                              size_t *count,
                              size_t *size);

/**
 * Turns an error reply into a status. Looks at this reply alone, not at errors among its elements.
 *
 * Returns: REDISCLUSTER_OK for any kind but ERROR; SERVER for an ERROR, with the server's code
 * (rediscluster_error_server_code) and text; INVALID_ARGUMENT for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_status rediscluster_reply_check(const rediscluster_reply *reply,
                                             rediscluster_error **error);

/**
 * Frees a reply. NULL is fine; a part of a reply is refused: nothing happens.
 *
 * Returns: nothing.
 * Ownership: the reply and all its parts are gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_reply_free(rediscluster_reply *reply);

/**
 * The topology's version: grows with each that the pool makes.
 *
 * Returns: the version; 0 before the first discovery, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
uint64_t rediscluster_topology_version(const rediscluster_topology *topology);

/**
 * How many nodes there are.
 *
 * Returns: the number; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_topology_node_count(const rediscluster_topology *topology);

/**
 * A node by its index.
 *
 * index: 0 to the count less one.
 *
 * Returns: the node; NULL beyond the last, and for NULL.
 * Ownership: borrowed from the topology, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const rediscluster_node *rediscluster_topology_node(const rediscluster_topology *topology,
                                                    size_t index);

/**
 * The nodes that hold a slot: its primary first, then the replicas.
 *
 * slot: 0 to 16383.
 * index: 0 is the primary, 1 the first replica.
 *
 * Returns: the node; NULL beyond the last replica, for a slot that nobody serves or that is none,
 * and for NULL.
 * Ownership: borrowed from the topology, and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const rediscluster_node *rediscluster_topology_slot_node(const rediscluster_topology *topology,
                                                         int32_t slot,
                                                         size_t index);

/**
 * All nodes of a role.
 *
 * role: REDISCLUSTER_ROLE_PRIMARY or REDISCLUSTER_ROLE_REPLICA.
 * nodes: room for `capacity` nodes; may be NULL if that is 0.
 * capacity: how many nodes to write at most.
 *
 * Returns: how many nodes of the role there are, which may be more than were written; 0 for NULL
 * and for a number that is no role.
 * Ownership: the nodes are borrowed from the topology, and live as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_topology_nodes_by_role(const rediscluster_topology *topology,
                                           int32_t role,
                                           const rediscluster_node **nodes,
                                           size_t capacity);

/**
 * Frees a topology. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the topology and its nodes are gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_topology_free(rediscluster_topology *topology);

/**
 * The node's id: 40 hexadecimal digits.
 *
 * Returns: NUL-terminated text; "" where the server told none, and for NULL; never NULL.
 * Ownership: the text is the topology's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_node_id(const rediscluster_node *node);

/**
 * Where the node is dialled: "host:port", "[v6]:port"; what rediscluster_pool_get_by_node and
 * rediscluster_stats_get take.
 *
 * Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
 * Ownership: the text is the topology's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_node_address(const rediscluster_node *node);

/**
 * The host that is dialled: a name or a numeric address, without brackets.
 *
 * Returns: NUL-terminated UTF-8; "" for NULL; never NULL.
 * Ownership: the text is the topology's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_node_host(const rediscluster_node *node);

/**
 * The port that is dialled.
 *
 * Returns: 1 to 65535; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int32_t rediscluster_node_port(const rediscluster_node *node);

/**
 * The host that the cluster announced.
 *
 * Returns: NUL-terminated UTF-8; "" where it announced none, and for NULL; never NULL.
 * Ownership: the text is the topology's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_node_announced_host(const rediscluster_node *node);

/**
 * The port that the cluster announced.
 *
 * Returns: 1 to 65535; 0 for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int32_t rediscluster_node_announced_port(const rediscluster_node *node);

/**
 * The node's role.
 *
 * Returns: the role; REDISCLUSTER_ROLE_UNKNOWN for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_role rediscluster_node_role(const rediscluster_node *node);

/**
 * A replica's primary, as an index for rediscluster_topology_node.
 *
 * Returns: the index; -1 for a primary, for a replica whose primary is not known, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int64_t rediscluster_node_primary(const rediscluster_node *node);

/**
 * The node's availability zone.
 *
 * Returns: NUL-terminated UTF-8; "" where none is known, and for NULL; never NULL.
 * Ownership: the text is the topology's and lives as long.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
const char *rediscluster_node_zone(const rediscluster_node *node);

/**
 * How the node is, as the cluster says.
 *
 * Returns: the health; REDISCLUSTER_HEALTH_UNKNOWN for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
rediscluster_health rediscluster_node_health(const rediscluster_node *node);

/**
 * How many ranges of slots a primary serves.
 *
 * Returns: the number; 0 for a replica and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
size_t rediscluster_node_slot_range_count(const rediscluster_node *node);

/**
 * One of the ranges of slots a primary serves, in rising order.
 *
 * index: 0 to the count less one.
 * start: the first slot of the range; -1 beyond the last range. May be NULL.
 * end: the last slot of the range, which belongs to it; -1 beyond the last range. May be NULL.
 *
 * Returns: true if there is such a range; false beyond the last, and for NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
bool rediscluster_node_slot_range(const rediscluster_node *node,
                                  size_t index,
                                  int32_t *start,
                                  int32_t *end);

/**
 * One number of the statistics.
 *
 * node: "host:port" as rediscluster_node_address gives it; NULL: of the pool in all.
 * what: one of REDISCLUSTER_STAT_....
 *
 * Returns: the number; -1 for a node the pool does not know, a number that is no statistic, and
 * NULL.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: read-only, any thread.
 */
int64_t rediscluster_stats_get(const rediscluster_stats *stats, const char *node, int32_t what);

/**
 * Frees statistics. NULL is fine.
 *
 * Returns: nothing.
 * Ownership: the statistics are gone.
 * Blocks: no.
 * Threads: not while another thread uses the object.
 */
void rediscluster_stats_free(rediscluster_stats *stats);

/**
 * The hash slot of a key, the same as the server's CLUSTER KEYSLOT. Of a key with a hash tag,
 * "{tag}rest", only the tag counts.
 *
 * key, len: the key, binary safe; NULL with 0 is the empty key.
 *
 * Returns: 0 to 16383; -1 if `key` is NULL and `len` is not 0, or `len` is longer than memory can
 * be.
 * Ownership: nothing changes hands.
 * Blocks: no.
 * Threads: any thread.
 */
int32_t rediscluster_key_slot(const uint8_t *key, size_t len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* REDISCLUSTER_H */
