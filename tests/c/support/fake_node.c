#define _POSIX_C_SOURCE 200809L

#include "fake_node.h"

#include "fail.h"
#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_node {
    program program;
    int count;
    int *ports;
    char (*addresses)[32];
};

fake_node *fake_node_start(const char *script)
{
    char *argv[] = {(char *)"fake-node", NULL};
    fake_node *self = calloc(1, sizeof *self);
    char *line, *place;
    CHECK(self != NULL);
    program_start(&self->program, "REDISCLUSTER_FAKE_NODE", argv);
    program_write(&self->program, script);
    program_write(&self->program, "\nend\n");
    line = program_line(&self->program);
    if (strncmp(line, "ports ", 6) != 0)
        check_fail(__FILE__, __LINE__, "fake-node: %s", line);
    for (place = strchr(line, ' '); place != NULL; place = strchr(place + 1, ' '))
        self->count++;
    self->ports = calloc((size_t)self->count, sizeof *self->ports);
    self->addresses = calloc((size_t)self->count, sizeof *self->addresses);
    CHECK(self->ports != NULL && self->addresses != NULL);
    place = line + 5;
    for (int i = 0; i < self->count; i++) {
        self->ports[i] = (int)strtol(place, &place, 10);
        snprintf(self->addresses[i], sizeof self->addresses[i], "127.0.0.1:%d", self->ports[i]);
    }
    free(line);
    return self;
}

fake_node *fake_node_start_format(const char *format, ...)
{
    fake_node *self;
    char *script;
    int length;
    va_list arguments;
    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    script = malloc((size_t)length + 1);
    CHECK(script != NULL);
    va_start(arguments, format);
    vsnprintf(script, (size_t)length + 1, format, arguments);
    va_end(arguments);
    self = fake_node_start(script);
    free(script);
    return self;
}

int fake_node_count_nodes(const fake_node *self)
{
    return self->count;
}

int fake_node_port(const fake_node *self, int node)
{
    CHECK(node >= 1 && node <= self->count);
    return self->ports[node - 1];
}

const char *fake_node_address(const fake_node *self, int node)
{
    CHECK(node >= 1 && node <= self->count);
    return self->addresses[node - 1];
}

void fake_node_control(fake_node *self, const char *format, ...)
{
    char line[4096];
    int length;
    va_list arguments;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && (size_t)length < sizeof line);
    free(program_control(&self->program, line));
}

static long ask_number(fake_node *self, const char *line)
{
    char *answer = program_control(&self->program, line);
    long number = strtol(answer, NULL, 10);
    free(answer);
    return number;
}

long fake_node_count(fake_node *self, const char *command)
{
    char line[256];
    snprintf(line, sizeof line, "count %s", command);
    return ask_number(self, line);
}

long fake_node_count_on(fake_node *self, int node, const char *command)
{
    char line[256];
    snprintf(line, sizeof line, "count %s on %d", command, node);
    return ask_number(self, line);
}

fake_node_connections fake_node_connections_of(fake_node *self, int node)
{
    fake_node_connections seen;
    char line[64], *answer;
    snprintf(line, sizeof line, "connections %d", node);
    answer = program_control(&self->program, line);
    CHECK(sscanf(answer, "%ld %ld %ld", &seen.open, &seen.max, &seen.total) == 3);
    free(answer);
    return seen;
}

fake_node_handshakes fake_node_handshakes_of(fake_node *self, int node)
{
    fake_node_handshakes seen;
    char line[64], *answer;
    snprintf(line, sizeof line, "accepts %d", node);
    answer = program_control(&self->program, line);
    CHECK(sscanf(answer, "%ld %ld", &seen.done, &seen.failed) == 2);
    free(answer);
    return seen;
}

char *fake_node_log(fake_node *self)
{
    return program_control(&self->program, "log");
}

void fake_node_stop(fake_node *self)
{
    if (self == NULL)
        return;
    program_stop(&self->program);
    free(self->ports);
    free(self->addresses);
    free(self);
}
