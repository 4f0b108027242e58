# frozen_string_literal: true

# librediscluster from Ruby, over the ffi gem: pools, connections and replies here, the client that stands on them and
# its subscriber in rediscluster/. It shows how the C API is used from Ruby, and is short enough to be read whole.
#
# - Calls that may block are attached with `blocking: true`: they release the VM's lock, and other threads run.
# - Errors are exceptions, Rediscluster::Error and its subclasses; an error reply raises ServerError, but among
#   the elements of a reply it stands as a value.
# - Strings from the server are binary.
# - Callbacks are lambdas. They run in the thread that is inside the library; what one raises goes no further, and is
#   no answer.
# - A child of fork uses the pool it inherits; a connection that was out is the parent's (Forked).
# - Where memory is given back by finalizers, the library allows it in any order.
#
# REDISCLUSTER_LIBRARY names the library's file; without it the system's loader finds it.

require "ffi"

module Rediscluster
  # The C functions.
  module C
    extend FFI::Library
    ffi_lib ENV.fetch("REDISCLUSTER_LIBRARY", "librediscluster.so.0.1")

    # A connection is a value that only looks like a pointer: an integer here, never dereferenced.
    typedef :uint64, :connection
    typedef :pointer, :out
    typedef :pointer, :error

    def self.status_function(name, *parameters, blocking: false)
      attach_function name, "rediscluster_#{name}", [*parameters, :error], :int, blocking: blocking
    end

    def self.function(name, parameters, result)
      attach_function name, "rediscluster_#{name}", parameters, result
    end

    function :status_name, [:int32], :string
    function :error_message, [:error], :string
    function :error_node, [:error], :string
    function :error_slot, [:error], :int32
    function :error_server_code, [:error], :string
    function :error_is_retryable, [:error], :bool
    function :error_maybe_executed, [:error], :bool
    function :error_free, [:error], :void

    status_function :options_new, :out
    status_function :options_from_url, :string, :out
    status_function :options_set, :pointer, :string, :string
    # Each is user_data, what is asked, and the sink with its data that takes the answer.
    callback :credentials_callback, %i[pointer string pointer pointer], :void
    callback :translate_callback, %i[pointer string uint16 pointer pointer], :void
    callback :resolve_callback, %i[pointer string pointer pointer], :void
    status_function :options_set_credentials, :pointer, :credentials_callback, :pointer, :pointer
    status_function :options_set_translate, :pointer, :translate_callback, :pointer, :pointer
    status_function :options_set_resolve, :pointer, :resolve_callback, :pointer, :pointer
    function :options_free, [:pointer], :void

    status_function :pool_new, :pointer, :out, blocking: true
    status_function :pool_get_by_slot, :pointer, :int32, :int32, :int64, :out, blocking: true
    status_function :pool_get_by_key, :pointer, :buffer_in, :size_t, :int32, :int64, :out, blocking: true
    status_function :pool_get_by_node, :pointer, :string, :int64, :out, blocking: true
    status_function :pool_get_random, :pointer, :int64, :out, blocking: true
    status_function :pool_moved, :pointer, :int32, :string, blocking: true
    status_function :pool_ask, :pointer, :string, :int64, :out, blocking: true
    status_function :pool_refresh, :pointer, :int64, blocking: true
    status_function :pool_update_credentials, :pointer, :string, :string, blocking: true
    status_function :pool_reload_tls, :pointer, blocking: true
    status_function :pool_close, :pointer
    status_function :pool_stats, :pointer, :out
    function :stats_get, %i[pointer string int32], :int64
    function :stats_free, [:pointer], :void
    function :pool_free, [:pointer], :void

    status_function :connection_command, :connection, :pointer, :int64, :out, blocking: true
    status_function :connection_append, :connection, :pointer
    status_function :connection_read, :connection, :int64, :out, blocking: true
    status_function :connection_interrupt, :connection
    status_function :connection_release, :connection
    function :connection_node, [:connection], :string
    function :connection_is_broken, [:connection], :bool

    status_function :command_new, :out
    status_function :command_append_packed, :pointer, :buffer_in, :buffer_in, :size_t
    function :command_free, [:pointer], :void

    function :reply_cells, %i[pointer out out out], :void
    function :reply_free, [:pointer], :void
    function :key_slot, %i[buffer_in size_t], :int32

    POOL_FREE = method(:pool_free)
    OPTIONS_FREE = method(:options_free)
  end

  # Why a call failed.
  class Error < StandardError
    attr_reader :status, :node, :slot, :server_code

    def initialize(message, status: "", node: "", slot: -1, server_code: "", retryable: false, maybe_executed: false)
      super(message)
      @status = status
      @node = node
      @slot = slot
      @server_code = server_code
      @retryable = retryable
      @maybe_executed = maybe_executed
    end

    # Whether the same call may well succeed later.
    def retryable? = @retryable

    # Whether the command may have run.
    def maybe_executed? = @maybe_executed
  end

  class ConfigError < Error; end
  class NotCheckedOut < Error; end
  class UnknownNode < Error; end
  class CrossSlot < Error; end
  class Closed < Error; end
  class Forked < Error; end
  class ReadOnly < Error; end
  class Cancelled < Error; end
  class Unreachable < Error; end
  class ConnectionError < Error; end
  class Timeout < Error; end
  class AuthError < Error; end
  class TlsError < Error; end
  # A watched key has changed, or its slot moved away: nothing was done.
  class Aborted < Error; end
  class PoolExhausted < Error; end
  class PoolTimeout < Error; end
  # The server answered with an error.
  class ServerError < Error; end

  CLASSES = {
    2 => ConfigError, 3 => NotCheckedOut, 4 => UnknownNode, 6 => CrossSlot, 7 => Closed, 8 => Forked, 9 => ReadOnly,
    10 => Cancelled, 20 => Unreachable, 21 => ConnectionError, 22 => Timeout, 23 => AuthError, 24 => TlsError,
    45 => Aborted, 46 => ServerError, 60 => PoolExhausted, 61 => PoolTimeout
  }.freeze
  STATS = { open: 1, idle: 2, in_use: 3, dialing: 4, waiting: 5, created: 6, closed: 7 }.freeze
  READ = 1
  WRITE = 2
  # As timeout: the option's value.
  DEFAULT = -2

  class << self
    # The hash slot of a key.
    def key_slot(key) = C.key_slot(key, key.bytesize)

    # Calls a function of the library; raises what it answers.
    def call(name, *arguments)
      FFI::MemoryPointer.new(:pointer) do |place|
        status = C.public_send(name, *arguments, place)
        raise failure(status, place.read_pointer) unless status.zero?
      end
      nil
    end

    # The same for one whose last output, before the error, is a handle.
    def make(name, *arguments, type: :pointer)
      FFI::MemoryPointer.new(:pointer) do |out|
        call(name, *arguments, out)
        return out.get(type, 0)
      end
    end

    # Seconds as the library takes them; nil is the option's value.
    def milliseconds(seconds) = seconds ? [(seconds * 1000).ceil, 0].max : DEFAULT

    # An error of the library as an exception, which has a copy of all it says.
    def exception(status, error)
      CLASSES.fetch(status, Error).new(
        C.error_message(error).force_encoding(Encoding::UTF_8),
        status: C.status_name(status), node: C.error_node(error), slot: C.error_slot(error),
        server_code: C.error_server_code(error), retryable: C.error_is_retryable(error),
        maybe_executed: C.error_maybe_executed(error)
      )
    end

    # Gives a command to the block: all arguments in one crossing, their bytes, and their lengths.
    def packed(arguments)
      strings = arguments.map { |argument| argument.to_s.b }
      command = make(:command_new)
      call(:command_append_packed, command, strings.join, strings.map(&:bytesize).pack("J*"), strings.size)
      yield command
    ensure
      C.command_free(command) if command
    end

    # The value of the reply that the block gets; an error reply is raised. No exception of another thread comes between
    # the reply and its freeing.
    def taken(&get)
      value = Thread.handle_interrupt(Object => :never) { Reply.take(get.call) }
      raise value if value.is_a?(ServerError)

      value
    end

    private

    def failure(status, error)
      exception(status, error)
    ensure
      C.error_free(error)
    end
  end

  # Lambdas as functions of C.
  module Callbacks
    CREDENTIALS = [:int, %i[pointer string string]].freeze
    ADDRESS = [:int, %i[pointer string uint16]].freeze
    IP = [:int, %i[pointer string]].freeze

    class << self
      # Hands them to the options; gives what is to be kept alive.
      def set(options, credentials:, translate:, resolve:)
        kept = []
        if credentials
          kept << function(%i[string], CREDENTIALS) { |sink, node| (answer = credentials.call(node)) && sink.call(*answer) }
          Rediscluster.call(:options_set_credentials, options, kept.last, nil, nil)
        end
        if translate
          kept << function(%i[string uint16], ADDRESS) do |sink, host, port|
            (answer = translate.call(host, port)) && sink.call(*answer)
          end
          Rediscluster.call(:options_set_translate, options, kept.last, nil, nil)
        end
        if resolve
          kept << function(%i[string], IP) { |sink, name| resolve.call(name)&.each { |address| sink.call(address) } }
          Rediscluster.call(:options_set_resolve, options, kept.last, nil, nil)
        end
        kept
      end

      private

      def function(asked, sink)
        FFI::Function.new(:void, [:pointer, *asked, :pointer, :pointer]) do |_, *question, address, data|
          taker = FFI::Function.new(*sink, address)
          contained { yield ->(*answer) { taker.call(data, *answer) }, *question }
        end
      end

      # Whatever would leave the block, by raise, throw or exit, ends here, and other threads' exceptions wait: nothing
      # may jump over the library's frames.
      def contained(&block)
        Thread.handle_interrupt(Object => :never, &block)
      ensure
        return
      end
    end
  end

  # A pool of connections, shared by threads and used on by the children of fork.
  class Pool
    # A URL, or options by name as in docs/options.md: Pool.new(startup_nodes: "127.0.0.1:7000"). And three lambdas:
    #
    # credentials: ->(node) { [username, password] }, asked at each dial; nil fails it with AuthError.
    # translate: ->(host, port) { [host, port] }, where to dial what a server announces; nil leaves it as it is.
    # resolve: ->(name) { ["10.0.0.1"] }, the addresses of a host name, in place of the system's resolver.
    #
    # They must not use the pool.
    def initialize(url = nil, credentials: nil, translate: nil, resolve: nil, **options)
      made = url ? Rediscluster.make(:options_from_url, url) : Rediscluster.make(:options_new)
      set = FFI::AutoPointer.new(made, C::OPTIONS_FREE)
      options.each { |name, value| Rediscluster.call(:options_set, set, name.to_s, value.to_s) }
      # What the library may call must live as long as the pool.
      @callbacks = Callbacks.set(set, credentials: credentials, translate: translate, resolve: resolve)
      # Freed when nobody holds the pool any more, and at the end of the process.
      @pool = FFI::AutoPointer.new(Rediscluster.make(:pool_new, set), C::POOL_FREE)
      set.free
    end

    # What C knows the pool by.
    def handle = @pool

    # A connection to a node that serves a key: with access WRITE its primary, with READ whom read_from says. Given to the
    # block, and back at its end; without a block the caller's, to be released. timeout: seconds.
    def by_key(key, access: WRITE, timeout: nil, &block)
      lend(block) do
        Rediscluster.make(:pool_get_by_key, @pool, key, key.bytesize, access, Rediscluster.milliseconds(timeout),
                          type: :uint64)
      end
    end

    def by_slot(slot, access: WRITE, timeout: nil, &block)
      lend(block) do
        Rediscluster.make(:pool_get_by_slot, @pool, slot, access, Rediscluster.milliseconds(timeout), type: :uint64)
      end
    end

    # By "host:port" or id.
    def by_node(node, timeout: nil, &block)
      lend(block) { Rediscluster.make(:pool_get_by_node, @pool, node, Rediscluster.milliseconds(timeout), type: :uint64) }
    end

    # To any primary; with readonly, unless read_from is primary, to any node.
    def random(timeout: nil, &block)
      lend(block) { Rediscluster.make(:pool_get_random, @pool, Rediscluster.milliseconds(timeout), type: :uint64) }
    end

    # To the node that ASK names.
    def ask(node, timeout: nil, &block)
      lend(block) { Rediscluster.make(:pool_ask, @pool, node, Rediscluster.milliseconds(timeout), type: :uint64) }
    end

    # MOVED: the slot is at this node from now on.
    def moved(slot, node) = Rediscluster.call(:pool_moved, @pool, slot, node)

    # Discovers the cluster anew.
    def refresh(timeout: nil) = Rediscluster.call(:pool_refresh, @pool, Rediscluster.milliseconds(timeout))

    # Replaces the credentials, also those of connections that are there.
    def update_credentials(username, password) = Rediscluster.call(:pool_update_credentials, @pool, username, password)

    # Reads the files of the ssl_ options again, for connections made from now on.
    def reload_tls = Rediscluster.call(:pool_reload_tls, @pool)

    # Closes the pool for good: who waits for a connection is woken with Closed.
    def close = Rediscluster.call(:pool_close, @pool)

    # { open: 3, idle: 1, ... }
    def stats
      stats = Rediscluster.make(:pool_stats, @pool)
      STATS.transform_values { |what| C.stats_get(stats, nil, what) }
    ensure
      C.stats_free(stats) if stats
    end

    private

    # No exception of another thread (Thread#raise, Timeout) comes between the get and the block.
    def lend(block)
      Thread.handle_interrupt(Object => :never) do
        connection = Connection.new(yield)
        return connection unless block

        begin
          Thread.handle_interrupt(Object => :immediate) { block.call(connection) }
        ensure
          connection.abandon
        end
      end
    end
  end

  # A connection that is checked out; one thread at a time.
  class Connection
    def initialize(handle)
      @handle = handle
    end

    # Sends a command and gives its reply; an error reply is raised.
    def call(*arguments, timeout: nil)
      Rediscluster.packed(arguments) do |command|
        Rediscluster.taken { Rediscluster.make(:connection_command, @handle, command, Rediscluster.milliseconds(timeout)) }
      end
    end

    # Queues a command, which is owed one read.
    def append(*arguments)
      Rediscluster.packed(arguments) { |command| Rediscluster.call(:connection_append, @handle, command) }
    end

    # The next reply, after sending what was appended.
    def read(timeout: nil)
      Rediscluster.taken { Rediscluster.make(:connection_read, @handle, Rediscluster.milliseconds(timeout)) }
    end

    # Ends, from another thread, what this one's user is doing, who gets Cancelled.
    def interrupt = Rediscluster.call(:connection_interrupt, @handle)

    def release = Rediscluster.call(:connection_release, @handle)

    # Releases it if it is still out: the block may have done so, or forked.
    def abandon = C.connection_release(@handle, nil)

    def node = C.connection_node(@handle)

    def broken? = C.connection_is_broken(@handle)
  end

  # Reads replies: one crossing for the cells, one copy of their block, and Ruby for the rest.
  class Reply
    CELL = 24

    def self.take(reply)
      FFI::MemoryPointer.new(:pointer, 3) do |out|
        C.reply_cells(reply, out, out + 8, out + 16)
        return new(out.read_pointer.read_bytes((out + 16).read_uint64)).value
      end
    ensure
      C.reply_free(reply)
    end

    def initialize(block)
      @block = block
      @at = 0
    end

    # The cell that is next, and all in it.
    def value
      at = @at
      @at += CELL
      kind = @block.getbyte(at)
      case kind
      when 0 then nil
      when 1, 2, 7, 8 then scalar(at, kind)
      when 3 then ServerError.new((text = bytes(at)), status: "SERVER", server_code: text[/\A\S*/])
      when 4 then @block.unpack1("q", offset: at + 8)
      when 5 then @block.unpack1("d", offset: at + 8)
      when 6 then @block.unpack1("q", offset: at + 8) != 0
      when 10 then Hash[*Array.new(count(at)) { value }]
      when 9, 11, 12 then Array.new(count(at)) { value }
      else raise Error, "a reply of kind #{kind}, which this file does not know"
      end
    end

    private

    def scalar(at, kind) = kind == 7 ? Integer(bytes(at)) : bytes(at)

    def count(at) = @block.unpack1("Q", offset: at + 8)

    def bytes(at)
      length, offset = @block.unpack("Qq", offset: at + 8)
      @block.byteslice(at + offset, length)
    end
  end
end

require_relative "rediscluster/client"
require_relative "rediscluster/transaction"
require_relative "rediscluster/subscriber"
require_relative "rediscluster/async"
