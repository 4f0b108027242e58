// A subscriber: messages of a channel, a pattern and a shard channel, what ends a wait, what ends a subscription.

#include "check.hpp"

#include <rediscluster.hpp>

#include <poll.h>
#include <thread>

using namespace rediscluster;

static void publish(client &cluster, bytes verb, bytes channel, bytes text) {
    reply receivers;
    error failure;
    CHECK_OK(cluster.try_command({verb, channel, text}, receivers, &failure), failure);
    CHECK_OK(receivers.try_check(&failure), failure);
}

static message next(subscriber &listener) {
    message out;
    error failure;
    CHECK_OK(listener.try_next(std::chrono::seconds(30), out, &failure), failure);
    CHECK(out.kind() == REDISCLUSTER_MESSAGE_PUBLISHED && *out.node() != '\0');
    CHECK_OK(out.try_check(&failure), failure);
    return out;
}

static void messages(client &cluster, subscriber &listener) {
    error failure;
    CHECK_OK(listener.try_subscribe("cpp:channel", timeout::standard(), &failure), failure);
    CHECK_OK(listener.try_psubscribe("cpp:pat*", timeout::standard(), &failure), failure);
    CHECK_OK(listener.try_ssubscribe("cpp:shard", timeout::standard(), &failure), failure);

    const std::string binary("\0\r\n\xff", 4);
    publish(cluster, "PUBLISH", "cpp:channel", binary);
    message got = next(listener);
    CHECK(got.subscription() == REDISCLUSTER_SUBSCRIPTION_CHANNEL && got.channel() == "cpp:channel");
    CHECK(got.payload() == bytes(binary) && got.pattern().data() == nullptr);
    publish(cluster, "PUBLISH", "cpp:pattern", "");
    got = next(listener);
    CHECK(got.subscription() == REDISCLUSTER_SUBSCRIPTION_PATTERN && got.channel() == "cpp:pattern");
    CHECK(got.pattern() == "cpp:pat*" && got.payload().empty() && got.payload().data() != nullptr);
    publish(cluster, "SPUBLISH", "cpp:shard", "to the shard");
    pollfd waited = {listener.fd(), POLLIN, 0};
    CHECK(poll(&waited, 1, 30000) == 1);
    got = next(listener);
    CHECK(got.subscription() == REDISCLUSTER_SUBSCRIPTION_SHARD && got.payload() == "to the shard");
    CHECK(listener.try_next(timeout::now(), got) == REDISCLUSTER_ERROR_TIMEOUT && got.payload() == "to the shard");
}

static void ends(client &cluster, subscriber &listener) {
    error failure;
    message got;
    std::thread impatient([&] { CHECK_OK(listener.try_interrupt(), failure); });
    CHECK(listener.try_next(timeout::never(), got, &failure) == REDISCLUSTER_ERROR_CANCELLED);
    impatient.join();
    CHECK_OK(listener.try_unsubscribe("cpp:channel", &failure), failure);
    CHECK_OK(listener.try_punsubscribe("cpp:pat*", &failure), failure);
    publish(cluster, "PUBLISH", "cpp:channel", "nobody");
    publish(cluster, "SPUBLISH", "cpp:shard", "somebody");
    CHECK(next(listener).payload() == "somebody");
    CHECK_OK(listener.try_sunsubscribe("cpp:shard", &failure), failure);
}

#if REDISCLUSTER_EXCEPTIONS
static void the_form_that_throws(client &cluster) {
    subscriber listener(cluster);
    listener.subscribe("cpp:x");
    listener.psubscribe("cpp:y*");
    listener.ssubscribe("cpp:z");
    listener.unsubscribe("cpp:x");
    listener.punsubscribe("cpp:y*");
    publish(cluster, "SPUBLISH", "cpp:z", "thrown");
    const message got = listener.next(std::chrono::seconds(30));
    got.check();
    CHECK(got.payload() == "thrown");
    listener.sunsubscribe("cpp:z");
    listener.interrupt();
    int caught = 0;
    for (int i = 0; i < 2; ++i) {
        try {
            listener.next(timeout::now());
        } catch (const exception &e) {
            caught += e.status() == (i == 0 ? REDISCLUSTER_ERROR_CANCELLED : REDISCLUSTER_ERROR_TIMEOUT) ? 1 : 0;
        }
    }
    CHECK(caught == 2);
}
#endif

int main() {
    options set;
    error failure;
    CHECK_OK(set.try_set("startup_nodes", cluster(), &failure), failure);
    client cluster;
    CHECK_OK(client::try_make(set, cluster, &failure), failure);
    subscriber listener;
    CHECK_OK(subscriber::try_make(cluster, listener, &failure), failure);
    messages(cluster, listener);
    ends(cluster, listener);
#if REDISCLUSTER_EXCEPTIONS
    the_form_that_throws(cluster);
#endif
    return 0;
}
