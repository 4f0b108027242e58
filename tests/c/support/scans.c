#include "scans.h"
#include "commands.h"

#include <stdlib.h>
#include <string.h>

void scan_count(const rediscluster_reply *page, const char *prefix, int *seen, int count)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < rediscluster_reply_count(page); i++) {
        const char *key = reply_text(rediscluster_reply_at(page, i));
        int number;
        CHECK(strncmp(key, prefix, length) == 0);
        number = atoi(key + length);
        CHECK(number >= 0 && number < count);
        seen[number]++;
    }
}

int scan_all(rediscluster_scan *scan, const char *prefix, int *seen, int count)
{
    rediscluster_reply *page = NULL;
    rediscluster_error *error = NULL;
    int pages = 0;
    for (;;) {
        CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
        if (page == NULL)
            return pages;
        CHECK_INT(rediscluster_reply_kind(page), REDISCLUSTER_REPLY_ARRAY);
        CHECK(rediscluster_reply_count(page) > 0);
        scan_count(page, prefix, seen, count);
        rediscluster_reply_free(page);
        pages++;
    }
}

rediscluster_scan *scan_of(rediscluster_client *client, const char *pattern, int64_t count, const char *type)
{
    rediscluster_scan *scan = NULL;
    rediscluster_error *error = NULL;
    size_t length = pattern != NULL ? strlen(pattern) : 0;
    CHECK_OK(rediscluster_scan_new(client, (const uint8_t *)pattern, length, count, type, &scan, &error), error);
    return scan;
}
