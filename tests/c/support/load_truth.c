#include "load_log.h"

#include <stdlib.h>
#include <string.h>

#define EACH_CALL(self, call)                                                                      \
    for (int thread_ = 0; thread_ < (self)->plan.threads; thread_++)                               \
        for (const load_call *call = (self)->threads[thread_].calls.items,                         \
                             *end_ = call + (self)->threads[thread_].calls.count;                  \
             call < end_; call++)

load_calls load_calls_between(const load *self, bool troubled, int64_t from_us, int64_t to_us, int64_t allowed_us)
{
    load_calls calls = {0};
    EACH_CALL(self, call) {
        int64_t took = call->ended_us - call->began_us;
        if (call->troubled != troubled || call->ended_us < from_us || call->ended_us >= to_us)
            continue;
        calls.all++;
        calls.failed += call->status != 0;
        calls.by_status[call->status]++;
        calls.late += took > allowed_us;
        if (took > calls.longest_us)
            calls.longest_us = took;
    }
    return calls;
}

int64_t load_first_answer(const load *self, int64_t after_us)
{
    int64_t first = -1;
    EACH_CALL(self, call) {
        if (call->troubled && call->status == 0 && call->ended_us >= after_us
            && (first < 0 || call->ended_us < first))
            first = call->ended_us;
    }
    return first;
}

int64_t load_last_trouble(const load *self, int64_t before_us, int64_t slow_us)
{
    int64_t last = -1;
    EACH_CALL(self, call) {
        bool is_well = call->status == 0 && call->ended_us - call->began_us <= slow_us;
        if (call->troubled && !is_well && call->ended_us < before_us && call->ended_us > last)
            last = call->ended_us;
    }
    return last;
}

const char *load_error(const load *self)
{
    const char *error = "";
    for (int i = 0; i < self->plan.threads && error[0] == '\0'; i++)
        error = self->threads[i].error;
    return error;
}

int64_t load_machine_us(const load *self, int64_t from_us, int64_t to_us)
{
    int64_t longest = 0;
    for (size_t i = 0; i < self->delays.count; i++) {
        const load_delay *one = &self->delays.items[i];
        if (one->at_us >= from_us && one->at_us < to_us && one->by_us > longest)
            longest = one->by_us;
    }
    return longest;
}

static void judge(load_truth *truth, const load_write *write, const rediscluster_reply *reply, int64_t new_primary_us)
{
    const char *text = (const char *)rediscluster_reply_bytes(reply, NULL);
    bool may_be_lost = write->troubled && write->ended_us < new_primary_us;
    long times = text != NULL ? strtol(text, NULL, 10) : 0;
    truth->acknowledged += write->fate == LOAD_ACKNOWLEDGED || write->fate == LOAD_WRONG;
    truth->maybe += write->fate == LOAD_MAYBE;
    truth->refused += write->fate == LOAD_REFUSED;
    if (reply == NULL || rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_ERROR)
        truth->unreadable++;
    else if (times > 1 || write->fate == LOAD_WRONG)
        truth->doubled++;
    else if (times == 1 && write->fate == LOAD_REFUSED)
        truth->ghosts++;
    else if (times == 0 && write->fate == LOAD_ACKNOWLEDGED && may_be_lost)
        truth->lost_by_servers++;
    else if (times == 0 && write->fate == LOAD_ACKNOWLEDGED)
        truth->lost++;
}

#define BATCH 500

static void judge_thread(const load_thread *thread, load_truth *truth, rediscluster_client *reader,
                         int64_t new_primary_us)
{
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_error *error = NULL;
    char key[LOAD_KEY];
    CHECK_OK(rediscluster_pipeline_new(reader, &pipeline, &error), error);
    for (size_t from = 0; from < thread->writes.count; from += BATCH) {
        size_t count = thread->writes.count - from < BATCH ? thread->writes.count - from : BATCH;
        const load_write *writes = &thread->writes.items[from];
        rediscluster_pipeline_clear(pipeline);
        for (size_t i = 0; i < count; i++) {
            load_write_key(key, writes[i].tag, thread->number, writes[i].number);
            CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", key), &error), error);
        }
        rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT, NULL);
        for (size_t i = 0; i < count; i++)
            judge(truth, &writes[i], rediscluster_pipeline_reply(pipeline, i), new_primary_us);
    }
    rediscluster_pipeline_free(pipeline);
}

load_truth load_truth_of(const load *self, rediscluster_client *reader, int64_t new_primary_us)
{
    load_truth truth = {0};
    for (int i = 0; i < self->plan.threads; i++) {
        const load_thread *thread = &self->threads[i];
        judge_thread(thread, &truth, reader, new_primary_us);
        truth.reads += thread->reads;
        for (size_t at = 0; at < thread->stale.count; at++) {
            const load_stale *one = &thread->stale.items[at];
            if (one->troubled && one->acknowledged_us < new_primary_us)
                truth.rolled_back++;
            else
                truth.stale++;
        }
    }
    return truth;
}
