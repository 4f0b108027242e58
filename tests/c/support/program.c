#define _POSIX_C_SOURCE 200809L

#include "program.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A pipe whose ends no other child inherits. */
static void open_pipe(int ends[2])
{
    CHECK(pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0);
    CHECK(fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0);
}

void program_start(program *self, const char *variable, char *const argv[])
{
    const char *path = getenv(variable);
    int in[2], out[2], result;
    posix_spawn_file_actions_t actions;
    if (path == NULL || *path == '\0')
        check_fail(__FILE__, __LINE__, "%s must name the program %s", variable, argv[0]);
    open_pipe(in);
    open_pipe(out);
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, in[0], 0) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, out[1], 1) == 0);
    result = posix_spawn(&self->pid, path, &actions, NULL, argv, environ);
    if (result != 0)
        check_fail(__FILE__, __LINE__, "%s: %s", path, strerror(result));
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    self->in = in[1];
    self->out = out[0];
    self->buffer = NULL;
    self->length = self->capacity = 0;
}

void program_write(program *self, const char *text)
{
    /* A child that is gone must be a message here, not a SIGPIPE: block it in this thread, and take
     * it away again if it came. */
    sigset_t pipe_signal, before, pending;
    size_t length = strlen(text);
    int failed = 0, was_pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    while (length > 0) {
        ssize_t count = write(self->in, text, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            failed = errno;
            break;
        }
        text += count;
        length -= (size_t)count;
    }
    if (failed == EPIPE && !was_pending) {
        int number;
        sigwait(&pipe_signal, &number);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        check_fail(__FILE__, __LINE__, "cannot write to a test program: %s", strerror(failed));
}

char *program_line(program *self)
{
    for (;;) {
        char *end = self->length > 0 ? memchr(self->buffer, '\n', self->length) : NULL;
        struct pollfd ready;
        ssize_t count;
        if (end != NULL) {
            size_t length = (size_t)(end - self->buffer);
            char *line = malloc(length + 1);
            CHECK(line != NULL);
            memcpy(line, self->buffer, length);
            line[length] = '\0';
            self->length -= length + 1;
            memmove(self->buffer, end + 1, self->length);
            return line;
        }
        if (self->capacity - self->length < 4096) {
            self->capacity = 2 * self->capacity + 8192;
            self->buffer = realloc(self->buffer, self->capacity);
            CHECK(self->buffer != NULL);
        }
        ready.fd = self->out;
        ready.events = POLLIN;
        if (poll(&ready, 1, 120000) == 0)
            check_fail(__FILE__, __LINE__, "a test program does not answer");
        count = read(self->out, self->buffer + self->length, self->capacity - self->length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            check_fail(__FILE__, __LINE__, "a test program ended without an answer");
        self->length += (size_t)count;
    }
}

char *program_control(program *self, const char *line)
{
    char *text;
    size_t length;
    program_write(self, line);
    program_write(self, "\n");
    text = program_line(self);
    if (strncmp(text, "error", 5) == 0)
        check_fail(__FILE__, __LINE__, "\"%s\" was answered: %s", line, text);
    if (strncmp(text, "ok", 2) == 0 && (text[2] == ' ' || text[2] == '\0')) {
        size_t skip = text[2] == ' ' ? 3 : 2;
        memmove(text, text + skip, strlen(text + skip) + 1);
        return text;
    }
    if (strcmp(text, "end") == 0) {
        *text = '\0';
        return text;
    }
    length = strlen(text);
    for (;;) {
        char *more = program_line(self);
        size_t added = strlen(more);
        if (strcmp(more, "end") == 0) {
            free(more);
            return text;
        }
        text = realloc(text, length + added + 2);
        CHECK(text != NULL);
        text[length] = '\n';
        memcpy(text + length + 1, more, added + 1);
        length += added + 1;
        free(more);
    }
}

void program_stop(program *self)
{
    int status;
    close(self->in);
    close(self->out);
    while (waitpid(self->pid, &status, 0) < 0 && errno == EINTR) {
    }
    free(self->buffer);
}
