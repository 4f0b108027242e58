#define _POSIX_C_SOURCE 200809L

#include "load_log.h"

#include "commands.h"
#include "driver.h"
#include "driver_pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PUSH(list, item)                                                                           \
    do {                                                                                           \
        if ((list).count == (list).capacity) {                                                     \
            (list).capacity = (list).capacity != 0 ? 2 * (list).capacity : 1024;                   \
            (list).items = realloc((list).items, (list).capacity * sizeof *(list).items);          \
            CHECK((list).items != NULL);                                                           \
        }                                                                                          \
        (list).items[(list).count++] = (item);                                                     \
    } while (0)

#define NUMBER_BITS 32
#define NUMBER(value) ((value) & ((UINT64_C(1) << NUMBER_BITS) - 1))
#define GENERATION(value) ((value) >> NUMBER_BITS)

void load_write_key(char *key, uint32_t tag, int thread, uint32_t number)
{
    snprintf(key, LOAD_KEY, "{%" PRIu32 "}w%d.%" PRIu32, tag, thread, number);
}

void load_register_key(char *key, uint32_t tag, int thread, int at, uint64_t generation)
{
    snprintf(key, LOAD_KEY, "{%" PRIu32 "}r%d.%d.%" PRIu64, tag, thread, at, generation);
}

/* A number below a bound: xorshift, for the same calls in every run are no aim here. */
static uint32_t roll(load_thread *self, uint32_t bound)
{
    self->dice ^= self->dice << 13;
    self->dice ^= self->dice >> 7;
    self->dice ^= self->dice << 17;
    return (uint32_t)(self->dice >> 33) % bound;
}

static void note_call(load_thread *self, int64_t began_us, int32_t status, bool troubled)
{
    load_call call = {began_us, clock_us(), (uint8_t)status, troubled};
    CHECK_BETWEEN(status, 0, LOAD_STATUSES - 1);
    PUSH(self->calls, call);
}

/* ---- writes ------------------------------------------------------------------------------------- */

static load_write begin_write(load_thread *self, bool troubled)
{
    load_write write = {0};
    write.number = self->writes_made++;
    write.tag = self->load->tags[troubled][roll(self, LOAD_TAGS)];
    write.troubled = troubled;
    return write;
}

static void end_write(load_thread *self, load_write write, const rediscluster_reply *reply,
                      const rediscluster_error *error)
{
    write.ended_us = clock_us();
    if (error != NULL)
        write.fate = rediscluster_error_maybe_executed(error) ? LOAD_MAYBE : LOAD_REFUSED;
    else if (rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_ERROR)
        write.fate = LOAD_REFUSED;
    else
        write.fate = rediscluster_reply_integer(reply) == 1 ? LOAD_ACKNOWLEDGED : LOAD_WRONG;
    PUSH(self->writes, write);
}

static void note_error(load_thread *self, const rediscluster_error *error)
{
    if (error != NULL && self->error[0] == '\0')
        snprintf(self->error, sizeof self->error, "%s", rediscluster_error_message(error));
}

/* The status of a call that had this outcome, an error of the server being one, too. */
static int32_t status_of(const rediscluster_reply *reply, const rediscluster_error *error)
{
    if (error != NULL)
        return (int32_t)rediscluster_error_status(error);
    return (int32_t)rediscluster_reply_check(reply, NULL);
}

static void increment(load_thread *self, bool troubled)
{
    char key[LOAD_KEY];
    load_write write = begin_write(self, troubled);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t began = clock_us();
    load_write_key(key, write.tag, self->number, write.number);
    driver_command(self->load->plan.client, REDISCLUSTER_ARGS("INCR", key), &reply, &error);
    note_call(self, began, status_of(reply, error), troubled);
    end_write(self, write, reply, error);
    note_error(self, error);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
}

/* ---- registers ---------------------------------------------------------------------------------- */

static bool is_troubled(int at)
{
    return at % 2 == 1;
}

static void set_register(load_thread *self, int at)
{
    load_register *it = &self->registers[at];
    uint64_t value = it->number + 1;
    char key[LOAD_KEY], text[24];
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t began = clock_us();
    load_register_key(key, it->tag, self->number, at, GENERATION(value));
    snprintf(text, sizeof text, "%" PRIu64, NUMBER(value));
    driver_command(self->load->plan.client, REDISCLUSTER_ARGS("SET", key, text), &reply, &error);
    note_call(self, began, status_of(reply, error), is_troubled(at));
    it->number = value;
    if (status_of(reply, error) == 0) {
        /* Read in the other order: a time that is read never is that of a later number. */
        atomic_store(&it->acknowledged, value);
        atomic_store(&it->acknowledged_us, clock_us());
    } else if (error != NULL && rediscluster_error_maybe_executed(error)) {
        it->number = (GENERATION(value) + 1) << NUMBER_BITS;
        atomic_store(&it->acknowledged, it->number);
    }
    note_error(self, error);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
}

/* A register as it was before a read began. */
typedef struct floor {
    char key[LOAD_KEY];
    uint64_t number;
    int64_t acknowledged_us;
    bool troubled;
} floor_;

static floor_ begin_read(load_thread *self, bool troubled)
{
    load_thread *whose = &self->load->threads[roll(self, (uint32_t)self->load->plan.threads)];
    int at = 2 * (int)roll(self, LOAD_REGISTERS / 2) + (troubled ? 1 : 0);
    load_register *it = &whose->registers[at];
    floor_ floor;
    uint64_t value;
    floor.acknowledged_us = atomic_load(&it->acknowledged_us);
    value = atomic_load(&it->acknowledged);
    floor.number = NUMBER(value);
    floor.troubled = troubled;
    load_register_key(floor.key, it->tag, whose->number, at, GENERATION(value));
    return floor;
}

static void end_read(load_thread *self, const floor_ *floor, const rediscluster_reply *reply)
{
    const char *text = (const char *)rediscluster_reply_bytes(reply, NULL);
    load_stale stale = {floor->acknowledged_us, floor->troubled};
    self->reads++;
    if (floor->number > 0 && (text == NULL || strtoull(text, NULL, 10) < floor->number))
        PUSH(self->stale, stale);
}

static void get_register(load_thread *self, bool troubled)
{
    floor_ floor = begin_read(self, troubled);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t began = clock_us();
    driver_command(self->load->plan.client, REDISCLUSTER_ARGS("GET", floor.key), &reply, &error);
    note_call(self, began, status_of(reply, error), troubled);
    if (status_of(reply, error) == 0)
        end_read(self, &floor, reply);
    note_error(self, error);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
}

/* ---- many keys in a call ------------------------------------------------------------------------ */

#define MANY 6

static void get_many(load_thread *self)
{
    const char *arguments[1 + MANY] = {"MGET"};
    floor_ floors[MANY];
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t began = clock_us();
    for (int i = 0; i < MANY; i++) {
        floors[i] = begin_read(self, i % 2 == 1);
        arguments[1 + i] = floors[i].key;
    }
    driver_command(self->load->plan.client, 1 + MANY, arguments, NULL, &reply, &error);
    note_call(self, began, status_of(reply, error), true);
    if (status_of(reply, error) == 0) {
        CHECK_INT(rediscluster_reply_count(reply), MANY);
        for (int i = 0; i < MANY; i++)
            end_read(self, &floors[i], rediscluster_reply_at(reply, (size_t)i));
    }
    note_error(self, error);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
}

static void pipeline(load_thread *self)
{
    driver_pipeline *pipeline;
    rediscluster_error *error = NULL;
    load_write writes[MANY];
    floor_ floors[MANY];
    char key[LOAD_KEY];
    int64_t began = clock_us();
    int32_t status;
    pipeline = driver_pipeline_of(self->load->plan.client);
    for (int i = 0; i < MANY; i++) {
        writes[i] = begin_write(self, i % 2 == 1);
        load_write_key(key, writes[i].tag, self->number, writes[i].number);
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("INCR", key), &error), error);
        floors[i] = begin_read(self, i % 2 == 1);
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", floors[i].key), &error), error);
    }
    status = (int32_t)driver_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT);
    for (size_t i = 0; i < MANY; i++) {
        const rediscluster_reply *answer = driver_pipeline_reply(pipeline, 2 * i + 1);
        const rediscluster_reply *incremented = driver_pipeline_reply(pipeline, 2 * i);
        end_write(self, writes[i], incremented, driver_pipeline_error(pipeline, 2 * i));
        note_error(self, driver_pipeline_error(pipeline, 2 * i));
        if (answer != NULL && rediscluster_reply_kind(answer) != REDISCLUSTER_REPLY_ERROR)
            end_read(self, &floors[i], answer);
        if (status == 0 && (status = status_of(incremented, NULL)) == 0)
            status = status_of(answer, NULL);
    }
    note_call(self, began, status, true);
    driver_pipeline_free(pipeline);
}

/* ---- threads ------------------------------------------------------------------------------------ */

static void sleep_us(int64_t us)
{
    struct timespec time = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    nanosleep(&time, NULL);
}

static void *call(void *argument)
{
    load_thread *self = argument;
    while (!atomic_load(&self->load->ends)) {
        bool troubled = roll(self, 2) == 1;
        uint32_t what = roll(self, 100);
        if (self->load->plan.many && what < 10)
            get_many(self);
        else if (self->load->plan.many && what < 20)
            pipeline(self);
        else if (what < 50)
            increment(self, troubled);
        else if (what < 70)
            set_register(self, 2 * (int)roll(self, LOAD_REGISTERS / 2) + (troubled ? 1 : 0));
        else
            get_register(self, troubled);
        sleep_us(self->load->plan.pause_us);
    }
    return NULL;
}

/* Sleeps, and asks a node that is well: what these take is the machine's. */
static void *idle(void *argument)
{
    load *self = argument;
    while (!atomic_load(&self->ends)) {
        load_delay slept = {clock_us(), 0}, asked;
        sleep_us(1000);
        asked.at_us = clock_us();
        slept.by_us = asked.at_us - slept.at_us - 1000;
        rediscluster_reply_free(ask(self->plan.control, "PING", NULL));
        asked.by_us = clock_us() - asked.at_us;
        if (slept.by_us > 1000)
            PUSH(self->delays, slept);
        if (asked.by_us > 1000)
            PUSH(self->delays, asked);
    }
    return NULL;
}

static void find_tags(load *self)
{
    int found[2] = {0, 0};
    char text[16];
    for (uint32_t tag = 0; found[0] < LOAD_TAGS || found[1] < LOAD_TAGS; tag++) {
        size_t length = (size_t)snprintf(text, sizeof text, "%" PRIu32, tag);
        int32_t slot = rediscluster_key_slot((const uint8_t *)text, length);
        bool troubled = slot >= self->plan.first && slot <= self->plan.last;
        if (found[troubled] < LOAD_TAGS)
            self->tags[troubled][found[troubled]++] = tag;
    }
}

load *load_start(const load_plan *plan)
{
    load *self = calloc(1, sizeof *self);
    CHECK(self != NULL && plan->threads > 0);
    self->plan = *plan;
    self->threads = calloc((size_t)plan->threads, sizeof *self->threads);
    CHECK(self->threads != NULL);
    find_tags(self);
    for (int i = 0; i < plan->threads; i++) {
        load_thread *thread = &self->threads[i];
        thread->load = self;
        thread->number = i;
        thread->dice = (uint64_t)clock_us() * 2654435761u + (uint64_t)i + 1;
        for (int at = 0; at < LOAD_REGISTERS; at++)
            thread->registers[at].tag = self->tags[is_troubled(at)][roll(thread, LOAD_TAGS)];
    }
    for (int i = 0; i < plan->threads; i++)
        CHECK(pthread_create(&self->threads[i].thread, NULL, call, &self->threads[i]) == 0);
    CHECK(pthread_create(&self->idler, NULL, idle, self) == 0);
    return self;
}

void load_stop(load *self)
{
    atomic_store(&self->ends, true);
    for (int i = 0; i < self->plan.threads; i++)
        CHECK(pthread_join(self->threads[i].thread, NULL) == 0);
    CHECK(pthread_join(self->idler, NULL) == 0);
}

void load_free(load *self)
{
    for (int i = 0; i < self->plan.threads; i++) {
        free(self->threads[i].calls.items);
        free(self->threads[i].writes.items);
        free(self->threads[i].stale.items);
    }
    free(self->delays.items);
    free(self->threads);
    free(self);
}
