# frozen_string_literal: true

# The subscriber: messages of channels, patterns and shard channels.

module Rediscluster
  module C # :nodoc:
    status_function :subscriber_new, :pointer, :out
    %i[subscribe psubscribe ssubscribe].each do |verb|
      status_function :"subscriber_#{verb}", :pointer, :buffer_in, :size_t, :int64, blocking: true
    end
    %i[unsubscribe punsubscribe sunsubscribe].each do |verb|
      status_function :"subscriber_#{verb}", :pointer, :buffer_in, :size_t
    end
    status_function :subscriber_next, :pointer, :int64, :out, blocking: true
    function :subscriber_fd, [:pointer], :int32
    status_function :subscriber_interrupt, :pointer
    function :subscriber_free, [:pointer], :void

    function :message_kind, [:pointer], :int
    function :message_subscription, [:pointer], :int
    %i[channel pattern payload].each { |part| function :"message_#{part}", %i[pointer out], :pointer }
    function :message_node, [:pointer], :string
    status_function :message_check, :pointer
    function :message_free, [:pointer], :void

    SUBSCRIBER_FREE = method(:subscriber_free)
  end

  # What comes to a subscriber. Of a gap (messages before it may have been missed) and of a refusal, which has an error,
  # there is no payload.
  Message = Struct.new(:subscription, :channel, :pattern, :payload, :node, :gap, :error, keyword_init: true)

  # Receives messages, one thread at a time, and subscribes again to what is lost. All of it happens inside its calls, so
  # call next again and again.
  class Subscriber
    KINDS = %i[channel pattern shard].freeze
    # As timeout: for ever.
    NEVER = -1

    # On a client; connections are its own.
    def initialize(client)
      @subscriber = FFI::AutoPointer.new(Rediscluster.make(:subscriber_new, client.handle), C::SUBSCRIBER_FREE)
    end

    # To a channel, a pattern, a shard channel; waits for the server's confirmation. timeout: seconds.
    %i[subscribe psubscribe ssubscribe].each do |verb|
      define_method(verb) do |name, timeout: nil|
        Rediscluster.call(:"subscriber_#{verb}", @subscriber, name, name.bytesize, Rediscluster.milliseconds(timeout))
      end
    end

    # Nothing of it is given out from now on.
    %i[unsubscribe punsubscribe sunsubscribe].each do |verb|
      define_method(verb) { |name| Rediscluster.call(:"subscriber_#{verb}", @subscriber, name, name.bytesize) }
    end

    # The next Message; nil if none came in so many seconds.
    def next(timeout: nil)
      milliseconds = timeout ? Rediscluster.milliseconds(timeout) : NEVER
      Thread.handle_interrupt(Object => :never) do
        message = Rediscluster.make(:subscriber_next, @subscriber, milliseconds)
        begin
          taken(message)
        ensure
          C.message_free(message)
        end
      end
    rescue Timeout
      nil
    end

    # Ends, from another thread, the call that waits, or the next one, with Cancelled.
    def interrupt = Rediscluster.call(:subscriber_interrupt, @subscriber)

    # To wait on with IO.select only, until next has something to give or to do.
    def fd = C.subscriber_fd(@subscriber)

    private

    def taken(message)
      Message.new(
        subscription: KINDS[C.message_subscription(message)], channel: part(:message_channel, message),
        pattern: part(:message_pattern, message), payload: part(:message_payload, message),
        node: C.message_node(message), gap: C.message_kind(message) == 2, error: refusal(message)
      )
    end

    def part(name, message)
      FFI::MemoryPointer.new(:size_t) do |size|
        bytes = C.public_send(name, message, size)
        return bytes.null? ? nil : bytes.read_bytes(size.read(:size_t))
      end
    end

    def refusal(message)
      Rediscluster.call(:message_check, message)
      nil
    rescue ServerError => e
      e
    end
  end
end
