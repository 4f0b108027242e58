# frozen_string_literal: true

require_relative "cluster"

# Pools, connections and replies.
class RedisclusterTest < Minitest::Test
  include Cluster

  def pool(**options) = Rediscluster::Pool.new(startup_nodes: NODES, **TLS, **options)

  def own_values(pool, name, rounds)
    (1..rounds).all? do |i|
      key = "rubytest:#{name}:#{i}"
      pool.by_key(key) do |connection|
        connection.call("SET", key, "#{name}/#{i}", "EX", 60)
        connection.call("GET", key) == "#{name}/#{i}"
      end
    end
  end

  def test_sixteen_threads_read_their_own
    pool = pool(pool_exhausted: "block", max_connections: 4)
    assert(Array.new(16) { |i| Thread.new { own_values(pool, i, 50) } }.all?(&:value))
    assert_equal 0, pool.stats[:in_use]
    assert_operator pool.stats[:open], :<=, 4
  end

  def test_a_blocking_call_lets_other_threads_run
    pool = pool(pool_exhausted: "block", max_connections: 1, timeout: 60_000)
    held = pool.random
    waiter = Thread.new { pool.random { |connection| connection.call("PING") } }
    wait_for("a waiter") { pool.stats[:waiting] == 1 }
    count = 0
    10_000.times { count += 1 }
    assert waiter.alive?
    held.release
    assert_equal "PONG", waiter.value

  end

  def test_interrupt
    pool = pool()
    blocked = pool.by_key("rubytest:none")
    node = blocked.node
    ended = Thread.new do
      blocked.call("BLPOP", "rubytest:none", 0, timeout: 60)
    rescue Rediscluster::Cancelled => e
      e
    end
    wait_for("BLPOP") do
      pool.by_node(node) { |other| !other.call("INFO", "clients").include?("blocked_clients:0") }
    end
    blocked.interrupt
    assert_kind_of Rediscluster::Cancelled, ended.value
    assert blocked.broken?
    blocked.release
    assert_equal 1, pool.stats[:open]
  end

  def test_children_use_the_pool_and_the_parent_goes_on
    pool = pool(pool_exhausted: "block", max_connections: 4, timeout: 60_000)
    held = pool.by_key("rubytest:held")
    held.call("SET", "rubytest:held", "parent", "EX", 60)
    stop = false
    busy = Array.new(4) { |i| Thread.new { own_values(pool, "busy #{i}", 5) until stop || !busy } }
    children = Array.new(8) do |i|
      in_child do
        forked = begin
          held.call("PING")
          false
        rescue Rediscluster::Forked
          true
        end
        forked && pool.stats[:in_use].zero? &&
          Array.new(8) { |t| Thread.new { own_values(pool, "child #{i}.#{t}", 5) } }.all?(&:value) &&
          pool.stats[:open] <= 4
      end
    end
    assert own_values(pool, "parent", 50)
    assert_equal "parent", held.call("GET", "rubytest:held")
    assert(children.all? { |child| child.value.success? })
    stop = true
    busy.each(&:join)
    held.release
    assert own_values(pool, "parent afterwards", 50)
    assert_equal 0, pool.stats[:in_use]
  end

  def test_a_child_of_a_child_and_one_that_closes
    pool = pool()
    assert own_values(pool, "first", 1)
    closed = in_child do
      pool.close
      GC.start
      begin
        pool.random
        false
      rescue Rediscluster::Closed
        true
      end
    end
    grandchild = in_child { own_values(pool, "child", 3) && in_child { own_values(pool, "grandchild", 3) }.value.success? }
    assert closed.value.success?
    assert grandchild.value.success?
    # A child that ends as programs do, with its finalizers.
    ordinary = fork { exit(own_values(pool, "ordinary", 3)) }
    assert Process.wait2(ordinary)[1].success?
    assert own_values(pool, "last", 3)
  end

  def test_replies
    pool(protocol: 3).by_key("rubytest:r") do |connection|
      binary = "\x00\r\n\xFF".b
      assert_equal "OK", connection.call("SET", "rubytest:r", binary, "EX", 60)
      assert_equal binary, connection.call("GET", "rubytest:r")
      assert_equal Encoding::BINARY, connection.call("GET", "rubytest:r").encoding
      assert_equal "", connection.call("GETRANGE", "rubytest:r", 5, 9)
      assert_nil connection.call("GET", "rubytest:none{rubytest:r}")
      assert_equal 1, connection.call("EXISTS", "rubytest:r")
      script = "redis.setresp(3) return {1, {'two', {3}}, {double=0.5}, {map={a='b'}}, true, " \
               "{err='BAD luck'}, {big_number='123456789012345678901'}, {}}"
      got = connection.call("EVAL", script, 1, "rubytest:r")
      assert_equal [1, ["two", [3]], 0.5, { "a" => "b" }, true], got.first(5)
      assert_equal "BAD", got[5].server_code
      assert_equal [123_456_789_012_345_678_901, []], got.last(2)
      1000.times { connection.append("INCR", "rubytest:n{rubytest:r}") }
      first = connection.read
      assert_equal((first + 1...first + 1000).to_a, Array.new(999) { connection.read })
      large = "x" * (1 << 20)
      connection.call("SET", "rubytest:r", large, "EX", 60)
      assert_equal large, connection.call("GET", "rubytest:r")
    end
  end

  def test_errors
    error = assert_raises(Rediscluster::ConfigError) { Rediscluster::Pool.new(max_conections: 1) }
    assert_includes error.message, "max_connections"
    assert_raises(Rediscluster::Unreachable) { Rediscluster::Pool.new("redis://127.0.0.1:1") }
    pool = pool(max_connections: 1)
    error = assert_raises(Rediscluster::UnknownNode) { pool.by_node("192.0.2.1:1") }
    assert_equal "UNKNOWN_NODE", error.status
    error = assert_raises(Rediscluster::Error) { pool.by_slot(16_384) }
    assert_equal "INVALID_ARGUMENT", error.status
    connection = pool.random
    error = assert_raises(Rediscluster::PoolExhausted) { pool.random }
    assert error.retryable?
    connection.release
    assert_raises(Rediscluster::NotCheckedOut) { connection.release }
    assert_raises(Rediscluster::NotCheckedOut) { connection.call("PING") }
    assert_nil connection.node
    error = assert_raises(Rediscluster::ServerError) { pool.random { |c| c.call("NOSUCHCOMMAND") } }
    assert_equal "ERR", error.server_code
    assert_equal 0, pool.stats[:in_use]
    waiting = pool(max_connections: 1, pool_exhausted: "block")
    waiting.random do
      begun = clock
      assert_raises(Rediscluster::PoolTimeout) { waiting.random(timeout: 0.05) }
      assert_operator clock - begun, :>=, 0.049
    end
    pool.close
    assert_raises(Rediscluster::Closed) { pool.random }
  end

  def test_a_command_that_is_too_slow
    pool.by_key("rubytest:none") do |connection|
      error = assert_raises(Rediscluster::Timeout) { connection.call("BLPOP", "rubytest:none", 0, timeout: 0.05) }
      assert error.maybe_executed?
      assert connection.broken?
    end
  end

  def test_pools_that_are_forgotten_are_freed
    pool.random { |connection| connection.call("PING") }
    before = Dir.children("/proc/self/fd").size
    40.times { pool.random { |connection| connection.call("PING") } }
    wait_for("the end of their descriptors") do
      GC.start
      Dir.children("/proc/self/fd").size <= before + 2
    end
  end

  def every_node(pool, *command)
    pool.random { |connection| connection.call("CLUSTER", "NODES") }.scan(/^\S+ (\S+?)@/).flatten.each do |node|
      pool.by_node(node) { |connection| connection.call(*command) }
    end
  end

  def test_addresses
    asked = Hash.new(0)
    named = pool(translate: ->(host, port) { asked[host] += 1 and ["node.test", port] },
                 resolve: ->(name) { asked[name] += 1 and ["127.0.0.1"] })
    GC.start # what C calls is kept
    named.by_key("a") do |connection|
      assert_match(/\Anode\.test:/, connection.node)
      assert_equal "PONG", connection.call("PING")
      # A redirect names the announced address.
      named.moved(Rediscluster.key_slot("a"), connection.node.sub("node.test", "127.0.0.1"))
      named.ask(connection.node.sub("node.test", "127.0.0.1")) { |asking| assert_equal connection.node, asking.node }
    end
    assert_operator asked["127.0.0.1"], :>, 0
    assert_operator asked["node.test"], :>, 0
    child = in_child { Array.new(4) { Thread.new { own_values(named, "translated", 3) } }.all?(&:value) }
    assert child.value.success?
  end

  def test_what_a_callback_raises_is_no_answer
    pool(translate: ->(*) { raise "no" }).random { |connection| assert_equal "PONG", connection.call("PING") }
    pool(translate: ->(*) { nil }).random { |connection| assert_equal "PONG", connection.call("PING") }
    catch(:no) do
      assert_raises(Rediscluster::Unreachable) { Rediscluster::Pool.new("redis://node.test:1", resolve: ->(_) { throw :no }) }
    end
    assert_raises(Rediscluster::AuthError) { pool(credentials: ->(_) { exit }) }
    assert_raises(Rediscluster::AuthError) { pool(credentials: ->(_) { "no list" }) }
  end

  def test_credentials_that_change
    administrator = pool
    every_node(administrator, "ACL", "SETUSER", "ruby-test", "reset", "on", ">one", "~*", "+@all")
    password = "one"
    users = pool(credentials: ->(node) { ["ruby-test", password] if node.include?(":") })
    id = users.by_slot(0) do |connection|
      assert_equal "ruby-test", connection.call("ACL", "WHOAMI")
      connection.call("CLIENT", "ID")
    end
    every_node(administrator, "ACL", "SETUSER", "ruby-test", ">two")
    password = "two"
    users.update_credentials("ruby-test", "two")
    every_node(administrator, "ACL", "SETUSER", "ruby-test", "<one")
    assert_equal(id, users.by_slot(0) { |connection| connection.call("CLIENT", "ID") })
    assert_raises(Rediscluster::AuthError) { users.update_credentials("ruby-test", "one") }
  ensure
    every_node(administrator, "ACL", "DELUSER", "ruby-test")
  end

  def test_reads_and_writes
    reader = pool(read_from: "replica_preferred")
    primary = reader.by_slot(0, &:node)
    refute_equal primary, reader.by_slot(0, access: Rediscluster::READ, &:node)
    assert_raises(Rediscluster::ReadOnly) { pool(readonly: "yes").by_slot(0) }
    TLS.empty? ? assert_raises(Rediscluster::ConfigError) { pool.reload_tls } : pool.reload_tls
  end

  def test_key_slot
    assert_equal 12_182, Rediscluster.key_slot("foo")
    assert_equal Rediscluster.key_slot("{a}b"), Rediscluster.key_slot("{a}c")
  end
end
