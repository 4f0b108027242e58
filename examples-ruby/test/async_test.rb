# frozen_string_literal: true

require_relative "cluster"

# Fibers on an asynchronous handle.
class AsyncTest < Minitest::Test
  include Cluster

  def client(**options) = Rediscluster::Client.new(startup_nodes: NODES, **TLS, **options)

  def own_values(async, fibers, rounds)
    right = 0
    fibers.times do |f|
      async.spawn do
        rounds.times do |i|
          key = "rubytest:async:#{f}:#{i}"
          async.call("SET", key, "#{f}/#{i}", "EX", 60)
          right += 1 if async.call("GET", key) == "#{f}/#{i}"
        end
      end
    end
    async.run
    assert_equal fibers * rounds, right
  end

  def test_a_thousand_fibers_in_one_thread
    before = Dir.children("/proc/self/task").size
    client = client(command_timeout: 60_000)
    own_values(client.async, 1000, 5)
    assert_equal before, Dir.children("/proc/self/task").size
    assert_operator client.pool.stats[:in_use], :<=, 3
  end

  def test_they_wait_for_room
    own_values(client(max_in_flight: 8, command_timeout: 60_000).async, 100, 5)
  end

  def test_errors_are_raised_where_they_are_waited_for
    async = client.async
    raised = []
    fiber = async.spawn { async.call("BLPOP", "rubytest:none", 0) }
    async.spawn do
      raised << assert_raises(Rediscluster::CrossSlot) { async.call("RENAME", "rubytest:a", "rubytest:b") }
      async.call("SET", "rubytest:async:text", "x", "EX", 60)
      raised << assert_raises(Rediscluster::ServerError) { async.call("INCR", "rubytest:async:text") }
      raised << assert_raises(Rediscluster::Timeout) { async.call("GET", "rubytest:none", timeout: 0) }
      async.cancel(fiber)
    end
    assert_raises(Rediscluster::Cancelled) { async.run }
    assert_equal 3, raised.size
    own_values(async, 3, 3)
  end
end
