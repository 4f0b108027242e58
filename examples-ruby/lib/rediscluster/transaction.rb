# frozen_string_literal: true

# Transactions, scripts and scans of a client.

module Rediscluster
  module C # :nodoc:
    status_function :transaction_new, :pointer, :out
    status_function :transaction_set_cancel, :pointer, :pointer
    status_function :transaction_watch, :pointer, :buffer_in, :size_t, :int64, blocking: true
    status_function :transaction_execute, :pointer, :pointer, :out, blocking: true
    status_function :transaction_append, :pointer, :pointer
    status_function :transaction_exec, :pointer, :int64, :out, blocking: true
    function :transaction_free, [:pointer], :void

    status_function :script_new, :buffer_in, :size_t, :int32, :out
    status_function :script_execute, :pointer, :pointer, :pointer, :out, blocking: true
    function :script_free, [:pointer], :void

    status_function :scan_new, :pointer, :buffer_in, :size_t, :int64, :string, :out
    status_function :scan_set_timeout, :pointer, :int64
    status_function :scan_next, :pointer, :out, blocking: true
    function :scan_free, [:pointer], :void

    SCRIPT_FREE = method(:script_free)
    SCAN_FREE = method(:scan_free)
  end

  # Commands that run as one, in one slot: Client#transaction.
  class Transaction
    def initialize(client, cancel)
      @transaction = Rediscluster.make(:transaction_new, client)
      Rediscluster.call(:transaction_set_cancel, @transaction, cancel)
    end

    # Watches keys from now on.
    def watch(*keys)
      keys.each { |key| Rediscluster.call(:transaction_watch, @transaction, key, key.bytesize, DEFAULT) }
    end

    # Runs a command now, behind a watch: to read what the others depend on.
    def read(*arguments)
      Rediscluster.packed(arguments) do |command|
        Rediscluster.taken { Rediscluster.make(:transaction_execute, @transaction, command) }
      end
    end

    # Appends a command to those that run as one; sends nothing.
    def call(*arguments)
      Rediscluster.packed(arguments) { |command| Rediscluster.call(:transaction_append, @transaction, command) }
    end

    # Runs them.
    def exec(timeout_ms) = Rediscluster.taken { Rediscluster.make(:transaction_exec, @transaction, timeout_ms) }

    def free
      C.transaction_free(@transaction)
      @transaction = nil
    end
  end

  # A Lua script, which servers know by its digest and are told where they do not.
  class Script
    # access READ: it only reads, and whom read_from says runs it.
    def initialize(source, access: WRITE)
      @script = FFI::AutoPointer.new(Rediscluster.make(:script_new, source, source.bytesize, access), C::SCRIPT_FREE)
    end

    # Runs it where its keys are.
    def call(client, keys: [], arguments: [], timeout: nil)
      Rediscluster.packed([keys.size, *keys, *arguments]) do |command|
        Rediscluster.call(:command_set_timeout, command, Rediscluster.milliseconds(timeout))
        Rediscluster.taken { Rediscluster.make(:script_execute, @script, client.handle, command) }
      end
    end
  end

  class Client
    # Runs as one what the block calls, in one slot, and gives the replies; what failed stands in its place. Raises
    # Aborted if a key that the block watched has changed:
    #
    #   client.transaction { |t| t.watch("k"); n = t.read("GET", "k").to_i; t.call("SET", "k", n * 2) }
    def transaction(timeout: nil, cancel: nil)
      transaction = Transaction.new(@client, cancel&.handle)
      yield transaction
      transaction.exec(Rediscluster.milliseconds(timeout))
    ensure
      transaction&.free
    end

    # All keys of the cluster, to the block, or as an Enumerator. count: how many a node looks at for a page; timeout:
    # seconds for a page.
    def scan(match: "", count: 1000, type: "", timeout: nil)
      return to_enum(:scan, match: match, count: count, type: type, timeout: timeout) unless block_given?

      scan = FFI::AutoPointer.new(
        Rediscluster.make(:scan_new, @client, match, match.bytesize, count, type), C::SCAN_FREE
      )
      Rediscluster.call(:scan_set_timeout, scan, Rediscluster.milliseconds(timeout))
      while (page = page_of(scan))
        page.each { |key| yield key }
      end
      scan.free
    end

    private

    def page_of(scan)
      Thread.handle_interrupt(Object => :never) do
        page = Rediscluster.make(:scan_next, scan)
        page.null? ? nil : Reply.take(page)
      end
    end
  end
end
