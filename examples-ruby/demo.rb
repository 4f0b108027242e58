# frozen_string_literal: true

# Sixteen threads and several children of fork on one client of four connections a node; a pipeline over all shards; a
# call that another thread ends.
#
#   ruby demo.rb host:port[,host:port...]

require_relative "lib/rediscluster"

abort "usage: ruby demo.rb host:port[,host:port...]" unless ARGV.size == 1

# Writes and reads values of its own; says how many came back.
def own_values(client, name, rounds)
  (1..rounds).count do |i|
    key = "ruby:#{name}:#{i}"
    value = "value #{i} of #{name}"
    client.call("SET", key, value, "EX", 60)
    client.call("GET", key) == value
  end
end

client = Rediscluster::Client.new(startup_nodes: ARGV[0], pool_exhausted: "block", max_connections_per_node: 4)

own = Array.new(16) { |i| Thread.new { own_values(client, "thread #{i}", 50) } }.sum(&:value)
puts "16 threads on #{client.pool.stats[:open]} connections: #{own} of 800 values their own"

# Each child uses the client it inherits, with connections of its own, and threads too.
children = Array.new(4) do |i|
  fork { exit(Array.new(4) { |t| Thread.new { own_values(client, "child #{i}.#{t}", 25) } }.sum(&:value) == 100) }
end
after = own_values(client, "parent", 100)
sound = children.count { |child| Process.wait2(child)[1].success? }
puts "#{sound} of 4 children and the parent (#{after} of 100) used the client after fork"

# Commands of all shards together; what the server refuses stands in its place.
replies = client.pipelined do |pipeline|
  100.times { |i| pipeline.call("SET", "ruby:pipeline:#{i}", i, "EX", 60) }
  100.times { |i| pipeline.call("GET", "ruby:pipeline:#{i}") }
  pipeline.call("LPUSH", "ruby:pipeline:0", "x")
end
right = replies[100, 100] == (0...100).map(&:to_s)
puts "a pipeline of #{replies.size} commands; the last one: #{replies.last.message}"

begin
  client.call("INCR", "ruby:thread 0:1")
rescue Rediscluster::ServerError => e
  puts "raised: #{e.class}: #{e.message}"
  raised = e.server_code == "ERR"
end

cancel = Rediscluster::Cancel.new
waiter = Thread.new do
  client.call("BLPOP", "ruby:none", 0, cancel: cancel)
rescue Rediscluster::Cancelled => e
  e
end
sleep 0.05
cancel.fire
puts "BLPOP, which nobody would have answered: #{waiter.value.class}"
cancelled = waiter.value.is_a?(Rediscluster::Cancelled)

puts "statistics: #{client.pool.stats}"
exit(own == 800 && sound == 4 && after == 100 && right && raised && cancelled && client.pool.stats[:in_use].zero?)
