/*
 * All keys of the cluster that match a pattern, page by page. scan host:port[,host:port...] [PATTERN]
 */
#include <stdio.h>
#include <string.h>

#include <rediscluster.h>

/* So many keys are made, to have something to find. */
#define KEYS 100

static rediscluster_status every_key(rediscluster_client *client, const char *name, rediscluster_error **error)
{
    rediscluster_status status = REDISCLUSTER_OK;
    for (int i = 0; i < KEYS && status == REDISCLUSTER_OK; i++) {
        rediscluster_reply *reply = NULL;
        char key[32];
        snprintf(key, sizeof key, "example:scan:%d", i);
        if (strcmp(name, "SET") == 0)
            status = rediscluster_client_command(client, REDISCLUSTER_ARGS("SET", key, "x"), &reply, error);
        else
            status = rediscluster_client_command(client, REDISCLUSTER_ARGS("DEL", key), &reply, error);
        rediscluster_reply_free(reply);
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *pattern = argc == 3 ? argv[2] : "example:scan:*";
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_scan *scan = NULL;
    rediscluster_reply *page = NULL;
    rediscluster_error *error = NULL;
    size_t keys = 0, pages = 0;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: scan host:port[,host:port...] [PATTERN]\n");
        return 2;
    }
    rediscluster_status status = rediscluster_options_new(&options, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_options_set(options, "startup_nodes", argv[1], &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_new(options, &client, &error);
    if (status == REDISCLUSTER_OK)
        status = every_key(client, "SET", &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_scan_new(client, (const uint8_t *)pattern, strlen(pattern), 1000, NULL, &scan, &error);
    /* After the last page there is none, and the status is OK. While slots move a key may come more than once. */
    while (status == REDISCLUSTER_OK
           && (status = rediscluster_scan_next(scan, &page, &error)) == REDISCLUSTER_OK && page != NULL) {
        for (size_t i = 0; i < rediscluster_reply_count(page); i++, keys++)
            if (keys < 3)
                printf("%s\n", (const char *)rediscluster_reply_bytes(rediscluster_reply_at(page, i), NULL));
        rediscluster_reply_free(page);
        pages++;
    }
    if (status == REDISCLUSTER_OK) {
        printf("%zu keys in %zu pages\n", keys, pages);
        status = every_key(client, "DEL", &error);
    }
    if (status != REDISCLUSTER_OK)
        fprintf(stderr, "%s: %s\n", rediscluster_status_name(status), rediscluster_error_message(error));
    rediscluster_error_free(error);
    rediscluster_scan_free(scan);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return status == REDISCLUSTER_OK && (argc == 3 || keys >= KEYS) ? 0 : 1;
}
