/* G1 of scans: while slots move to and fro between real servers and a replica takes over, every key that is there all the time is
 * given at least once; so it is where a slot has been left half moved. ctest: timeout=240 */
#include "client.h"
#include "clock.h"
#include "cluster.h"
#include "pools.h"
#include "scans.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 1500
/* Keys are in so many slots, all of which move. */
#define SLOTS 12

static cluster *servers;
static rediscluster_client *client;
static atomic_bool over;
static int scans_done;

static int32_t slot_of(int number)
{
    char key[32];
    snprintf(key, sizeof key, "{%d}", number);
    return rediscluster_key_slot((const uint8_t *)key, strlen(key));
}

static void scan_once(void)
{
    rediscluster_scan *scan = scan_of(client, NULL, 20, NULL);
    rediscluster_reply *page = NULL;
    rediscluster_error *error = NULL;
    static int seen[COUNT];
    int status, failures = 0;
    memset(seen, 0, sizeof seen);
    CHECK_OK(rediscluster_scan_set_timeout(scan, 20000, &error), error);
    while ((status = rediscluster_scan_next(scan, &page, &error)) != REDISCLUSTER_OK || page != NULL) {
        if (status != REDISCLUSTER_OK) {
            /* It may take long, and goes on all the same. */
            CHECK(rediscluster_error_is_retryable(error) && ++failures < 50);
            rediscluster_error_free(error);
            error = NULL;
            continue;
        }
        for (size_t i = 0; i < rediscluster_reply_count(page); i++) {
            const char *key = (const char *)rediscluster_reply_bytes(rediscluster_reply_at(page, i), NULL);
            seen[atoi(strchr(key, '}') + 1)]++;
        }
        rediscluster_reply_free(page);
        clock_sleep_ms(1);
    }
    rediscluster_scan_free(scan);
    for (int i = 0; i < COUNT; i++)
        CHECK(seen[i] > 0);
    scans_done++;
}

static void both(void *unused, int number)
{
    (void)unused;
    if (number == 0) {
        int64_t end = clock_ms() + 8000;
        while (clock_ms() < end)
            scan_once();
        atomic_store(&over, true);
        return;
    }
    for (int i = 0; !atomic_load(&over); i++) {
        free(cluster_control(servers, "move %d %d", (int)slot_of(i % SLOTS), 2 + i * 7 % 3 % 2));
        if (i == 20)
            free(cluster_control(servers, "failover 1"));
    }
}

static void on(const char *server)
{
    int32_t slot = slot_of(0);
    int owner, target;
    char *answer;
    servers = cluster_start("--server", server, "--primaries", "3", "--replicas", "1", NULL);
    client = client_of(cluster_addresses(servers), NULL);
    for (int i = 0; i < COUNT; i++) {
        char key[32];
        snprintf(key, sizeof key, "{%d}%d", i % SLOTS, i);
        client_expect(client, "OK", "SET", key, "v", NULL);
    }
    scan_once();
    atomic_store(&over, false);
    scans_done = 0;
    threads_run(2, both, NULL);
    CHECK(scans_done > 0);

    /* Half of a slot here and half there, and so it stays. */
    answer = cluster_control(servers, "owner %d", (int)slot);
    owner = atoi(answer + strcspn(answer, "0123456789"));
    free(answer);
    target = owner == 2 ? 3 : 2;
    free(cluster_control(servers, "setslot %d migrating %d", (int)slot, target));
    free(cluster_control(servers, "setslot %d keys %d {0}0 {0}%d {0}%d", (int)slot, target, SLOTS, 2 * SLOTS));
    scan_once();
    rediscluster_client_free(client);
    cluster_stop(servers);
}

int main(void)
{
    on("redis");
    on("valkey");
    return 0;
}
