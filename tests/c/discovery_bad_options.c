/* A2: no startup node, an empty or broken one, port 0 or 70000, half a remap rule, an unknown option, a bad number:
 * CONFIG, the option or the entry named; NULL: INVALID_ARGUMENT; nothing is leaked and nothing changed. */
#include "descriptors.h"
#include "options.h"

#include <string.h>

static void refused(rediscluster_options *options, const char *name, const char *value,
                    int32_t status, const char *named)
{
    rediscluster_error *error = NULL;
    if (rediscluster_options_set(options, name, value, &error) != (rediscluster_status)status)
        check_fail(__FILE__, __LINE__, "%s=%s gave %s", name, value,
                   rediscluster_status_name(rediscluster_error_status(error)));
    CHECK_CONTAINS(rediscluster_error_message(error), named);
    CHECK_INT(rediscluster_error_status(error), status);
    CHECK(!rediscluster_error_is_retryable(error));
    CHECK_INT(rediscluster_error_attempt_count(error), 0);
    rediscluster_error_free(error);
    /* The same without a place for the error. */
    CHECK_INT(rediscluster_options_set(options, name, value, NULL), status);
}

static void refused_url(const char *url, const char *named)
{
    rediscluster_options *options = (rediscluster_options *)(void *)&options;
    rediscluster_error *error = NULL;
    if (rediscluster_options_from_url(url, &options, &error) != REDISCLUSTER_ERROR_CONFIG)
        check_fail(__FILE__, __LINE__, "%s gave %s", url,
                   rediscluster_status_name(rediscluster_error_status(error)));
    CHECK_CONTAINS(rediscluster_error_message(error), named);
    CHECK(options == NULL);
    rediscluster_error_free(error);
}

int main(void)
{
    const int config = REDISCLUSTER_ERROR_CONFIG, invalid = REDISCLUSTER_ERROR_INVALID_ARGUMENT;
    int descriptors = descriptors_open();
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;

    /* No startup node. */
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    error = pool_refused(options, config);
    CHECK_CONTAINS(rediscluster_error_message(error), "startup_nodes");
    rediscluster_error_free(error);
    error = NULL;

    /* Startup nodes that are none; of several, the bad one is named. */
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", "good:7000", &error), error);
    refused(options, "startup_nodes", "one:7000,two:0,three:7000", config, "entry 2: \"two:");
    refused(options, "startup_nodes", "one:7000,two:70000", config, "entry 2: \"two:");
    refused(options, "startup_nodes", "one:7000,two:x", config, "entry 2: \"two:");
    refused(options, "startup_nodes", "one:7000,two:-1", config, "entry 2: \"two:");
    refused(options, "startup_nodes", ":7000", config, "startup_nodes");
    refused(options, "startup_nodes", "one:7000,,two:7000", config, "entry 2");
    refused(options, "startup_nodes", "::1:7000:x", config, "startup_nodes");
    refused(options, "startup_nodes", "[::1:7000", config, "startup_nodes");
    refused(options, "startup_nodes", NULL, invalid, "value");
    refused(options, "startup_nodes", "one\n:7000", config, "startup_nodes holds a control character");
    refused(options, "username", "one\ntwo", config, "username");
    refused(options, "startup_nodes", "\xff:7000", invalid, "value");
    CHECK_STR(rediscluster_options_get(options, "startup_nodes"), "good:7000");

    /* Options that do not exist: the nearest one is told. */
    refused(options, "max_conections", "5", config, "max_connections");
    refused(options, "time_out", "5", config, "timeout");
    refused(options, "", "5", config, "option");
    refused(options, NULL, "5", invalid, "name");

    /* Half a remap rule, and others that are none; of several, the bad one is named. */
    CHECK_OK(rediscluster_options_set(options, "host_port_remap", "[0::1]:1=gw:2, :3 = :4", &error), error);
    refused(options, "host_port_remap", "10.0.0.1=", config, "host_port_remap entry 1: \"10.0.0.1=\"");
    refused(options, "host_port_remap", "a=b,=c", config, "host_port_remap entry 2: \"=c\"");
    refused(options, "host_port_remap", "a=b,c", config, "host_port_remap entry 2: \"c\"");
    refused(options, "host_port_remap", "a=b,c:1", config, "host_port_remap entry 2: \"c:1\"");
    refused(options, "host_port_remap", "a=b:1", config, "port stands on both sides");
    refused(options, "host_port_remap", "a:1=b", config, "port stands on both sides");
    refused(options, "host_port_remap", ":1=a:1", config, "host stands on both sides");
    refused(options, "host_port_remap", "a:0=b:1", config, "from 1 to 65535");
    refused(options, "host_port_remap", "a:1=b:70000", config, "from 1 to 65535");
    refused(options, "host_port_remap", "a=b,,c=d", config, "host_port_remap entry 2");
    refused(options, "host_port_remap", "a=b,", config, "host_port_remap entry 2");
    refused(options, "host_port_remap", "::1=::2", config, "brackets");
    refused(options, "host_port_remap", NULL, invalid, "value");
    CHECK_STR(rediscluster_options_get(options, "host_port_remap"), "[::1]:1=gw:2,:3=:4");

    /* Values that do not fit. */
    refused(options, "max_connections", "many", config, "max_connections");
    refused(options, "max_connections", "-1", config, "max_connections");
    refused(options, "max_connections", "", config, "max_connections");
    refused(options, "max_connections", "1e3", config, "max_connections");
    refused(options, "max_connections", "99999999999999999999", config, "max_connections");
    refused(options, "timeout", "0", config, "timeout");
    refused(options, "socket_timeout", "0", config, "socket_timeout");
    refused(options, "socket_connect_timeout", "2s", config, "socket_connect_timeout");
    refused(options, "init_slot_cache", "maybe", config, "init_slot_cache");
    refused(options, "pool_exhausted", "wait", config, "pool_exhausted");
    refused(options, "topology_command", "info", config, "topology_command");
    refused(options, "protocol", "4", config, "protocol");
    refused(options, "ip_preference", "ipv5", config, "ip_preference");
    CHECK_STR(rediscluster_options_get(options, "max_connections"), "0");
    CHECK_STR(rediscluster_options_get(options, "pool_exhausted"), "error");
    CHECK_INT(rediscluster_options_set(NULL, "timeout", "5", NULL), invalid);
    rediscluster_options_free(options);

    /* The same in URLs. */
    refused_url("", "redis://");
    refused_url("one:7000", "redis://");
    refused_url("http://one:7000", "redis://");
    refused_url("rediss://one:7000?ssl=no", "\"ssl\" twice");
    refused_url("redis://", "host");
    refused_url("redis://one:7000,two:0", "entry 2 (host \"two\")");
    refused_url("redis://one:70000", "entry 1");
    refused_url("redis://one:7000/x", "database");
    refused_url("redis://one:7000?max_conections=5", "max_connections");
    refused_url("redis://one:7000?max_connections=many", "max_connections");
    refused_url("redis://one:7000?timeout", "name=value");
    refused_url("redis://one:7000?host_port_remap=a=", "host_port_remap entry 1");
    refused_url("redis://one%4:7000", "%");
    CHECK_INT(descriptors_open(), descriptors);
    return 0;
}
