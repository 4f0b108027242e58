package rediscluster

// #include <stdlib.h>
// #include "glue.h"
import "C"

import (
	"context"
	"runtime"
	"strconv"
	"unsafe"
)

// Transaction is what the function of Client.Transaction gathers: commands of one slot that run as one.
type Transaction struct {
	ctx         context.Context
	transaction *C.rediscluster_transaction
}

// Transaction runs as one what the function appends, and gives an Array of the replies; one that failed when it ran is a
// Failure there. If a key that the function watched has changed, nothing is done: Aborted, and it may be called again.
// What the function returns other than nil ends the transaction without running it, and is returned.
func (c *Client) Transaction(ctx context.Context, gather func(*Transaction) error) (Reply, error) {
	t := &Transaction{ctx: ctx}
	// It holds the client, which may be closed from here on: the function runs without the lock, and may use the client.
	err := c.pool.tell(func(raw **C.rediscluster_error) C.rediscluster_status {
		return C.rediscluster_transaction_new(c.client, &t.transaction, raw)
	})
	if err != nil {
		return Reply{}, err
	}
	defer C.rediscluster_transaction_free(t.transaction)
	var reply Reply
	var refused error
	err = withToken(ctx, func(cancel *C.rediscluster_cancel) *Error {
		var raw *C.rediscluster_error
		status := C.rediscluster_transaction_set_cancel(t.transaction, cancel, &raw)
		if status != C.REDISCLUSTER_OK {
			return failure(status, raw)
		}
		if refused = gather(t); refused != nil {
			return nil
		}
		var answer C.glue_answer
		status = C.glue_transaction_exec(t.transaction, timeoutOf(ctx), &answer, &raw)
		if status == C.REDISCLUSTER_OK {
			reply = take(&answer)
		}
		return failure(status, raw)
	})
	if err == nil {
		err = refused
	}
	return reply, err
}

// Watch watches a key from now on.
func (t *Transaction) Watch(key string) error {
	data := []byte(key)
	var raw *C.rediscluster_error
	status := C.rediscluster_transaction_watch(t.transaction, start(data), C.size_t(len(data)), timeoutOf(t.ctx), &raw)
	return failure(status, raw).ended(t.ctx)
}

// Read runs a command now, behind a watch: to read what the appended ones depend on.
func (t *Transaction) Read(arguments ...string) (Reply, error) {
	data, lengths := pack(arguments)
	var answer C.glue_answer
	var raw *C.rediscluster_error
	status := C.glue_transaction_read(t.transaction, start(data), first(lengths), C.size_t(len(lengths)),
		timeoutOf(t.ctx), &answer, &raw)
	if status == C.REDISCLUSTER_OK {
		return take(&answer), nil
	}
	return Reply{}, failure(status, raw).ended(t.ctx)
}

// Append adds a command to those that run as one; it sends nothing.
func (t *Transaction) Append(arguments ...string) error {
	data, lengths := pack(arguments)
	var raw *C.rediscluster_error
	status := C.glue_transaction_append(t.transaction, start(data), first(lengths), C.size_t(len(lengths)), &raw)
	return failure(status, raw).ended(t.ctx)
}

// Script is a Lua script, which servers know by its digest and are told where they do not. Any number of goroutines share
// one.
type Script struct{ script *C.rediscluster_script }

// NewScript makes a script. One that only reads is run by whom the option `read_from` says.
func NewScript(source string, reads bool) (*Script, error) {
	access := C.int32_t(C.REDISCLUSTER_WRITE)
	if reads {
		access = C.REDISCLUSTER_READ
	}
	data := []byte(source)
	s := &Script{}
	var raw *C.rediscluster_error
	status := C.rediscluster_script_new(start(data), C.size_t(len(data)), access, &s.script, &raw)
	if status != C.REDISCLUSTER_OK {
		return nil, failure(status, raw)
	}
	runtime.SetFinalizer(s, func(s *Script) { C.rediscluster_script_free(s.script) })
	return s, nil
}

// Run runs a script where its keys are.
func (c *Client) Run(ctx context.Context, script *Script, keys []string, arguments ...string) (Reply, error) {
	all := append([]string{strconv.Itoa(len(keys))}, keys...)
	var reply Reply
	err := c.bounded(ctx, func(cancel *C.rediscluster_cancel) *Error {
		data, lengths := pack(append(all, arguments...))
		var answer C.glue_answer
		var raw *C.rediscluster_error
		status := C.glue_script(script.script, c.client, start(data), first(lengths), C.size_t(len(lengths)),
			timeoutOf(ctx), cancel, &answer, &raw)
		if status == C.REDISCLUSTER_OK {
			reply = take(&answer)
		}
		return failure(status, raw)
	})
	runtime.KeepAlive(script)
	return reply, err
}

// Scan gives the function all keys of the cluster that match a pattern ("" is all) and are of a type ("" is any), until it
// returns false. The context is looked at between pages; its deadline is each page's, too.
func (c *Client) Scan(ctx context.Context, pattern, kind string, each func(key string) bool) error {
	cKind := C.CString(kind)
	defer C.free(unsafe.Pointer(cKind))
	var scan *C.rediscluster_scan
	err := c.pool.tell(func(raw **C.rediscluster_error) C.rediscluster_status {
		data := []byte(pattern)
		return C.rediscluster_scan_new(c.client, start(data), C.size_t(len(data)), 1000, cKind, &scan, raw)
	})
	if err != nil {
		return err
	}
	defer C.rediscluster_scan_free(scan)
	for {
		if err := ctx.Err(); err != nil {
			return &Error{Status: Cancelled, Message: "the context has ended", cause: err}
		}
		var answer C.glue_answer
		var raw *C.rediscluster_error
		if status := C.glue_page(scan, timeoutOf(ctx), &answer, &raw); status != C.REDISCLUSTER_OK {
			return failure(status, raw).ended(ctx)
		}
		if answer.reply == nil {
			return nil
		}
		for _, key := range take(&answer).Elements() {
			if !each(key.Text()) {
				return nil
			}
		}
	}
}
