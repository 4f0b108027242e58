# frozen_string_literal: true

require_relative "../lib/rediscluster"
require "minitest/autorun"

# The cluster under test, and what tests on it share.
module Cluster
  NODES = ENV.fetch("REDISCLUSTER_TEST_CLUSTER") { abort "REDISCLUSTER_TEST_CLUSTER must name the nodes of a cluster" }

  # A cluster with TLS demands certificates of clients; they are in this folder.
  CERTIFICATES = ENV["REDISCLUSTER_TEST_CERTIFICATES"]
  TLS = if CERTIFICATES
          { ssl: "yes", ssl_ca_certs: "#{CERTIFICATES}/ca.pem", ssl_certfile: "#{CERTIFICATES}/client.pem",
            ssl_keyfile: "#{CERTIFICATES}/client.key", username: "app", password: "app-secret",
            # Its certificates hold this name, whatever name the tests give the nodes.
            ssl_server_name: "localhost" }
        else
          {}
        end

  # Waits for a state, not for a time.
  def wait_for(what)
    give_up = clock + 30
    until yield
      flunk "never came: #{what}" if clock > give_up
      sleep 0.001
    end
  end

  def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # Runs the block in a child, which must find it true; without the child's at_exit, where minitest lives.
  def in_child
    pid = fork do
      sound = begin
        yield
      rescue Exception => e
        warn e.full_message
        false
      end
      exit!(sound ? 0 : 1)
    end
    Process.detach(pid)
  end
end
