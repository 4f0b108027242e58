package rediscluster

// #include "glue.h"
import "C"

import (
	"context"
	"sync"
)

// Status is what a call of the library answers: the numbers of rediscluster_status.
type Status int

// The statuses that the example asks for by name.
const (
	InvalidArgument Status = C.REDISCLUSTER_ERROR_INVALID_ARGUMENT
	Config          Status = C.REDISCLUSTER_ERROR_CONFIG
	NotCheckedOut   Status = C.REDISCLUSTER_ERROR_NOT_CHECKED_OUT
	UnknownNode     Status = C.REDISCLUSTER_ERROR_UNKNOWN_NODE
	CrossSlot       Status = C.REDISCLUSTER_ERROR_CROSS_SLOT
	Closed          Status = C.REDISCLUSTER_ERROR_CLOSED
	ReadOnly        Status = C.REDISCLUSTER_ERROR_READ_ONLY
	Cancelled       Status = C.REDISCLUSTER_ERROR_CANCELLED
	Unreachable     Status = C.REDISCLUSTER_ERROR_UNREACHABLE
	Timeout         Status = C.REDISCLUSTER_ERROR_TIMEOUT
	Auth            Status = C.REDISCLUSTER_ERROR_AUTH
	TLS             Status = C.REDISCLUSTER_ERROR_TLS
	Aborted         Status = C.REDISCLUSTER_ERROR_ABORTED
	Limit           Status = C.REDISCLUSTER_ERROR_LIMIT
	Internal        Status = C.REDISCLUSTER_ERROR_INTERNAL
	Server          Status = C.REDISCLUSTER_ERROR_SERVER
	PoolExhausted   Status = C.REDISCLUSTER_ERROR_POOL_EXHAUSTED
	PoolTimeout     Status = C.REDISCLUSTER_ERROR_POOL_TIMEOUT
)

// String gives the status's name: "TIMEOUT".
func (s Status) String() string { return C.GoString(C.rediscluster_status_name(C.int32_t(s))) }

// Error is why a call failed. It holds copies: nothing in it is C's.
type Error struct {
	Status        Status
	Message       string
	Node          string
	ServerCode    string
	Retryable     bool
	MaybeExecuted bool
	cause         error
}

func (e *Error) Error() string { return e.Status.String() + ": " + e.Message }

// Unwrap gives the context's error where a context ended the call, so that errors.Is finds it.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, &Error{Status: Timeout}) ask for the status alone.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Status == e.Status
}

// failure copies and frees an error of the library.
func failure(status C.rediscluster_status, raw *C.rediscluster_error) *Error {
	if status == C.REDISCLUSTER_OK {
		return nil
	}
	var about C.glue_error
	C.glue_explain(raw, &about)
	e := copied(status, &about)
	C.rediscluster_error_free(raw)
	return e
}

func copied(status C.rediscluster_status, about *C.glue_error) *Error {
	return &Error{
		Status:        Status(status),
		Message:       C.GoString(about.message),
		Node:          C.GoString(about.node),
		ServerCode:    C.GoString(about.server_code),
		Retryable:     bool(about.retryable),
		MaybeExecuted: bool(about.maybe_executed),
	}
}

// ended says that the context was the reason, if the call ended because of it.
func (e *Error) ended(ctx context.Context) error {
	if e == nil {
		return nil
	}
	switch e.Status {
	case Cancelled, Timeout, PoolTimeout:
		e.cause = ctx.Err()
		if _, bounded := ctx.Deadline(); e.cause == nil && bounded && e.Status != Cancelled {
			// The library's clock was a little ahead of the context's timer.
			if remaining(ctx) <= 0 {
				e.cause = context.DeadlineExceeded
			}
		}
	}
	return e
}

// watched runs a call that ends early, by `end`, when the context ends. The goroutine that waits for that is gone when
// it returns: it never ends what comes after the call.
func watched(ctx context.Context, end func(), call func() *Error) error {
	if ctx.Done() == nil {
		if err := call(); err != nil {
			return err
		}
		return nil
	}
	if err := ctx.Err(); err != nil {
		return &Error{Status: Cancelled, Message: "the context had ended", cause: err}
	}
	over := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Add(1)
	go func() {
		defer watcher.Done()
		select {
		case <-ctx.Done():
			end()
		case <-over:
		}
	}()
	err := call()
	close(over)
	watcher.Wait()
	return err.ended(ctx)
}
