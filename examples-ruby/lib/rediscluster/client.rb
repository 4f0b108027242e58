# frozen_string_literal: true

# The client: commands without nodes or connections.

module Rediscluster
  module C # :nodoc:
    function :error_status, [:error], :int

    status_function :cancel_new, :out
    function :cancel_fire, [:pointer], :void
    function :cancel_free, [:pointer], :void
    status_function :command_set_timeout, :pointer, :int64
    status_function :command_set_cancel, :pointer, :pointer

    status_function :client_with_pool, :pointer, :out
    status_function :client_execute, :pointer, :pointer, :out, blocking: true
    function :client_free, [:pointer], :void

    status_function :pipeline_new, :pointer, :out
    status_function :pipeline_append, :pointer, :pointer
    status_function :pipeline_set_cancel, :pointer, :pointer
    attach_function :pipeline_execute, "rediscluster_pipeline_execute", %i[pointer int64 error], :int, blocking: true
    function :pipeline_count, [:pointer], :size_t
    function :pipeline_take_reply, %i[pointer size_t], :pointer
    function :pipeline_error, %i[pointer size_t], :pointer
    function :pipeline_free, [:pointer], :void

    CLIENT_FREE = method(:client_free)
    CANCEL_FREE = method(:cancel_free)
  end

  # Ends, from any thread, the calls that were given it. Fired once, it stays so.
  class Cancel
    def initialize
      @cancel = FFI::AutoPointer.new(Rediscluster.make(:cancel_new), C::CANCEL_FREE)
    end

    # The calls end with Cancelled; those to come end before they begin.
    def fire = C.cancel_fire(@cancel)

    # What C knows it by.
    def handle = @cancel
  end

  # Finds the node of each command and follows the cluster. Shared by threads and used on by the children of fork.
  #
  # Thread#raise, and with it Timeout.timeout, waits for the end of a call: give the call a timeout or a Cancel.
  class Client
    # Its pool, for statistics, and for connections of the program's own.
    attr_reader :pool

    # What Pool.new takes.
    def initialize(...)
      @pool = Pool.new(...)
      @client = FFI::AutoPointer.new(Rediscluster.make(:client_with_pool, @pool.handle), C::CLIENT_FREE)
    end

    # Runs a command and gives its reply; an error reply is raised. timeout: seconds, for all that the call does.
    # Whether a command that failed may have run, Error#maybe_executed? says.
    def call(*arguments, timeout: nil, cancel: nil)
      Rediscluster.packed(arguments) do |command|
        Rediscluster.call(:command_set_timeout, command, Rediscluster.milliseconds(timeout))
        Rediscluster.call(:command_set_cancel, command, cancel&.handle)
        Rediscluster.taken { Rediscluster.make(:client_execute, @client, command) }
      end
    end

    # Runs together what the block calls, over any slots: client.pipelined { |p| keys.each { |key| p.call("GET", key) } }.
    # Gives the replies in the order of the commands; what failed stands in its place, an Error.
    def pipelined(timeout: nil, cancel: nil)
      pipeline = Pipeline.new(@client)
      yield pipeline
      pipeline.run(Rediscluster.milliseconds(timeout), cancel&.handle)
    ensure
      pipeline&.free
    end

    # Subscribes to channels, on connections of its own.
    def subscriber = Subscriber.new(self)

    # Runs commands of many fibers in one thread.
    def async = Async.new(self)

    # What C knows it by.
    def handle = @client

    # Closes the pool for good; later calls fail with Closed.
    def close = @pool.close
  end

  # Commands that are gathered and run together.
  class Pipeline
    def initialize(client)
      @pipeline = Rediscluster.make(:pipeline_new, client)
    end

    # Appends a command; sends nothing.
    def call(*arguments)
      Rediscluster.packed(arguments) { |command| Rediscluster.call(:pipeline_append, @pipeline, command) }
    end

    # Runs them; each has its own outcome, so the status of all does not matter.
    def run(timeout_ms, cancel)
      Rediscluster.call(:pipeline_set_cancel, @pipeline, cancel)
      Thread.handle_interrupt(Object => :never) do
        C.pipeline_execute(@pipeline, timeout_ms, nil)
        Array.new(C.pipeline_count(@pipeline)) { |index| outcome(index) }
      end
    end

    def free
      C.pipeline_free(@pipeline)
      @pipeline = nil
    end

    private

    def outcome(index)
      reply = C.pipeline_take_reply(@pipeline, index)
      return Reply.take(reply) unless reply.null?

      error = C.pipeline_error(@pipeline, index)
      Rediscluster.exception(C.error_status(error), error)
    end
  end
end
