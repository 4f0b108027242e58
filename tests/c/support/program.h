/* A child program that is driven by lines: fake-node, cluster. */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

typedef struct program {
    pid_t pid;
    int in;  /* its standard input */
    int out; /* its standard output */
    char *buffer;
    size_t length, capacity;
} program;

/* Starts the program that the environment variable names. Any failure ends the test. */
void program_start(program *self, const char *variable, char *const argv[]);

/* Writes bytes to its standard input. */
void program_write(program *self, const char *text);

/* Reads a line, without its end, into memory that the caller frees. Waits up to two minutes. */
char *program_line(program *self);

/* Writes a line and reads the answer: what stands behind "ok ", to be freed. "error …" ends the
 * test. An answer of several lines comes up to its "end", joined by newlines. */
char *program_control(program *self, const char *line);

/* Closes its standard input and waits for its end. */
void program_stop(program *self);

#endif
