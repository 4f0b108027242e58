package rediscluster

// #include "glue.h"
import "C"

import (
	"context"
	"runtime"
)

// Client takes commands, finds the node of each and follows the cluster. Any number of goroutines share one.
type Client struct {
	// Its lock keeps the client, too, from being freed while a call is inside C.
	pool   *Pool
	client *C.rediscluster_client
}

// NewClient makes a client of options by name, as in docs/options.md, and discovers the cluster.
func NewClient(options map[string]string) (*Client, error) {
	return NewClientWith(options, Callbacks{})
}

// NewClientWith makes a client that asks functions of the program.
func NewClientWith(options map[string]string, callbacks Callbacks) (*Client, error) {
	pool, err := NewPoolWith(options, callbacks)
	if err != nil {
		return nil, err
	}
	c := &Client{pool: pool}
	var raw *C.rediscluster_error
	if status := C.rediscluster_client_with_pool(pool.pool, &c.client, &raw); status != C.REDISCLUSTER_OK {
		pool.Close()
		return nil, failure(status, raw)
	}
	runtime.SetFinalizer(c, (*Client).Close)
	return c, nil
}

// Pool is the client's pool, for statistics, and for connections of the program's own. It ends with the client.
func (c *Client) Pool() *Pool { return c.pool }

// Close ends the client and its pool: who waits for a connection wakes with Closed. Commands that were sent are waited
// for; their contexts end them. To close it again does nothing.
func (c *Client) Close() {
	c.pool.Close()
	c.pool.mutex.Lock()
	defer c.pool.mutex.Unlock()
	C.rediscluster_client_free(c.client)
	c.client = nil
	runtime.SetFinalizer(c, nil)
}

// Do runs a command at the node where its keys are, and follows the cluster there. The context's deadline is the call's,
// and its end ends the call; whether the command may have run, Error.MaybeExecuted says. A reply of kind Failure is a
// reply: see Reply.Err.
func (c *Client) Do(ctx context.Context, arguments ...string) (Reply, error) {
	var reply Reply
	err := c.bounded(ctx, func(cancel *C.rediscluster_cancel) *Error {
		data, lengths := pack(arguments)
		var answer C.glue_answer
		var raw *C.rediscluster_error
		status := C.glue_execute(c.client, start(data), first(lengths), C.size_t(len(lengths)), timeoutOf(ctx),
			cancel, &answer, &raw)
		if status == C.REDISCLUSTER_OK {
			reply = take(&answer)
		}
		return failure(status, raw)
	})
	return reply, err
}

// Result is what one command of a pipeline came to: its reply, or why it has none.
type Result struct {
	Reply Reply
	Err   error
}

// Pipeline runs commands together, of any slots: each node gets its own in one write. Their results are in the order of
// the commands. The error is the first of those that have no reply; the others may have theirs all the same. If nothing
// was sent, there are no results.
func (c *Client) Pipeline(ctx context.Context, commands ...[]string) ([]Result, error) {
	var arguments []string
	counts := make([]C.size_t, len(commands))
	for i, command := range commands {
		arguments = append(arguments, command...)
		counts[i] = C.size_t(len(command))
	}
	var results []Result
	err := c.bounded(ctx, func(cancel *C.rediscluster_cancel) *Error {
		data, lengths := pack(arguments)
		var pipeline *C.rediscluster_pipeline
		var raw *C.rediscluster_error
		status := C.glue_pipeline(c.client, start(data), first(lengths), first(counts), C.size_t(len(counts)),
			timeoutOf(ctx), cancel, &pipeline, &raw)
		if pipeline != nil {
			results = outcomes(ctx, pipeline, len(commands))
			C.rediscluster_pipeline_free(pipeline)
		}
		return failure(status, raw)
	})
	return results, err
}

func outcomes(ctx context.Context, pipeline *C.rediscluster_pipeline, count int) []Result {
	results := make([]Result, count)
	for i := range results {
		var answer C.glue_answer
		var why C.glue_error
		if status := C.glue_outcome(pipeline, C.size_t(i), &answer, &why); status == C.REDISCLUSTER_OK {
			results[i].Reply = take(&answer)
		} else {
			results[i].Err = copied(status, &why).ended(ctx)
		}
	}
	return results
}

// bounded runs a call of the client that ends with the context.
func (c *Client) bounded(ctx context.Context, call func(*C.rediscluster_cancel) *Error) error {
	return c.pool.inside(func() error { return withToken(ctx, call) })
}

// withToken runs a call with a token that the end of the context fires; without one if the context has no end.
func withToken(ctx context.Context, call func(*C.rediscluster_cancel) *Error) error {
	var cancel *C.rediscluster_cancel
	if ctx.Done() != nil {
		var raw *C.rediscluster_error
		if status := C.rediscluster_cancel_new(&cancel, &raw); status != C.REDISCLUSTER_OK {
			return failure(status, raw)
		}
		defer C.rediscluster_cancel_free(cancel)
	}
	return watched(ctx, func() { C.rediscluster_cancel_fire(cancel) }, func() *Error { return call(cancel) })
}
