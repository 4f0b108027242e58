#define _POSIX_C_SOURCE 200809L

#include "threads.h"

struct one {
    pthread_t thread;
    pthread_barrier_t *start;
    void (*work)(void *shared, int number);
    void *shared;
    int number;
};

static void *run(void *argument)
{
    struct one *self = argument;
    pthread_barrier_wait(self->start);
    self->work(self->shared, self->number);
    return NULL;
}

void threads_run(int count, void (*work)(void *shared, int number), void *shared)
{
    struct one all[THREADS_MOST];
    pthread_barrier_t start;
    CHECK(count > 0 && count <= THREADS_MOST);
    CHECK(pthread_barrier_init(&start, NULL, (unsigned)count) == 0);
    for (int i = 0; i < count; i++) {
        all[i].start = &start;
        all[i].work = work;
        all[i].shared = shared;
        all[i].number = i;
        CHECK(pthread_create(&all[i].thread, NULL, run, &all[i]) == 0);
    }
    for (int i = 0; i < count; i++)
        CHECK(pthread_join(all[i].thread, NULL) == 0);
    pthread_barrier_destroy(&start);
}
