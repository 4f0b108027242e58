/* What the library calls, and what goes on to Go. A handle of Go's is a number, which user_data carries. */

#include "_cgo_export.h"

static void on_credentials(void *user_data, const char *node, rediscluster_credentials_sink sink, void *sink_data) {
    goCredentials((uintptr_t)user_data, (char *)node, sink, sink_data);
}

static void on_translate(void *user_data, const char *host, uint16_t port, rediscluster_address_sink sink,
                         void *sink_data) {
    goTranslate((uintptr_t)user_data, (char *)host, port, sink, sink_data);
}

static void on_resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data) {
    goResolve((uintptr_t)user_data, (char *)name, sink, sink_data);
}

static void on_destroy(void *user_data) { goDestroy((uintptr_t)user_data); }

rediscluster_status glue_set_credentials(rediscluster_options *options, uintptr_t handle, rediscluster_error **error) {
    return rediscluster_options_set_credentials(options, on_credentials, (void *)handle, on_destroy, error);
}

rediscluster_status glue_set_translate(rediscluster_options *options, uintptr_t handle, rediscluster_error **error) {
    return rediscluster_options_set_translate(options, on_translate, (void *)handle, on_destroy, error);
}

rediscluster_status glue_set_resolve(rediscluster_options *options, uintptr_t handle, rediscluster_error **error) {
    return rediscluster_options_set_resolve(options, on_resolve, (void *)handle, on_destroy, error);
}
