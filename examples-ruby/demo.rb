# frozen_string_literal: true

# Sixteen threads and several children of fork on one pool of four connections.
#
#   ruby demo.rb host:port[,host:port...]

require_relative "lib/rediscluster"

abort "usage: ruby demo.rb host:port[,host:port...]" unless ARGV.size == 1

# Writes and reads values of its own; says how many came back.
def own_values(pool, name, rounds)
  (1..rounds).count do |i|
    key = "ruby:#{name}:#{i}"
    value = "value #{i} of #{name}"
    pool.by_key(key) do |connection|
      connection.call("SET", key, value, "EX", 60)
      connection.call("GET", key) == value
    end
  end
end

pool = Rediscluster::Pool.new(startup_nodes: ARGV[0], pool_exhausted: "block", max_connections: 4)

own = Array.new(16) { |i| Thread.new { own_values(pool, "thread #{i}", 50) } }.sum(&:value)
puts "16 threads on #{pool.stats[:open]} connections: #{own} of 800 values their own"

# Each child uses the pool it inherits, with connections of its own, and threads too.
children = Array.new(4) do |i|
  fork { exit(Array.new(4) { |t| Thread.new { own_values(pool, "child #{i}.#{t}", 25) } }.sum(&:value) == 100) }
end
after = own_values(pool, "parent", 100)
sound = children.count { |child| Process.wait2(child)[1].success? }
puts "#{sound} of 4 children and the parent (#{after} of 100) used the pool after fork"

begin
  pool.by_key("ruby:list") { |connection| connection.call("LPUSH", "ruby:list", "x") && connection.call("INCR", "ruby:list") }
rescue Rediscluster::ServerError => e
  puts "raised: #{e.class}: #{e.message}"
  raised = e.server_code == "WRONGTYPE"
end
puts "statistics: #{pool.stats}"
exit(own == 800 && sound == 4 && after == 100 && raised && pool.stats[:in_use].zero?)
