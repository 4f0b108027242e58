/* A scan of a cluster that rests gives each key once, by pattern, count and type, in pages that are never empty; at the end NULL,
 * and again NULL. Between pages it holds no connection, and it goes on in a forked child. ctest: cluster */
#include "children.h"
#include "client.h"
#include "cluster.h"
#include "pools.h"
#include "scans.h"

#include <stdio.h>
#include <string.h>

#define COUNT 1200

static rediscluster_client *client;
static const char prefix[] = "scan_cluster:";

static void all_of(const char *pattern, int64_t count, const char *type, int first, int step)
{
    rediscluster_scan *scan = scan_of(client, pattern, count, type);
    rediscluster_reply *page = NULL;
    rediscluster_error *error = NULL;
    static int seen[COUNT];
    memset(seen, 0, sizeof seen);
    CHECK(scan_all(scan, prefix, seen, COUNT) > 0);
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(seen[i], i >= first && (i - first) % step == 0);
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    CHECK(page == NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_scan_free(scan);
}

static void goes_on(void *shared)
{
    static int seen[COUNT];
    rediscluster_scan *scan = shared;
    int sum = 0;
    scan_all(scan, prefix, seen, COUNT);
    for (int i = 0; i < COUNT; i++)
        sum += seen[i];
    CHECK(sum > COUNT / 2 && sum < COUNT);
    rediscluster_scan_free(scan);
    rediscluster_client_free(client);
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_scan *scan;
    rediscluster_reply *page = NULL;
    rediscluster_error *error = NULL;
    char key[32];
    client = client_of(cluster_addresses(servers), NULL);
    for (int i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "%s%d", prefix, i);
        if (i % 3 == 0)
            rediscluster_reply_free(client_say(client, "RPUSH", key, "x", NULL));
        else
            client_expect(client, "OK", "SET", key, "x", NULL);
    }
    all_of("scan_cluster:*", 0, NULL, 0, 1);
    all_of("scan_cluster:*", 1000, "", 0, 1);
    all_of("scan_cluster:*", 100, "list", 0, 3);
    all_of("scan_cluster:777", 10, NULL, 777, COUNT);
    all_of("scan_cluster:*", INT64_MAX, NULL, 0, 1);

    scan = scan_of(client, "scan_cluster:*", 50, NULL);
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    rediscluster_reply_free(page);
    child_run(goes_on, scan, CHILD_EXIT);
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    rediscluster_reply_free(page);
    /* Freed before its end, and after its client. */
    for (int i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "%s%d", prefix, i);
        rediscluster_reply_free(client_say(client, "DEL", key, NULL));
    }
    rediscluster_client_free(client);
    rediscluster_scan_free(scan);
    cluster_stop(servers);
    return 0;
}
