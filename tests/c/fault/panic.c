/* L5: a panic in the library, forced by REDISCLUSTER_FAULT=panic, is a status: INTERNAL, with the place and without the
 * argument; nothing is printed, no thread ends, and the object can be used and freed. must-be-found only runs it. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    const uint8_t *trigger = (const uint8_t *)"rediscluster_fault: panic";
    const size_t length = 25;
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    FILE *words = tmpfile();
    int out = dup(1), err = dup(2);

    CHECK(words != NULL && out >= 0 && err >= 0);
    CHECK(dup2(fileno(words), 1) == 1 && dup2(fileno(words), 2) == 2);
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (int i = 0; i < 100; i++) {
        CHECK_FAILS(rediscluster_command_append(command, trigger, length, &error),
                    REDISCLUSTER_ERROR_INTERNAL, error);
        CHECK_CONTAINS(rediscluster_error_message(error), "command.rs:");
        CHECK(strstr(rediscluster_error_message(error), "rediscluster_fault") == NULL);
        rediscluster_error_free(error);
        error = NULL;
        CHECK_INT(rediscluster_command_append(command, trigger, length, NULL), REDISCLUSTER_ERROR_INTERNAL);
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)"x", 1, &error), error);
    }
    rediscluster_command_free(command);
    fflush(NULL);
    CHECK(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    CHECK_INT(lseek(fileno(words), 0, SEEK_END), 0);
    fclose(words);
    close(out);
    close(err);
    return 0;
}
