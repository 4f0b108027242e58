#define _POSIX_C_SOURCE 200809L

#include "cluster.h"

#include "certificates.h"
#include "fail.h"
#include "program.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cluster {
    program program;
    bool own;
    int count;
    char *joined;     /* with commas */
    char **addresses; /* into `split` */
    char *split;
};

/* Takes addresses that stand between blanks or commas. */
static void set_addresses(cluster *self, const char *text)
{
    char *rest = NULL, *word;
    size_t length = strlen(text);
    self->joined = malloc(length + 1);
    self->split = malloc(length + 1);
    self->addresses = calloc(length + 1, sizeof *self->addresses);
    CHECK(self->joined != NULL && self->split != NULL && self->addresses != NULL);
    memcpy(self->split, text, length + 1);
    self->joined[0] = '\0';
    for (word = strtok_r(self->split, " ,", &rest); word != NULL;
         word = strtok_r(NULL, " ,", &rest)) {
        if (self->count > 0)
            strcat(self->joined, ",");
        strcat(self->joined, word);
        self->addresses[self->count++] = word;
    }
    CHECK(self->count > 0);
}

cluster *cluster_start(const char *option, ...)
{
    char *argv[64] = {(char *)"cluster", (char *)"start"};
    int count = 2;
    cluster *self = calloc(1, sizeof *self);
    char *line;
    va_list options;
    CHECK(self != NULL);
    va_start(options, option);
    for (; option != NULL; option = va_arg(options, const char *)) {
        CHECK(count < 63);
        argv[count++] = (char *)option;
    }
    va_end(options);
    program_start(&self->program, "REDISCLUSTER_CLUSTER", argv);
    self->own = true;
    line = program_line(&self->program);
    if (strncmp(line, "nodes ", 6) != 0)
        check_fail(__FILE__, __LINE__, "cluster: %s", line);
    set_addresses(self, line + 6);
    free(line);
    return self;
}

/* The cluster whose addresses stand in an environment variable; NULL where there is none. */
static cluster *named_by(const char *variable)
{
    const char *addresses = getenv(variable);
    cluster *self;
    if (addresses == NULL || *addresses == '\0')
        return NULL;
    self = calloc(1, sizeof *self);
    CHECK(self != NULL);
    set_addresses(self, addresses);
    return self;
}

cluster *cluster_shared(void)
{
    cluster *self = named_by("REDISCLUSTER_TEST_CLUSTER");
    return self != NULL ? self : cluster_start("--primaries", "3", "--replicas", "1", NULL);
}

cluster *cluster_shared_tls(void)
{
    cluster *self = named_by("REDISCLUSTER_TEST_TLS_CLUSTER");
    return self != NULL ? self
                        : cluster_start("--primaries", "3", "--replicas", "1", "--tls",
                                        certificates_folder(), "--config",
                                        "user app on >app-secret +@all ~* &*", NULL);
}

int cluster_count_nodes(const cluster *self)
{
    return self->count;
}

const char *cluster_address(const cluster *self, int node)
{
    CHECK(node >= 1 && node <= self->count);
    return self->addresses[node - 1];
}

const char *cluster_addresses(const cluster *self)
{
    return self->joined;
}

char *cluster_control(cluster *self, const char *format, ...)
{
    char line[4096];
    int length;
    va_list arguments;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && (size_t)length < sizeof line);
    if (!self->own)
        check_fail(__FILE__, __LINE__, "\"%s\": the shared cluster takes no control words", line);
    return program_control(&self->program, line);
}

void cluster_stop(cluster *self)
{
    if (self == NULL)
        return;
    if (self->own)
        program_stop(&self->program);
    free(self->joined);
    free(self->split);
    free(self->addresses);
    free(self);
}
