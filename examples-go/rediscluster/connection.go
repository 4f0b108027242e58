package rediscluster

// #include "glue.h"
import "C"

import (
	"context"
	"runtime"
)

// Connection is checked out of a pool and serves one goroutine at a time, which gives it back with Release.
type Connection struct {
	// The library's value for a connection: an index and a generation, no address. That its type is a
	// pointer is harmless: it is odd and has bit 63 set, so neither the collector nor a growing stack takes it
	// for one of Go's, cgo's checks have nothing to follow, and cgo treats pointers to incomplete C types as
	// plain words anyway.
	handle *C.rediscluster_connection
}

// Release gives the connection back. Done again it answers NotCheckedOut, and nothing happens.
func (c *Connection) Release() error {
	runtime.SetFinalizer(c, nil)
	var raw *C.rediscluster_error
	status := C.rediscluster_connection_release(c.handle, &raw)
	runtime.KeepAlive(c)
	if err := failure(status, raw); err != nil {
		return err
	}
	return nil
}

func (c *Connection) finalize() { C.rediscluster_connection_release(c.handle, nil) }

// Node is the node the connection speaks to, "host:port"; "" if it is not checked out.
func (c *Connection) Node() string {
	defer runtime.KeepAlive(c)
	return C.GoString(C.rediscluster_connection_node(c.handle))
}

// Broken says whether the connection is of no more use: to be released.
func (c *Connection) Broken() bool {
	defer runtime.KeepAlive(c)
	return bool(C.rediscluster_connection_is_broken(c.handle))
}

// Do sends a command and waits for its reply. A reply of kind Failure is a reply: see Reply.Err.
func (c *Connection) Do(ctx context.Context, arguments ...string) (Reply, error) {
	var reply Reply
	err := c.bounded(ctx, func() *Error {
		data, lengths := pack(arguments)
		var answer C.glue_answer
		var raw *C.rediscluster_error
		status := C.glue_command(c.handle, start(data), first(lengths), C.size_t(len(lengths)), timeoutOf(ctx),
			&answer, &raw)
		if status == C.REDISCLUSTER_OK {
			reply = take(&answer)
		}
		return failure(status, raw)
	})
	return reply, err
}

// Append queues a command, which is owed one Read.
func (c *Connection) Append(arguments ...string) error {
	defer runtime.KeepAlive(c)
	data, lengths := pack(arguments)
	var raw *C.rediscluster_error
	status := C.glue_append(c.handle, start(data), first(lengths), C.size_t(len(lengths)), &raw)
	if err := failure(status, raw); err != nil {
		return err
	}
	return nil
}

// Read gives the next reply, after sending what was appended.
func (c *Connection) Read(ctx context.Context) (Reply, error) {
	var reply Reply
	err := c.bounded(ctx, func() *Error {
		var answer C.glue_answer
		var raw *C.rediscluster_error
		status := C.glue_read(c.handle, timeoutOf(ctx), &answer, &raw)
		if status == C.REDISCLUSTER_OK {
			reply = take(&answer)
		}
		return failure(status, raw)
	})
	return reply, err
}

// bounded runs a call that the end of the context interrupts.
func (c *Connection) bounded(ctx context.Context, call func() *Error) error {
	defer runtime.KeepAlive(c)
	return watched(ctx, func() { C.rediscluster_connection_interrupt(c.handle, nil) }, call)
}

// pack puts arguments one after another, as rediscluster_command_append_packed takes them: cgo allows no
// array of pointers into Go's memory.
func pack(arguments []string) ([]byte, []C.size_t) {
	size := 0
	for _, argument := range arguments {
		size += len(argument)
	}
	data := make([]byte, 0, size)
	lengths := make([]C.size_t, len(arguments))
	for i, argument := range arguments {
		data = append(data, argument...)
		lengths[i] = C.size_t(len(argument))
	}
	return data, lengths
}

func first(lengths []C.size_t) *C.size_t {
	if len(lengths) == 0 {
		return nil
	}
	return &lengths[0]
}
