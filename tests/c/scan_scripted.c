/* Scans of nodes that follow a script: a slot that moves between two pages is scanned again at its new node; a server that was started
 * anew from its start; a page whose connection is lost is asked for again; one that may not be asked for its slots is believed the
 * map; refusals have their status, and the scan goes on after each failure. And what its functions refuse. */
#include "client.h"
#include "clock.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "scans.h"

#include <string.h>

/* As texts: digits alone would be sent as integers. */
#define CURSORS "let end 0\nlet more 5\n"

static rediscluster_error *error;

#define REFUSED(call) CHECK_STATUS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error)

/* Scans to the end; how often key 0 to 9 came. */
static void scanned(fake_node *fake, const int *expected)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "retry_backoff_max", "20", NULL);
    rediscluster_scan *scan = scan_of(client, NULL, 0, NULL);
    int seen[10] = {0};
    scan_all(scan, "k", seen, 10);
    for (int i = 0; i < 10; i++)
        CHECK_INT(seen[i], expected[i]);
    rediscluster_scan_free(scan);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    fake_node *fake;
    rediscluster_client *client;
    rediscluster_scan *scan = NULL;
    rediscluster_reply *page = NULL;
    int64_t began;

    /* Slot 8191 goes from 1 to 2 behind the first page of node 1, when its key k9 has not been seen. */
    fake = fake_node_start(CURSORS "nodes 2\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\n"
                           "node 1\non SCAN 0 * => resp [ $more [ k0 ] ]; flush; use after\non SCAN 5 * => resp [ $end [ k1 ] ]\n"
                           "node 2\non SCAN 0 * => resp [ $end [ k2 k9 ] ]\n"
                           "scene after\nnode *\ntopology 0-8190=1 8191-16383=2\n");
    scanned(fake, (const int[10]){1, 1, 1, 0, 0, 0, 0, 0, 0, 1});

    /* The same when node 2 has been scanned before: it is scanned again for the one slot. */
    fake = fake_node_start(CURSORS "nodes 2\nnode *\nhandshake\ntopology 8192-16383=1 0-8191=2\n"
                           "node 1\non SCAN 0 * => resp [ $more [ k0 ] ]; flush; use after\non SCAN 5 * => resp [ $end [ k1 ] ]\n"
                           "node 2\nonce on SCAN 0 * => resp [ $end [ k2 ] ]\non SCAN 0 * => resp [ $end [ k2 k9 ] ]\n"
                           "scene after\nnode *\ntopology 8193-16383=1 0-8192=2\n");
    scanned(fake, (const int[10]){1, 1, 2, 0, 0, 0, 0, 0, 0, 1});

    /* Another run of the server: its cursors are others. */
    fake = fake_node_start(CURSORS "node 1\nhandshake\ntopology 0-16383=1\n"
                           "once on INFO server => bulk \"# Server\\r\\nrun_id:one\\r\\n\"\n"
                           "on INFO server => bulk \"# Server\\r\\nrun_id:two\\r\\n\"\n"
                           "on SCAN 0 * => resp [ $more [ k0 ] ]\nonce on SCAN 5 * => resp [ $end [ ] ]\n"
                           "on SCAN 5 * => resp [ $end [ k1 ] ]\n");
    scanned(fake, (const int[10]){2, 1});

    /* Lost pages, one of them half read, and a node that loads. */
    fake = fake_node_start(CURSORS "node 1\nhandshake\ntopology 0-16383=1\n"
                           "once on SCAN 0 * => close\nonce on SCAN 0 * => error \"LOADING soon\"\non SCAN 0 * => resp [ $more [ k0 ] ]\n"
                           "once on SCAN 5 * => resp [ $end [ k1 ] ]; flush; close\non SCAN 5 * => resp [ $end [ k1 ] ]\n");
    scanned(fake, (const int[10]){1, 1});

    /* CLUSTER NODES is denied. */
    fake = fake_node_start(CURSORS "node 1\nhandshake\non CLUSTER NODES => error \"NOPERM no\"\ntopology 0-16383=1\n"
                           "on SCAN 0 * => resp [ $end [ k0 ] ]\n");
    scanned(fake, (const int[10]){1});

    /* Empty pages are passed over until there is a key or time is out; the next call goes on. */
    fake = fake_node_start(CURSORS "node 1\nhandshake\ntopology 0-16383=1\non SCAN 0 * => resp [ $more [ ] ]\n"
                           "first 3 on SCAN 5 * => delay 60; resp [ $more [ ] ]\non SCAN 5 * => resp [ $end [ k0 ] ]\n");
    client = client_of(fake_node_address(fake, 1), NULL);
    scan = scan_of(client, NULL, 0, NULL);
    CHECK_OK(rediscluster_scan_set_timeout(scan, 100, &error), error);
    began = clock_ms();
    CHECK_STATUS(rediscluster_scan_next(scan, &page, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(page == NULL && clock_ms() - began >= 100 && clock_ms() - began < 100 + 500 * test_patience());
    CHECK_OK(rediscluster_scan_set_timeout(scan, -2, &error), error);
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    CHECK_STR(reply_text(rediscluster_reply_at(page, 0)), "k0");
    rediscluster_reply_free(page);
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    CHECK(page == NULL);
    CHECK_OK(rediscluster_scan_next(scan, &page, NULL), error);
    rediscluster_scan_free(scan);

    /* A refusal. */
    rediscluster_client_free(client);
    fake_node_stop(fake);
    fake = fake_node_start(CURSORS "node 1\nhandshake\ntopology 0-16383=1\non SCAN 0 TYPE secret => error \"ERR unknown type secret\"\n"
                           "on SCAN 0 => resp [ x ]\non SCAN 0 MATCH k0 => resp [ $end [ k0 ] ]\n"
                           "on SCAN 0 COUNT 9 => resp [ $end [ k0 ] ]\n");
    client = client_of(fake_node_address(fake, 1), NULL);
    scan = scan_of(client, NULL, 0, "secret");
    CHECK_FAILS(rediscluster_scan_next(scan, &page, &error), REDISCLUSTER_ERROR_SERVER, error);
    CHECK_STR(rediscluster_error_server_code(error), "ERR");
    CHECK(strstr(rediscluster_error_message(error), "secret") == NULL);
    rediscluster_error_free(error);
    error = NULL;
    rediscluster_scan_free(scan);
    scan = scan_of(client, NULL, 0, NULL);
    CHECK_STATUS(rediscluster_scan_next(scan, &page, &error), REDISCLUSTER_ERROR_PROTOCOL, error);
    rediscluster_scan_free(scan);
    scan = NULL;

    REFUSED(rediscluster_scan_new(NULL, NULL, 0, 0, NULL, &scan, &error));
    REFUSED(rediscluster_scan_new(client, NULL, 1, 0, NULL, &scan, &error));
    REFUSED(rediscluster_scan_new(client, NULL, 0, -1, NULL, &scan, &error));
    REFUSED(rediscluster_scan_new(client, NULL, 0, 0, "a\nb", &scan, &error));
    REFUSED(rediscluster_scan_new(client, NULL, 0, 0, NULL, NULL, &error));
    CHECK(scan == NULL);
    scan = scan_of(client, "k0", 0, NULL);
    REFUSED(rediscluster_scan_next(NULL, &page, &error));
    REFUSED(rediscluster_scan_next(scan, NULL, &error));
    REFUSED(rediscluster_scan_set_timeout(NULL, 1, &error));
    REFUSED(rediscluster_scan_set_timeout(scan, -3, &error));
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    rediscluster_reply_free(page);
    rediscluster_scan_free(scan);
    rediscluster_scan_free(NULL);
    scan = scan_of(client, NULL, 9, NULL);
    CHECK_OK(rediscluster_scan_next(scan, &page, &error), error);
    rediscluster_reply_free(page);
    rediscluster_scan_free(scan);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
