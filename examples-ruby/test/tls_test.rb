# frozen_string_literal: true

require_relative "../lib/rediscluster"
require "minitest/autorun"

# A cluster that speaks TLS and demands certificates, as the ACL user app.
class TlsTest < Minitest::Test
  NODES = ENV.fetch("REDISCLUSTER_TEST_CLUSTER") { abort "REDISCLUSTER_TEST_CLUSTER must name the nodes of a cluster" }
  FOLDER = ENV.fetch("REDISCLUSTER_TEST_CERTIFICATES") { abort "REDISCLUSTER_TEST_CERTIFICATES must name a folder" }

  def pool(**options)
    Rediscluster::Pool.new("rediss://#{NODES}", ssl_ca_certs: "#{FOLDER}/ca.pem", **options)
  end

  def test_certificates_a_user_and_new_files
    pool = pool(ssl_certfile: "#{FOLDER}/client.pem", ssl_keyfile: "#{FOLDER}/client-encrypted.key",
                ssl_password: File.read("#{FOLDER}/client.password"), username: "app", password: "app-secret")
    id = -> { pool.by_slot(0) { |connection| connection.call("CLIENT", "ID") } }
    assert_equal("app", pool.by_slot(0) { |connection| connection.call("ACL", "WHOAMI") })
    before = id.call
    pool.reload_tls
    assert_equal before, id.call
  end

  def test_what_is_refused
    assert_raises(Rediscluster::TlsError) { pool }
    assert_raises(Rediscluster::ConfigError) { pool(ssl_certfile: "#{FOLDER}/garbage.pem") }
  end
end
