// Package rediscluster is a small Go package over librediscluster: a client; the pool below it, its connections,
// commands and replies. It shows how the C API is used from Go, and is short enough to be read whole:
//
//   - A command goes into C in one crossing, its arguments packed into one slice of bytes and one of lengths.
//   - A reply comes back in the same crossing as cells, is copied once, and is read by Go alone.
//   - A context ends a client's call through a token (rediscluster_cancel_fire), a call on a connection through
//     rediscluster_connection_interrupt.
//   - An asynchronous handle stands in Go's netpoller: goroutines wait for replies, threads do not.
//   - What is not closed or released is, some time, by a finalizer. The library allows that in any order.
package rediscluster

// #cgo LDFLAGS: -lrediscluster
// #include <stdlib.h>
// #include "glue.h"
import "C"

import (
	"context"
	"math"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Pool hands out connections to the nodes of a cluster. Any number of goroutines may share it.
type Pool struct {
	// Held for reading while a call is inside C: the pool is freed when none is.
	mutex sync.RWMutex
	pool  *C.rediscluster_pool
}

// NewPool makes a pool of options by name, as in docs/options.md, and discovers the cluster.
func NewPool(options map[string]string) (*Pool, error) {
	return NewPoolWith(options, Callbacks{})
}

// NewPoolWith makes a pool that asks functions of the program.
func NewPoolWith(options map[string]string, callbacks Callbacks) (*Pool, error) {
	var set *C.rediscluster_options
	var raw *C.rediscluster_error
	if status := C.rediscluster_options_new(&set, &raw); status != C.REDISCLUSTER_OK {
		return nil, failure(status, raw)
	}
	defer C.rediscluster_options_free(set)
	for name, value := range options {
		cName, cValue := C.CString(name), C.CString(value)
		status := C.rediscluster_options_set(set, cName, cValue, &raw)
		C.free(unsafe.Pointer(cName))
		C.free(unsafe.Pointer(cValue))
		if status != C.REDISCLUSTER_OK {
			return nil, failure(status, raw)
		}
	}
	if err := callbacks.set(set); err != nil {
		return nil, err
	}
	p := &Pool{}
	if status := C.rediscluster_pool_new(set, &p.pool, &raw); status != C.REDISCLUSTER_OK {
		return nil, failure(status, raw)
	}
	runtime.SetFinalizer(p, (*Pool).Close)
	return p, nil
}

// Close closes the pool: who waits for a connection wakes with Closed. Connections that are out go on
// working until their release. To close it again does nothing.
func (p *Pool) Close() {
	// Wakes the waiters first: each of them holds the lock for reading.
	_ = p.inside(func() error {
		C.rediscluster_pool_close(p.pool, nil)
		return nil
	})
	p.mutex.Lock()
	defer p.mutex.Unlock()
	C.rediscluster_pool_free(p.pool)
	p.pool = nil
	runtime.SetFinalizer(p, nil)
}

// inside runs a call into C during which the pool is not freed. Its deferred unlocking also keeps p from
// being finalized before the call ends.
func (p *Pool) inside(call func() error) error {
	p.mutex.RLock()
	defer p.mutex.RUnlock()
	if p.pool == nil {
		return &Error{Status: Closed, Message: "the pool is closed"}
	}
	return call()
}

// GetByKey checks out a connection to the primary that serves a key, waiting for one as long as the context
// and the pool's option `timeout` allow.
func (p *Pool) GetByKey(ctx context.Context, key string) (*Connection, error) {
	return p.getByKey(ctx, key, C.REDISCLUSTER_WRITE)
}

// GetToRead checks out a connection to a node that the key may be read from, as the option `read_from` says.
func (p *Pool) GetToRead(ctx context.Context, key string) (*Connection, error) {
	return p.getByKey(ctx, key, C.REDISCLUSTER_READ)
}

func (p *Pool) getByKey(ctx context.Context, key string, access C.int32_t) (*Connection, error) {
	return p.get(ctx, func(timeout C.int64_t, out **C.rediscluster_connection,
		raw **C.rediscluster_error) C.rediscluster_status {
		data := []byte(key)
		return C.rediscluster_pool_get_by_key(p.pool, start(data), C.size_t(len(data)), access,
			timeout, out, raw)
	})
}

// GetByNode checks out a connection to a node, by "host:port" or id.
func (p *Pool) GetByNode(ctx context.Context, node string) (*Connection, error) {
	return p.get(ctx, func(timeout C.int64_t, out **C.rediscluster_connection,
		raw **C.rediscluster_error) C.rediscluster_status {
		cNode := C.CString(node)
		defer C.free(unsafe.Pointer(cNode))
		return C.rediscluster_pool_get_by_node(p.pool, cNode, timeout, out, raw)
	})
}

// Ask checks out a connection to the node that a server's ASK names: append ASKING and the command, read twice.
func (p *Pool) Ask(ctx context.Context, node string) (*Connection, error) {
	return p.get(ctx, func(timeout C.int64_t, out **C.rediscluster_connection,
		raw **C.rediscluster_error) C.rediscluster_status {
		cNode := C.CString(node)
		defer C.free(unsafe.Pointer(cNode))
		return C.rediscluster_pool_ask(p.pool, cNode, timeout, out, raw)
	})
}

// Moved tells the pool of a MOVED, so that the next get for the slot goes to the node that it names.
func (p *Pool) Moved(slot int, node string) error {
	cNode := C.CString(node)
	defer C.free(unsafe.Pointer(cNode))
	return p.tell(func(raw **C.rediscluster_error) C.rediscluster_status {
		return C.rediscluster_pool_moved(p.pool, C.int32_t(slot), cNode, raw)
	})
}

// UpdateCredentials replaces the credentials, also those of connections that are there.
func (p *Pool) UpdateCredentials(username, password string) error {
	cUsername, cPassword := C.CString(username), C.CString(password)
	defer C.free(unsafe.Pointer(cUsername))
	defer C.free(unsafe.Pointer(cPassword))
	return p.tell(func(raw **C.rediscluster_error) C.rediscluster_status {
		return C.rediscluster_pool_update_credentials(p.pool, cUsername, cPassword, raw)
	})
}

// ReloadTLS reads the files of the ssl_ options again, for connections made from now on.
func (p *Pool) ReloadTLS() error {
	return p.tell(func(raw **C.rediscluster_error) C.rediscluster_status {
		return C.rediscluster_pool_reload_tls(p.pool, raw)
	})
}

// tell runs a call that gives nothing but a status.
func (p *Pool) tell(call func(**C.rediscluster_error) C.rediscluster_status) error {
	return p.inside(func() error {
		var raw *C.rediscluster_error
		if err := failure(call(&raw), raw); err != nil {
			return err
		}
		return nil
	})
}

type checkOutCall func(C.int64_t, **C.rediscluster_connection, **C.rediscluster_error) C.rediscluster_status

func (p *Pool) get(ctx context.Context, call checkOutCall) (*Connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{Status: Cancelled, Message: "the context had ended", cause: err}
	}
	checkOut := func() (*Connection, error) {
		c := &Connection{}
		err := p.inside(func() error {
			var raw *C.rediscluster_error
			timeout := timeoutOf(ctx)
			status := call(timeout, &c.handle, &raw)
			return failure(status, raw).ended(ctx)
		})
		if err != nil {
			return nil, err
		}
		runtime.SetFinalizer(c, (*Connection).finalize)
		return c, nil
	}
	if ctx.Done() == nil {
		return checkOut()
	}

	// A wait for a connection ends by time or with the pool. Who is cancelled leaves a goroutine behind that
	// gives back what came too late.
	type outcome struct {
		connection *Connection
		err        error
	}
	done := make(chan outcome, 1)
	go func() {
		connection, err := checkOut()
		done <- outcome{connection, err}
	}()
	select {
	case got := <-done:
		return got.connection, got.err
	case <-ctx.Done():
		go func() {
			if late := <-done; late.connection != nil {
				_ = late.connection.Release()
			}
		}()
		return nil, &Error{Status: Cancelled, Message: "the wait for a connection was given up", cause: ctx.Err()}
	}
}

// Stats are a few of the pool's numbers.
type Stats struct{ Open, Idle, InUse, Waiting, Created int64 }

// Stats gives the pool's numbers as they are now.
func (p *Pool) Stats() (Stats, error) {
	var s Stats
	err := p.inside(func() error {
		var stats *C.rediscluster_stats
		var raw *C.rediscluster_error
		if status := C.rediscluster_pool_stats(p.pool, &stats, &raw); status != C.REDISCLUSTER_OK {
			return failure(status, raw)
		}
		defer C.rediscluster_stats_free(stats)
		number := func(what C.int32_t) int64 { return int64(C.rediscluster_stats_get(stats, nil, what)) }
		s = Stats{
			Open:    number(C.REDISCLUSTER_STAT_OPEN),
			Idle:    number(C.REDISCLUSTER_STAT_IDLE),
			InUse:   number(C.REDISCLUSTER_STAT_IN_USE),
			Waiting: number(C.REDISCLUSTER_STAT_WAITING),
			Created: number(C.REDISCLUSTER_STAT_CREATED),
		}
		return nil
	})
	return s, err
}

// Primaries are the addresses of the nodes that serve slots.
func (p *Pool) Primaries() ([]string, error) {
	var addresses []string
	err := p.inside(func() error {
		var topology *C.rediscluster_topology
		var raw *C.rediscluster_error
		if status := C.rediscluster_pool_topology(p.pool, &topology, &raw); status != C.REDISCLUSTER_OK {
			return failure(status, raw)
		}
		defer C.rediscluster_topology_free(topology)
		for i := C.size_t(0); i < C.rediscluster_topology_node_count(topology); i++ {
			node := C.rediscluster_topology_node(topology, i)
			if C.rediscluster_node_role(node) == C.REDISCLUSTER_ROLE_PRIMARY {
				addresses = append(addresses, C.GoString(C.rediscluster_node_address(node)))
			}
		}
		return nil
	})
	return addresses, err
}

// remaining is what is left of a context with a deadline.
func remaining(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline)
}

// timeoutOf is the context's deadline as the library takes it, a part of a millisecond counting as a whole
// one; without a deadline the option's value.
func timeoutOf(ctx context.Context) C.int64_t {
	if _, bounded := ctx.Deadline(); !bounded {
		return C.REDISCLUSTER_TIMEOUT_DEFAULT
	}
	left := math.Ceil(float64(remaining(ctx)) / float64(time.Millisecond))
	return C.int64_t(math.Max(left, 0))
}

// start is the address of the bytes, which C may read during the call; nil if there are none.
func start(data []byte) *C.uint8_t {
	if len(data) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&data[0]))
}
