# frozen_string_literal: true

# Commands of many fibers on one asynchronous handle, in one thread.

require "io/wait"

module Rediscluster
  module C # :nodoc:
    status_function :async_new, :pointer, :out
    status_function :async_submit, :pointer, :pointer, :uint64
    status_function :async_cancel, :pointer, :uint64
    status_function :async_poll, :pointer, :pointer, :size_t, :int64, :out
    function :async_fd, [:pointer], :int32
    function :async_free, [:pointer], :void

    ASYNC_FREE = method(:async_free)
  end

  # An event loop of fibers: one that waits for a reply lets the others run.
  #
  #   async = client.async
  #   keys.each { |key| async.spawn { puts async.call("GET", key) } }
  #   async.run
  #
  # It serves one thread. Under a Fiber scheduler `run` waits as any IO does.
  class Async
    # So many completions are taken at once: a tag, a reply and an error each.
    BATCH = 256
    COMPLETION = 24

    def initialize(client)
      @async = FFI::AutoPointer.new(Rediscluster.make(:async_new, client.handle), C::ASYNC_FREE)
      # The descriptor stays the library's.
      @io = IO.for_fd(C.async_fd(@async), autoclose: false)
      @taken = FFI::MemoryPointer.new(COMPLETION, BATCH)
      @tag = 0
      @waiting = {}
      @without_room = []
    end

    # Runs the block in a fiber of its own, until it waits.
    def spawn(&block) = Fiber.new(&block).tap(&:resume)

    # What Client#call does, in a fiber that was spawned.
    def call(*arguments, timeout: nil)
      submit(arguments, timeout)
      outcome = Fiber.yield
      raise outcome if outcome.is_a?(Error)

      outcome
    end

    # Ends what a fiber waits for: it gets Cancelled.
    def cancel(fiber) = Rediscluster.call(:async_cancel, @async, @waiting.key(fiber))

    # Serves the fibers until all have ended. What one of them raises comes out here; run again for the others.
    def run
      until @waiting.empty?
        @io.wait_readable
        turn.each { |fiber, outcome| fiber.resume(outcome) }
        @without_room.shift(@without_room.size).each(&:resume)
      end
    end

    private

    def submit(arguments, timeout)
      Rediscluster.packed(arguments) do |command|
        Rediscluster.call(:command_set_timeout, command, Rediscluster.milliseconds(timeout))
        Rediscluster.call(:async_submit, @async, command, @tag += 1)
        @waiting[@tag] = Fiber.current
      end
    rescue Error => e
      raise unless e.status == "LIMIT" && !@waiting.empty?

      # max_in_flight commands are under way: again when completions have been taken.
      @without_room << Fiber.current
      Fiber.yield
      retry
    end

    # Takes one batch. No exception of another thread comes between the completions and their freeing.
    def turn
      Thread.handle_interrupt(Object => :never) do
        count = FFI::MemoryPointer.new(:size_t) do |out|
          Rediscluster.call(:async_poll, @async, @taken, BATCH, 0, out)
          break out.get(:size_t, 0)
        end
        Array.new(count) do |i|
          reply, error = @taken.get_array_of_pointer((i * COMPLETION) + 8, 2)
          [@waiting.delete(@taken.get_uint64(i * COMPLETION)), outcome(reply, error)]
        end
      end
    end

    def outcome(reply, error)
      return Reply.take(reply) unless reply.null?

      Rediscluster.exception(C.error_status(error), error)
    ensure
      C.error_free(error)
    end
  end
end
