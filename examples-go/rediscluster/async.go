package rediscluster

// #include <stdlib.h>
// #include "glue.h"
import "C"

import (
	"context"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// batch is how many completions are taken in one crossing.
const batch = C.GLUE_BATCH

// Async runs the commands of any number of goroutines on one asynchronous handle of the library. Who waits for a reply
// waits on a channel of Go's, and for the cluster waits one goroutine, in Go's netpoller: no thread of the system is
// inside C for longer than it takes to submit a command or to take completions. A Client that a thousand goroutines use
// at once has a thousand threads inside C.
//
// It is to be closed: its goroutine holds it, so that no finalizer finds it.
type Async struct {
	// Held while in C: one thread at a time may use the handle. No call that is made under it waits.
	mutex   sync.Mutex
	handle  *C.rediscluster_async
	closing bool
	// Why nothing more is submitted; nil while it works.
	over *Error
	// The flights that nobody uses. A command's tag is the place of its flight.
	free    chan *flight
	flights []flight
	// Stands for the descriptor in the netpoller.
	file  *os.File
	ended chan struct{}
}

// flight is a command that was submitted, from Do's point of view: where its outcome comes.
type flight struct {
	tag  C.uint64_t
	busy bool
	done chan Result
}

// Async makes a handle for at most so many commands at once; who comes then waits for another's end. More than the
// option max_in_flight is too many, and refused with Limit.
func (c *Client) Async(inFlight int) (*Async, error) {
	a := &Async{
		free:    make(chan *flight, inFlight),
		flights: make([]flight, inFlight),
		ended:   make(chan struct{}),
	}
	for i := range a.flights {
		a.flights[i] = flight{tag: C.uint64_t(i), done: make(chan Result, 1)}
		a.free <- &a.flights[i]
	}
	err := c.pool.tell(func(raw **C.rediscluster_error) C.rediscluster_status {
		return C.rediscluster_async_new(c.client, &a.handle, raw)
	})
	if err != nil {
		return nil, err
	}
	readable, err := a.polled()
	if err != nil {
		C.rediscluster_async_free(a.handle)
		return nil, err
	}
	go a.serve(readable)
	return a, nil
}

// polled puts the descriptor into Go's netpoller. The file closes what it is given: hence a duplicate. The netpoller
// takes descriptors that are non-blocking, a flag that both have in common and that an epoll descriptor does not heed.
func (a *Async) polled() (syscall.RawConn, error) {
	descriptor, err := syscall.Dup(int(C.rediscluster_async_fd(a.handle)))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(descriptor)
	if err := syscall.SetNonblock(descriptor, true); err != nil {
		syscall.Close(descriptor)
		return nil, err
	}
	a.file = os.NewFile(uintptr(descriptor), "rediscluster_async_fd")
	return a.file.SyscallConn()
}

// Do runs a command as Client.Do does, contexts included.
func (a *Async) Do(ctx context.Context, arguments ...string) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, &Error{Status: Cancelled, Message: "the context had ended", cause: err}
	}
	var f *flight
	select {
	case f = <-a.free:
	case <-ctx.Done():
		return Reply{}, &Error{Status: Cancelled, Message: "the wait for room was given up", cause: ctx.Err()}
	}
	// With its outcome taken: a flight that is free has none on its way.
	defer func() { a.free <- f }()
	if err := a.submit(ctx, f, arguments); err != nil {
		return Reply{}, err.ended(ctx)
	}
	var result Result
	select {
	case result = <-f.done:
	case <-ctx.Done():
		a.cancel(f)
		result = <-f.done
	}
	if of, ok := result.Err.(*Error); ok {
		return Reply{}, of.ended(ctx)
	}
	return result.Reply, nil
}

func (a *Async) submit(ctx context.Context, f *flight, arguments []string) *Error {
	data, lengths := pack(arguments)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.over != nil {
		return a.over.again()
	}
	var raw *C.rediscluster_error
	status := C.glue_submit(a.handle, start(data), first(lengths), C.size_t(len(lengths)), timeoutOf(ctx), f.tag, &raw)
	f.busy = status == C.REDISCLUSTER_OK
	return failure(status, raw)
}

// cancel ends a command, if it has not ended by itself: in either case its outcome comes.
func (a *Async) cancel(f *flight) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if f.busy {
		C.rediscluster_async_cancel(a.handle, f.tag, nil)
	}
}

// Close ends what is in flight with Closed, and waits until those who wait for it were told. To close it again does
// nothing.
func (a *Async) Close() {
	a.mutex.Lock()
	a.closing = true
	if a.handle != nil {
		C.rediscluster_async_close(a.handle, nil)
	}
	a.mutex.Unlock()
	<-a.ended
}

// serve waits for the descriptor and hands out completions, until the handle is closed and all have theirs.
func (a *Async) serve(readable syscall.RawConn) {
	defer close(a.ended)
	// In C's memory, through which cgo does not look for pointers of Go's at each crossing.
	memory := C.calloc(batch, C.sizeof_glue_completion)
	defer C.free(memory)
	completions := unsafe.Slice((*C.glue_completion)(memory), batch)
	var why *Error
	err := readable.Read(func(uintptr) bool {
		// What is readable already, Go would not be told of again: it waits for edges. Hence on, until it is silent.
		for why == nil {
			more := false
			if more, why = a.turn(completions); !more {
				break
			}
		}
		return why != nil
	})
	if why == nil {
		why = &Error{Status: Internal, Message: "the netpoller failed: " + err.Error()}
	}
	a.end(why)
}

// turn takes one batch, and says whether there is more to do at once.
func (a *Async) turn(completions []C.glue_completion) (bool, *Error) {
	var count C.size_t
	var more C.bool
	var raw *C.rediscluster_error
	a.mutex.Lock()
	status := C.glue_poll(a.handle, &completions[0], &count, &more, &raw)
	for i := range completions[:count] {
		a.flights[completions[i].tag].busy = false
	}
	// Of a closed handle all completions are there, and then the poll says Closed.
	goOn := bool(more) || a.closing
	a.mutex.Unlock()
	for i := range completions[:count] {
		c := &completions[i]
		var result Result
		if c.status == C.REDISCLUSTER_OK {
			result.Reply = copiedReply(&c.answer)
		} else {
			result.Err = copied(c.status, &c.why)
		}
		a.flights[c.tag].done <- result
	}
	// All of them in one crossing, as they came.
	if count > 0 {
		C.glue_free(&completions[0], count)
	}
	return goOn, failure(status, raw)
}

// end frees the handle. Where it ended in order nobody waits any more.
func (a *Async) end(why *Error) {
	a.file.Close()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.over = why
	C.rediscluster_async_free(a.handle)
	a.handle = nil
	for i := range a.flights {
		if f := &a.flights[i]; f.busy {
			f.busy = false
			f.done <- Result{Err: why.again()}
		}
	}
}

// again is a copy for one more who is told.
func (e *Error) again() *Error {
	other := *e
	return &other
}
