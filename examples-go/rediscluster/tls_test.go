package rediscluster

import (
	"os"
	"testing"
)

// A cluster that speaks TLS and demands certificates, as the ACL user app. The run script runs this test alone there.
func TestTLS(t *testing.T) {
	folder := os.Getenv("REDISCLUSTER_TEST_CERTIFICATES")
	if folder == "" {
		t.Skip("this cluster speaks no TLS")
	}
	password, err := os.ReadFile(folder + "/client.password")
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, "ssl", "yes", "ssl_ca_certs", folder+"/ca.pem", "ssl_certfile", folder+"/client.pem",
		"ssl_keyfile", folder+"/client-encrypted.key", "ssl_password", string(password), "username", "app",
		"password", "app-secret")
	id := func() int64 {
		connection := get(t, pool, "a")
		defer release(t, connection)
		if who := do(t, connection, "ACL", "WHOAMI").Text(); who != "app" {
			t.Error(who)
		}
		return do(t, connection, "CLIENT", "ID").Int()
	}
	before := id()
	if err := pool.ReloadTLS(); err != nil {
		t.Error(err)
	}
	if after := id(); after != before {
		t.Errorf("client %d is not client %d", after, before)
	}
	client := newClient(t, "ssl", "yes", "ssl_ca_certs", folder+"/ca.pem", "ssl_certfile", folder+"/client.pem",
		"ssl_keyfile", folder+"/client-encrypted.key", "ssl_password", string(password), "username", "app",
		"password", "app-secret")
	results, err := client.Pipeline(timeLimit(t), []string{"SET", "gotest:tls:1", "1", "EX", "60"},
		[]string{"SET", "gotest:tls:2", "2", "EX", "60"}, []string{"GET", "gotest:tls:1"})
	if err != nil || results[2].Reply.Text() != "1" {
		t.Error(results, err)
	}
	if got := run(t, client, "MGET", "gotest:tls:1", "gotest:tls:2").Elements(); len(got) != 2 || got[1].Text() != "2" {
		t.Error(got)
	}
	theirOwn(t, newAsync(t, client, 100), 200, 50)
	nodes := os.Getenv("REDISCLUSTER_TEST_CLUSTER")
	_, err = NewPool(map[string]string{"startup_nodes": nodes, "ssl": "yes", "ssl_ca_certs": folder + "/ca.pem"})
	if status(err) != TLS {
		t.Error(err)
	}
	_, err = NewPool(map[string]string{"startup_nodes": nodes, "ssl": "yes", "ssl_ca_certs": folder + "/garbage.pem"})
	if status(err) != Config {
		t.Error(err)
	}
}
