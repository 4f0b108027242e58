#include "driver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct driver {
    const char *name;
    const char *shared;
    bool is_async;
} driver;

static const driver drivers[] = {
#define DRIVER(name, shared, is_async) {#name, shared, is_async},
#include "drivers.def"
#undef DRIVER
};

static const char *asked_for(void)
{
    const char *name = getenv("REDISCLUSTER_TEST_DRIVER");
    return name != NULL ? name : "";
}

static const driver *present(void)
{
    const char *name = asked_for();
    if (*name == '\0')
        return &drivers[0];
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(drivers[i].name, name) == 0)
            return &drivers[i];
    check_fail(__FILE__, __LINE__, "REDISCLUSTER_TEST_DRIVER is %s, which is none of drivers.def", name);
}

const char *driver_name(void)
{
    return present()->name;
}

/* Where no driver is asked for, the default of the library is tried, too. */
void driver_set(rediscluster_options *options)
{
    rediscluster_error *error = NULL;
    if (*asked_for() != '\0')
        CHECK_OK(rediscluster_options_set(options, "shared", present()->shared, &error), error);
}

bool driver_is_async(void)
{
    return present()->is_async;
}

bool driver_is_exclusive(void)
{
    return !present()->is_async && strcmp(present()->shared, "no") == 0;
}

long driver_connections(int threads)
{
    return driver_is_exclusive() || present()->is_async || threads < 2 ? threads : 2;
}

/* ---- a thread's handles -------------------------------------------------------------------------- */

typedef struct handle {
    const rediscluster_client *client;
    rediscluster_async *async;
    uint64_t tags;
    struct handle *next;
} handle;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_all(void *list)
{
    for (handle *it = list, *next; it != NULL; it = next) {
        next = it->next;
        rediscluster_async_free(it->async);
        free(it);
    }
}

static void make_key(void)
{
    CHECK(pthread_key_create(&key, free_all) == 0);
}

static handle *handle_of(rediscluster_client *client)
{
    rediscluster_error *error = NULL;
    handle *it;
    CHECK(pthread_once(&once, make_key) == 0);
    for (it = pthread_getspecific(key); it != NULL; it = it->next)
        if (it->client == client)
            return it;
    it = calloc(1, sizeof *it);
    CHECK(it != NULL);
    CHECK_OK(rediscluster_async_new(client, &it->async, &error), error);
    it->client = client;
    it->next = pthread_getspecific(key);
    CHECK(pthread_setspecific(key, it) == 0);
    return it;
}

rediscluster_async *driver_async(rediscluster_client *client)
{
    return handle_of(client)->async;
}

uint64_t driver_tag(rediscluster_client *client)
{
    return ++handle_of(client)->tags;
}

void driver_rest(rediscluster_client *client)
{
    handle *all, **at = &all;
    CHECK(pthread_once(&once, make_key) == 0);
    all = pthread_getspecific(key);
    while (*at != NULL && (*at)->client != client)
        at = &(*at)->next;
    if (*at != NULL) {
        handle *gone = *at;
        *at = gone->next;
        gone->next = NULL;
        CHECK(pthread_setspecific(key, all) == 0);
        free_all(gone);
    }
}

void driver_go_on(rediscluster_client *client)
{
    rediscluster_error *error = NULL;
    size_t count = 0;
    if (present()->is_async)
        CHECK_OK(rediscluster_async_poll(handle_of(client)->async, NULL, 0, 0, &count, &error), error);
}

/* ---- calls --------------------------------------------------------------------------------------- */

/* What the call of a completion would have returned. */
static rediscluster_status outcome(rediscluster_completion *completion, rediscluster_reply **reply,
                                   rediscluster_error **error)
{
    rediscluster_status status = REDISCLUSTER_OK;
    CHECK((completion->reply != NULL) != (completion->error != NULL));
    if (completion->error != NULL)
        status = rediscluster_error_status(completion->error);
    *reply = completion->reply;
    if (error != NULL)
        *error = completion->error;
    else
        rediscluster_error_free(completion->error);
    return status;
}

static rediscluster_status submit_and_poll(rediscluster_client *client, const rediscluster_command *command,
                                           rediscluster_reply **reply, rediscluster_error **error)
{
    rediscluster_async *async = driver_async(client);
    uint64_t tag = driver_tag(client);
    rediscluster_completion completion = {0};
    rediscluster_error *own = NULL;
    rediscluster_status status;
    size_t count = 0;
    *reply = NULL;
    status = rediscluster_async_submit(async, command, tag, error);
    if (status != REDISCLUSTER_OK)
        return status;
    while (count == 0)
        CHECK_OK(rediscluster_async_poll(async, &completion, 1, REDISCLUSTER_TIMEOUT_NEVER, &count, &own), own);
    CHECK_INT(completion.tag, tag);
    return outcome(&completion, reply, error);
}

rediscluster_status driver_execute(rediscluster_client *client, const rediscluster_command *command,
                                   rediscluster_reply **reply, rediscluster_error **error)
{
    if (present()->is_async)
        return submit_and_poll(client, command, reply, error);
    return rediscluster_client_execute(client, command, reply, error);
}

rediscluster_status driver_command(rediscluster_client *client, size_t argc, const char *const *argv,
                                   const size_t *argvlen, rediscluster_reply **reply, rediscluster_error **error)
{
    rediscluster_command *command = NULL;
    rediscluster_error *own = NULL;
    rediscluster_status status;
    if (!present()->is_async)
        return rediscluster_client_command(client, argc, argv, argvlen, reply, error);
    CHECK_OK(rediscluster_command_from_argv(argc, argv, argvlen, &command, &own), own);
    status = submit_and_poll(client, command, reply, error);
    rediscluster_command_free(command);
    return status;
}

void driver_free(rediscluster_client *client)
{
    driver_rest(client);
    rediscluster_client_free(client);
}
