/* The library's version is the header's; each status has a name of its own, unknown numbers are UNKNOWN. */
#include "check.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
    char text[32];
    int known = 0;
    snprintf(text, sizeof text, "%d.%d.%d", REDISCLUSTER_VERSION_MAJOR, REDISCLUSTER_VERSION_MINOR,
             REDISCLUSTER_VERSION_PATCH);
    CHECK_STR(REDISCLUSTER_VERSION_STRING, text);
    CHECK_STR(rediscluster_version_string(), text);
    CHECK_INT(rediscluster_version(), REDISCLUSTER_VERSION);
    CHECK_INT(REDISCLUSTER_VERSION, REDISCLUSTER_VERSION_MAJOR * 10000 + REDISCLUSTER_VERSION_MINOR * 100
                                        + REDISCLUSTER_VERSION_PATCH);

    CHECK_STR(rediscluster_status_name(REDISCLUSTER_OK), "OK");
    CHECK_STR(rediscluster_status_name(REDISCLUSTER_ERROR_POOL_TIMEOUT), "POOL_TIMEOUT");
    CHECK_STR(rediscluster_status_name(REDISCLUSTER_ERROR_INTERNAL), "INTERNAL");
    CHECK_STR(rediscluster_status_name(-1), "UNKNOWN");
    CHECK_STR(rediscluster_status_name(1000), "UNKNOWN");
    CHECK_STR(rediscluster_status_name(INT32_MIN), "UNKNOWN");
    for (int32_t status = 0; status < 100; status++) {
        const char *name = rediscluster_status_name(status);
        if (strcmp(name, "UNKNOWN") == 0)
            continue;
        known++;
        for (int32_t other = 0; other < status; other++)
            CHECK(strcmp(rediscluster_status_name(other), name) != 0);
    }
    CHECK_INT(known, 28);
    return 0;
}
