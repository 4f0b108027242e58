# frozen_string_literal: true

require_relative "cluster"

# The client.
class ClientTest < Minitest::Test
  include Cluster

  def client(**options) = Rediscluster::Client.new(startup_nodes: NODES, **TLS, **options)

  def own_values(client, name, rounds)
    (1..rounds).all? do |i|
      key = "rubytest:client:#{name}:#{i}"
      client.call("SET", key, "#{name}/#{i}", "EX", 60)
      client.call("GET", key) == "#{name}/#{i}"
    end
  end

  def test_sixteen_threads_share_a_client
    client = client(pool_exhausted: "block", max_connections: 6)
    threads = Array.new(16) do |i|
      Thread.new do
        50.times { client.call("INCR", "rubytest:client:count") }
        own_values(client, i, 50)
      end
    end
    assert threads.all?(&:value)
    assert_equal "800", client.call("GETDEL", "rubytest:client:count")
    assert_equal 0, client.pool.stats[:in_use]
    assert_operator client.pool.stats[:open], :<=, 6
  end

  def test_children_use_the_client_and_the_parent_goes_on
    client = client(pool_exhausted: "block", max_connections: 6, command_timeout: 60_000, timeout: 60_000)
    stop = false
    busy = Array.new(4) { |i| Thread.new { nil while own_values(client, "busy #{i}", 5) && !stop } }
    children = Array.new(8) do |i|
      in_child do
        client.pool.stats[:in_use].zero? &&
          Array.new(8) { |t| Thread.new { own_values(client, "child #{i}.#{t}", 5) } }.all?(&:value) &&
          client.pipelined { |p| 20.times { |n| p.call("ECHO", n) } } == (0...20).map(&:to_s) &&
          in_child { own_values(client, "grandchild #{i}", 3) }.value.success? &&
          client.pool.stats[:open] <= 6
      end
    end
    assert own_values(client, "parent", 50)
    assert(children.all? { |child| child.value.success? })
    stop = true
    busy.each(&:join)
    # A child that ends as programs do, with its finalizers.
    ordinary = fork { exit(own_values(client, "ordinary", 3)) }
    assert Process.wait2(ordinary)[1].success?
    assert own_values(client, "parent afterwards", 50)
    assert_equal 0, client.pool.stats[:in_use]
  end

  def test_keys_of_all_shards
    client = client()
    keys = (0...50).map { |i| "rubytest:many:#{i}" }
    assert_equal "OK", client.call("MSET", *keys.flat_map { |key| [key, "\x00#{key}"] })
    assert_equal(keys.map { |key| "\x00#{key}".b }, client.call("MGET", *keys))
    assert_equal 50, client.call("DEL", *keys)
    error = assert_raises(Rediscluster::CrossSlot) { client.call("RENAME", "rubytest:a", "rubytest:b") }
    refute error.maybe_executed?
    assert_raises(Rediscluster::Error) { client.call("SUBSCRIBE", "news") }
    assert_raises(Rediscluster::Error) { client.call }
  end

  def test_a_pipeline_over_all_shards
    client = client()
    replies = client.pipelined(timeout: 60) do |pipeline|
      100.times do |i|
        pipeline.call("SET", "rubytest:p:#{i}", i, "EX", 60)
        pipeline.call("GET", "rubytest:p:#{i}")
      end
      pipeline.call("LPUSH", "rubytest:p:0", "x")
      pipeline.call("INCR", "rubytest:p:7")
    end
    assert_equal((0...100).flat_map { |i| ["OK", i.to_s] }, replies.first(200))
    assert_kind_of Rediscluster::ServerError, replies[200]
    assert_equal "WRONGTYPE", replies[200].server_code
    assert_equal 8, replies[201]
    assert_equal([], client.pipelined { nil })
    assert_raises(Rediscluster::Error) { client.pipelined { |pipeline| pipeline.call("BLPOP", "rubytest:none", 0) } }
    fired = Rediscluster::Cancel.new.tap(&:fire)
    outcomes = client.pipelined(cancel: fired) { |pipeline| 2.times { pipeline.call("PING") } }
    assert_equal [Rediscluster::Cancelled] * 2, outcomes.map(&:class)
  end

  def test_a_token_ends_a_call_while_other_threads_run
    client = client()
    cancel = Rediscluster::Cancel.new
    ended = Thread.new do
      client.call("BLPOP", "rubytest:none", 0, cancel: cancel)
    rescue Rediscluster::Cancelled => e
      e
    end
    wait_for("BLPOP") { client.pool.stats[:in_use] == 1 }
    count = 0
    10_000.times { count += 1 }
    assert ended.alive?
    assert_equal "PONG", client.call("PING")
    cancel.fire
    assert_kind_of Rediscluster::Cancelled, ended.value
    assert_raises(Rediscluster::Cancelled) { client.call("PING", cancel: cancel) }
    assert_equal "PONG", client.call("PING", cancel: Rediscluster::Cancel.new, timeout: 60)
    assert_equal 0, client.pool.stats[:in_use]
  end

  def test_transactions
    client = client()
    client.call("SET", "{rubytest:x}a", 1, "EX", 60)
    replies = client.transaction(timeout: 60) do |transaction|
      transaction.watch("{rubytest:x}a")
      assert_equal "1", transaction.read("GET", "{rubytest:x}a")
      transaction.call("INCR", "{rubytest:x}a")
      transaction.call("LPUSH", "{rubytest:x}a", "x")
      assert_raises(Rediscluster::CrossSlot) { transaction.call("GET", "{rubytest:y}a") }
    end
    assert_equal 2, replies[0]
    assert_kind_of Rediscluster::ServerError, replies[1]
    assert_raises(Rediscluster::Aborted) do
      client.transaction do |transaction|
        transaction.watch("{rubytest:x}a")
        client.call("SET", "{rubytest:x}a", 7, "EX", 60)
        transaction.call("INCR", "{rubytest:x}a")
      end
    end
    assert_equal "7", client.call("GETDEL", "{rubytest:x}a")
    assert_equal([], client.transaction { nil })
    assert_equal 0, client.pool.stats[:in_use]
  end

  def test_scripts_and_scans
    client = client()
    add = Rediscluster::Script.new("return redis.call('incrby', KEYS[1], ARGV[1])")
    assert_equal 20, add.call(client, keys: ["rubytest:script"], arguments: [20])
    assert_equal 23, add.call(client, keys: ["rubytest:script"], arguments: [3], timeout: 60)
    assert_raises(Rediscluster::CrossSlot) { add.call(client, keys: %w[rubytest:script rubytest:other]) }
    assert_equal 1, client.call("DEL", "rubytest:script")
    said = Rediscluster::Script.new("return ARGV[1]", access: Rediscluster::READ)
    assert_equal "said", said.call(client, keys: ["rubytest:script"], arguments: ["said"])

    client.pipelined { |pipeline| 100.times { |i| pipeline.call("SET", "rubytest:scan:#{i}", i, "EX", 60) } }
    keys = client.scan(match: "rubytest:scan:*", type: "string", timeout: 60).to_a
    assert_equal((0...100).map { |i| "rubytest:scan:#{i}" }.sort, keys.uniq.sort)
    assert_empty client.scan(match: "rubytest:none:*").to_a
  end

  def test_messages
    client = client()
    subscriber = client.subscriber
    subscriber.subscribe("rubytest:channel", timeout: 30)
    subscriber.psubscribe("rubytest:p*", timeout: 30)
    subscriber.ssubscribe("rubytest:shard", timeout: 30)
    client.call("PUBLISH", "rubytest:channel", "\x00\r\n\xFF")
    got = subscriber.next(timeout: 30)
    assert_equal [:channel, "rubytest:channel", nil, "\x00\r\n\xFF".b], got.to_a.first(4)
    assert_match(/:\d+\z/, got.node)
    refute got.gap || got.error
    client.call("PUBLISH", "rubytest:pattern", "")
    assert_equal [:pattern, "rubytest:pattern", "rubytest:p*", ""], subscriber.next(timeout: 30).to_a.first(4)
    client.call("SPUBLISH", "rubytest:shard", "to the shard")
    assert IO.select([IO.for_fd(subscriber.fd, autoclose: false)], nil, nil, 30)
    assert_equal [:shard, "rubytest:shard", nil, "to the shard"], subscriber.next.to_a.first(4)
    assert_nil subscriber.next(timeout: 0)
    subscriber.unsubscribe("rubytest:channel")
    client.call("PUBLISH", "rubytest:channel", "nobody")
    client.call("SPUBLISH", "rubytest:shard", "somebody")
    assert_equal "somebody", subscriber.next.payload
    waiter = Thread.new do
      subscriber.next
    rescue Rediscluster::Cancelled => e
      e
    end
    subscriber.interrupt
    assert_kind_of Rediscluster::Cancelled, waiter.value
    # A child goes on with the subscriptions it inherits, on connections of its own.
    child = in_child do
      subscriber.next(timeout: 0) until (client.call("SPUBLISH", "rubytest:shard", "to a child")) == 2
      message = subscriber.next until message&.payload == "to a child"
      true
    end
    assert child.value.success?
  end

  def test_a_client_that_is_closed_and_ones_that_are_forgotten
    closed = client
    closed.call("PING")
    closed.close
    assert_raises(Rediscluster::Closed) { closed.call("PING") }
    before = Dir.children("/proc/self/fd").size
    40.times { client.call("PING") }
    wait_for("the end of their descriptors") do
      GC.start
      Dir.children("/proc/self/fd").size <= before + 2
    end
  end
end
