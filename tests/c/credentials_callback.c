/* K4: the credentials callback is asked once for each dial, discovery's included, with the node's address, and what it says
 * is what goes out: user and password, a password alone, no login, or nothing, which is AUTH. Its sink refuses what is no
 * text and takes nothing of it. It runs with no lock held: several threads are inside at once, and it may use another pool.
 * Forked children ask it too; copies of the options share it, and its user_data is destroyed once. */
#define _POSIX_C_SOURCE 200809L

#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct source {
    pthread_mutex_t lock;
    int calls, destroyed;
    const char *username, *password;
    bool silent, misuse, rotates;
    fake_node *fake;
    int asked_for[3];              /* by node */
    rediscluster_pool *other;      /* used from inside */
    pthread_barrier_t *together;   /* passed from inside */
};

static void source_init(struct source *source, fake_node *fake)
{
    memset(source, 0, sizeof *source);
    CHECK(pthread_mutex_init(&source->lock, NULL) == 0);
    source->fake = fake;
    source->username = "app";
    source->password = "pw";
}

static void misuse_sink(rediscluster_credentials_sink sink, void *sink_data)
{
    const int invalid = REDISCLUSTER_ERROR_INVALID_ARGUMENT;
    CHECK_INT(sink(NULL, "evil", "pw"), invalid);
    CHECK_INT(sink(sink_data, "evil\n", "pw"), invalid);
    CHECK_INT(sink(sink_data, "evil", "p\nw"), invalid);
    CHECK_INT(sink(sink_data, "evil\xff", "pw"), invalid);
    CHECK_INT(sink(sink_data, "evil", "\xff"), invalid);
}

static void answer(void *user_data, const char *node, rediscluster_credentials_sink sink, void *sink_data)
{
    struct source *source = user_data;
    char password[64];
    bool known = false;
    pthread_mutex_lock(&source->lock);
    source->calls++;
    for (int i = 1; i <= 2 && source->fake != NULL; i++)
        if (strcmp(node, fake_node_address(source->fake, i)) == 0) {
            source->asked_for[i]++;
            known = true;
        }
    CHECK(known && source->destroyed == 0);
    pthread_mutex_unlock(&source->lock);
    if (source->together != NULL)
        pthread_barrier_wait(source->together);
    if (source->other != NULL) {
        rediscluster_connection *connection = take_slot(source->other, 0, -2);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    if (source->misuse)
        misuse_sink(sink, sink_data);
    if (source->silent)
        return;
    if (source->rotates) {
        snprintf(password, sizeof password, "token-%d", source->calls);
        fake_node_control(source->fake, "set token %s", password);
        CHECK_INT(sink(sink_data, "app", "token-0"), REDISCLUSTER_OK); /* the last one counts */
        CHECK_INT(sink(sink_data, "app", password), REDISCLUSTER_OK);
        memset(password, 'x', sizeof password - 1);
        return;
    }
    CHECK_INT(sink(sink_data, source->username, source->password), REDISCLUSTER_OK);
    if (source->misuse)
        misuse_sink(sink, sink_data);
}

static void destroy(void *user_data)
{
    ((struct source *)user_data)->destroyed++;
}

static const char script[] = "node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2";

/* Options whose own user and password are not to be used. */
static rediscluster_options *asking(struct source *source)
{
    rediscluster_options *options = options_of(fake_node_address(source->fake, 1), "username", "unused", "password",
                                               "unused", "topology_refresh_min_interval", "0", NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_credentials(options, answer, source, destroy, &error), error);
    return options;
}

static rediscluster_pool *pool_asking(struct source *source)
{
    rediscluster_options *options = asking(source);
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    return pool;
}

/* Each connection's first words are these. */
static void each_says(fake_node *fake, const char *words)
{
    char *log = fake_node_log(fake), *rest = NULL;
    int greetings = 0;
    CHECK(strstr(log, "unused") == NULL && strstr(log, "evil") == NULL);
    for (char *line = strtok_r(log, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *greeting = strstr(line, "HELLO");
        if (greeting == NULL)
            continue;
        CHECK_STR(greeting, words);
        greetings++;
    }
    CHECK_INT(greetings, fake_node_connections_of(fake, 1).total + fake_node_connections_of(fake, 2).total);
    free(log);
}

static void once_for_each_dial(const char *username, const char *password, bool misuse, const char *words)
{
    fake_node *fake = fake_node_start(script);
    struct source source;
    rediscluster_pool *pool;
    rediscluster_error *error = NULL;
    source_init(&source, fake);
    source.username = username;
    source.password = password;
    source.misuse = misuse;
    pool = pool_asking(&source);
    CHECK_INT(source.calls, 1);
    for (int round = 0; round < 3; round++) {
        rediscluster_connection *one = take_slot(pool, 0, -2), *two = take_slot(pool, 0, -2),
                                *three = take_slot(pool, 16383, -2);
        say_expect(one, "PONG", "PING", NULL);
        give_back(one);
        give_back(two);
        give_back(three);
        /* No dial, no question. */
        give_back(take_slot(pool, 0, -2));
        CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
        CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
    }
    CHECK_INT(source.asked_for[1], fake_node_connections_of(fake, 1).total);
    CHECK_INT(source.asked_for[2], fake_node_connections_of(fake, 2).total);
    CHECK_INT(source.calls, 1 + 3 * 4);
    each_says(fake, words);
    CHECK_INT(source.destroyed, 0);
    rediscluster_pool_free(pool);
    CHECK_INT(source.destroyed, 1);
    fake_node_stop(fake);
}

static void no_answer_is_auth(void)
{
    fake_node *fake = fake_node_start(script);
    struct source source;
    rediscluster_options *options;
    rediscluster_pool *pool;
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    source_init(&source, fake);
    source.misuse = true; /* what the sink refused is no answer either */
    pool = pool_asking(&source);
    source.silent = true;
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 5000, &none, &error),
                REDISCLUSTER_ERROR_AUTH, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "credentials callback");
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    /* It answers again: at once. */
    source.silent = false;
    give_back(take_slot(pool, 16383, -2));
    rediscluster_pool_free(pool);
    source.silent = true;
    source.destroyed = 0;
    options = asking(&source);
    error = pool_refused(options, REDISCLUSTER_ERROR_AUTH);
    CHECK_CONTAINS(rediscluster_error_message(error), "credentials callback");
    rediscluster_error_free(error);
    CHECK_INT(source.destroyed, 0);
    rediscluster_options_free(options);
    CHECK_INT(source.destroyed, 1);
    fake_node_stop(fake);
}

/* The node accepts the newest token alone, and each dial brings it. */
static void rotating_tokens(void)
{
    fake_node *fake = fake_node_start("let token none\nnode 1 2\n"
                                      "on HELLO 3 AUTH app $token => handshake\n"
                                      "on HELLO * => error \"WRONGPASS invalid username-password pair\"\n"
                                      "handshake\nstore\ntopology 0-8191=1 8192-16383=2");
    struct source source;
    rediscluster_pool *pool;
    rediscluster_error *error = NULL;
    source_init(&source, fake);
    source.rotates = true;
    pool = pool_asking(&source);
    for (int round = 0; round < 20; round++) {
        rediscluster_connection *one = take_slot(pool, round % 2 ? 0 : 16383, -2), *two = take_slot(pool, 0, -2);
        give_back(one);
        give_back(two);
        if (round % 3 == 0)
            fake_node_control(fake, "disconnect 1");
        if (round % 5 == 0)
            CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    }
    CHECK_INT(source.calls, fake_node_connections_of(fake, 1).total + fake_node_connections_of(fake, 2).total);
    CHECK(source.calls > 8);
    CHECK_INT(fake_node_count(fake, "HELLO"), source.calls);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

struct crowd {
    rediscluster_pool *pool;
};

static void get_one(void *shared, int number)
{
    struct crowd *crowd = shared;
    rediscluster_connection *connection = take_slot(crowd->pool, number % 2 ? 0 : 16383, 20000);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

/* Nobody passes the barrier unless all are inside together. */
static void by_several_threads_at_once(void)
{
    fake_node *fake = fake_node_start(script);
    struct source source;
    struct crowd crowd;
    pthread_barrier_t together;
    source_init(&source, fake);
    crowd.pool = pool_asking(&source);
    CHECK(pthread_barrier_init(&together, NULL, 6) == 0);
    source.together = &together;
    threads_run(6, get_one, &crowd);
    CHECK_INT(source.calls, 7);
    CHECK_INT(pool_stat(crowd.pool, NULL, REDISCLUSTER_STAT_OPEN), 6);
    rediscluster_pool_free(crowd.pool);
    pthread_barrier_destroy(&together);
    fake_node_stop(fake);
}

static void another_pool_inside(void)
{
    fake_node *fake = fake_node_start(script), *elsewhere = fake_node_start(script);
    struct source source;
    rediscluster_pool *pool;
    source_init(&source, fake);
    source.other = pool_of(fake_node_address(elsewhere, 1), "max_connections", "1", "password", "other", NULL);
    pool = pool_asking(&source);
    give_back(take_slot(pool, 0, -2));
    give_back(take_slot(pool, 16383, -2));
    CHECK_INT(source.calls, 3);
    rediscluster_pool_free(pool);
    rediscluster_pool_free(source.other);
    fake_node_stop(elsewhere);
    fake_node_stop(fake);
}

static void in_a_forked_child(void)
{
    fake_node *fake = fake_node_start(script);
    struct source source;
    rediscluster_pool *pool;
    rediscluster_connection *connection;
    int status = -1;
    pid_t child;
    source_init(&source, fake);
    pool = pool_asking(&source);
    connection = take_slot(pool, 0, -2);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        rediscluster_connection *own = take_slot(pool, 0, -2); /* by a discovery of its own */
        bool sound = source.calls == 4 && source.destroyed == 0;
        say_expect(own, "PONG", "PING", NULL);
        give_back(own);
        rediscluster_pool_free(pool);
        if (test_is_under_valgrind())
            execlp(sound ? "true" : "false", "child", (char *)NULL);
        _exit(sound ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    each_says(fake, "HELLO 3 AUTH app pw");
    CHECK_INT(source.calls, 2);
    rediscluster_pool_free(pool);
    CHECK_INT(source.destroyed, 1);
    fake_node_stop(fake);
}

static void shared_and_given_back_once(void)
{
    fake_node *fake = fake_node_start(script);
    struct source first, second;
    rediscluster_options *options, *copy = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    source_init(&first, fake);
    source_init(&second, fake);
    options = asking(&first);
    CHECK_OK(rediscluster_options_clone(options, &copy, &error), error);
    CHECK_OK(rediscluster_pool_new(copy, &pool, &error), error);
    CHECK_INT(first.calls, 1);
    /* Replaced in one place, it serves the others. */
    CHECK_OK(rediscluster_options_set_credentials(options, answer, &second, destroy, &error), error);
    rediscluster_options_free(copy);
    give_back(take_slot(pool, 0, -2));
    CHECK(first.calls == 2 && first.destroyed == 0 && second.calls == 0);
    rediscluster_pool_free(pool);
    CHECK(first.destroyed == 1 && second.destroyed == 0);
    /* NULL: the options' own user and password hold again. */
    CHECK_OK(rediscluster_options_set_credentials(options, NULL, &first, destroy, &error), error);
    CHECK(first.destroyed == 1 && second.destroyed == 1);
    fake_node_control(fake, "clear");
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    {
        char *log = fake_node_log(fake);
        CHECK_CONTAINS(log, "HELLO 3 AUTH unused unused");
        free(log);
    }
    rediscluster_pool_free(pool);
    /* On failure the data stays the caller's; it may be NULL, and so may be destroy. */
    CHECK_STATUS(rediscluster_options_set_credentials(NULL, answer, &first, destroy, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_OK(rediscluster_options_set_credentials(options, answer, NULL, NULL, &error), error);
    rediscluster_options_free(options);
    CHECK(first.destroyed == 1 && second.destroyed == 1);
    fake_node_stop(fake);
}

int main(void)
{
    once_for_each_dial("app", "pw", false, "HELLO 3 AUTH app pw");
    once_for_each_dial("app", "two words", true, "HELLO 3 AUTH app \"two words\"");
    once_for_each_dial(NULL, "pw", false, "HELLO 3 AUTH default pw");
    once_for_each_dial("", "pw", true, "HELLO 3 AUTH default pw");
    once_for_each_dial("app", NULL, true, "HELLO 3");
    once_for_each_dial("app", "", false, "HELLO 3");
    once_for_each_dial(NULL, NULL, false, "HELLO 3");
    no_answer_is_auth();
    rotating_tokens();
    by_several_threads_at_once();
    another_pool_inside();
    in_a_forked_child();
    shared_and_given_back_once();
    return 0;
}
