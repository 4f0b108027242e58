// A cluster that speaks TLS and demands certificates, as the ACL user app; certificates that are read again.

#include "check.hpp"

#include <rediscluster.hpp>

using namespace rediscluster;

static std::string folder() {
    const char *name = std::getenv("REDISCLUSTER_TEST_CERTIFICATES");
    CHECK(name != nullptr && *name != '\0');
    return name;
}

static std::string client_id(pool &nodes, access use) {
    connection lease = nodes.get_by_slot(0, use);
    CHECK(lease.is_readonly() == (use == REDISCLUSTER_READ));
    CHECK(lease.command({"ACL", "WHOAMI"}).str() == "app");
    return std::to_string(lease.command({"CLIENT", "ID"}).integer());
}

int main() {
    options set = std::move(options::from_url("rediss://app:app-secret@" + cluster())
                                .set("ssl_ca_certs", folder() + "/ca.pem")
                                .set("ssl_certfile", folder() + "/client.pem")
                                .set("ssl_keyfile", folder() + "/client-encrypted.key")
                                .set("ssl_password", "correct horse")
                                .set("read_from", "replica_preferred"));
    pool nodes(set);
    const std::string id = client_id(nodes, REDISCLUSTER_WRITE);
    client_id(nodes, REDISCLUSTER_READ);
    nodes.reload_tls();
    CHECK(client_id(nodes, REDISCLUSTER_WRITE) == id);
    nodes.disconnect();
    CHECK(client_id(nodes, REDISCLUSTER_WRITE) != id);

    error failure;
    pool none;
    CHECK_OK(set.try_set("ssl_password", "wrong", &failure), failure);
    CHECK(pool::try_make(set, none, &failure) == REDISCLUSTER_ERROR_CONFIG);
    CHECK_OK(set.try_set("ssl_certfile", "", &failure), failure);
    CHECK_OK(set.try_set("ssl_keyfile", "", &failure), failure);
    CHECK(pool::try_make(set, none, &failure) == REDISCLUSTER_ERROR_TLS);
    return 0;
}
