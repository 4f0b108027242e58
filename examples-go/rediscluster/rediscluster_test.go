package rediscluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var background = context.Background()

// newPool is a pool on the cluster under test; options are name, value, name, value.
func newPool(t *testing.T, options ...string) *Pool {
	t.Helper()
	nodes := os.Getenv("REDISCLUSTER_TEST_CLUSTER")
	if nodes == "" {
		t.Fatal("REDISCLUSTER_TEST_CLUSTER must name the nodes of a cluster")
	}
	set := map[string]string{"startup_nodes": nodes}
	for i := 0; i < len(options); i += 2 {
		set[options[i]] = options[i+1]
	}
	pool, err := NewPool(set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func get(t *testing.T, pool *Pool, key string) *Connection {
	t.Helper()
	connection, err := pool.GetByKey(background, key)
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

func do(t *testing.T, connection *Connection, arguments ...string) Reply {
	t.Helper()
	reply, err := connection.Do(background, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func release(t *testing.T, connection *Connection) {
	t.Helper()
	if err := connection.Release(); err != nil {
		t.Fatal(err)
	}
}

func status(err error) Status {
	var of *Error
	if errors.As(err, &of) {
		return of.Status
	}
	return 0
}

// until waits for a state, not for a time.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for begin := time.Now(); !reached(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("never came: " + what)
		}
	}
}

func stats(t *testing.T, pool *Pool) Stats {
	t.Helper()
	stats, err := pool.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestAHundredGoroutinesReadTheirOwn(t *testing.T) {
	pool := newPool(t, "pool_exhausted", "block", "max_connections", "8", "timeout", "60000")
	var running sync.WaitGroup
	for g := 0; g < 100; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			for i := 0; i < 20; i++ {
				key := fmt.Sprintf("gotest:%d:%d", g, i)
				value := strings.Repeat(key, 1+i*i)
				connection, err := pool.GetByKey(background, key)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = connection.Do(background, "SET", key, value, "EX", "60")
				reply, err2 := connection.Do(background, "GET", key)
				if err != nil || err2 != nil || reply.Text() != value {
					t.Errorf("%s: %v, %v, %d bytes for %d", key, err, err2, len(reply.Bytes()), len(value))
				}
				if err := connection.Release(); err != nil {
					t.Error(err)
				}
			}
		}(g)
	}
	running.Wait()
	if s := stats(t, pool); s.InUse != 0 || s.Open > 8 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

func TestReplies(t *testing.T) {
	pool := newPool(t, "protocol", "3")
	connection := get(t, pool, "gotest:r")
	defer connection.Release()
	binary := "\x00\r\n\xff"
	do(t, connection, "SET", "gotest:r", binary)
	if got := do(t, connection, "GET", "gotest:r"); got.Kind() != String || got.Text() != binary || got.Len() != 0 {
		t.Errorf("%v %q", got.Kind(), got.Text())
	}
	if got := do(t, connection, "GETRANGE", "gotest:r", "5", "9"); got.Bytes() == nil || len(got.Bytes()) != 0 {
		t.Errorf("empty: %v", got.Bytes())
	}
	if got := do(t, connection, "EXISTS", "gotest:r"); got.Kind() != Integer || got.Int() != 1 {
		t.Errorf("%v %d", got.Kind(), got.Int())
	}
	if got := do(t, connection, "GET", "gotest:none{gotest:r}"); got.Kind() != Nil || got.Bytes() != nil {
		t.Errorf("%v", got.Kind())
	}
	script := "redis.setresp(3) return {1, {'two', {3}}, {double=0.5}, {map={a='b'}}, true, 'last'}"
	got := do(t, connection, "EVAL", script, "1", "gotest:r")
	if err := got.Err(); err != nil || got.Kind() != Array || got.Len() != 6 {
		t.Fatalf("%v: %d elements", err, got.Len())
	}
	e := got.Elements()
	if e[0].Int() != 1 || e[1].Elements()[0].Text() != "two" || e[1].Elements()[1].Elements()[0].Int() != 3 {
		t.Error("nested arrays")
	}
	if e[2].Kind() != Double || e[2].Float() != 0.5 {
		t.Error("double", e[2].Kind(), e[2].Float())
	}
	if m := e[3].Elements(); e[3].Kind() != Map || len(m) != 2 || m[0].Text() != "a" || m[1].Text() != "b" {
		t.Error("map", e[3].Kind(), len(m))
	}
	if e[4].Kind() != Boolean || !e[4].Bool() || e[5].Text() != "last" {
		t.Error("boolean, last")
	}
	failed := do(t, connection, "LPOP", "gotest:r")
	var of *Error
	if !errors.As(failed.Err(), &of) || of.Status != Server || of.ServerCode != "WRONGTYPE" {
		t.Error(failed.Err())
	}
	large := strings.Repeat("x", 1<<20)
	do(t, connection, "SET", "gotest:r", large, "EX", "60")
	if do(t, connection, "GET", "gotest:r").Text() != large {
		t.Error("1 MiB")
	}
	if (Reply{}).Kind() != Nil || (Reply{}).Elements() == nil || (Reply{}).Err() != nil {
		t.Error("no reply")
	}
}

func TestAPipelineKeepsItsOrder(t *testing.T) {
	pool := newPool(t)
	connection := get(t, pool, "gotest:p")
	defer connection.Release()
	do(t, connection, "DEL", "gotest:p")
	for i := 0; i < 1000; i++ {
		if err := connection.Append("INCR", "gotest:p"); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i <= 1000; i++ {
		reply, err := connection.Read(background)
		if err != nil || reply.Int() != int64(i) {
			t.Fatalf("reply %d is %d: %v", i, reply.Int(), err)
		}
	}
}

func TestErrors(t *testing.T) {
	if _, err := NewPool(map[string]string{"max_conections": "1"}); status(err) != Config ||
		!strings.Contains(err.Error(), "max_connections") {
		t.Error(err)
	}
	if _, err := NewPool(map[string]string{"startup_nodes": "127.0.0.1:1"}); status(err) != Unreachable {
		t.Error(err)
	}
	pool := newPool(t, "max_connections", "1")
	if _, err := pool.GetByNode(background, "192.0.2.1:1"); !errors.Is(err, &Error{Status: UnknownNode}) {
		t.Error(err)
	}
	connection := get(t, pool, "a")
	if _, err := pool.GetByKey(background, "a"); status(err) != PoolExhausted {
		t.Error(err)
	}
	if _, err := connection.Do(background); status(err) != InvalidArgument {
		t.Error(err)
	}
	if connection.Node() == "" || connection.Broken() {
		t.Error("not checked out?")
	}
	release(t, connection)
	if err := connection.Release(); status(err) != NotCheckedOut {
		t.Error(err)
	}
	if _, err := connection.Do(background, "PING"); status(err) != NotCheckedOut || connection.Node() != "" {
		t.Error(err)
	}
}

func TestAContextEndsACommand(t *testing.T) {
	pool := newPool(t)
	connection := get(t, pool, "gotest:c")
	ctx, cancel := context.WithCancel(background)
	ended := make(chan error)
	go func() {
		_, err := connection.Do(ctx, "BLPOP", "gotest:c", "0")
		ended <- err
	}()
	// Another connection sees it blocked at the server.
	other := get(t, pool, "gotest:c")
	until(t, "a blocked client", func() bool {
		return !strings.Contains(do(t, other, "INFO", "clients").Text(), "blocked_clients:0")
	})
	cancel()
	err := <-ended
	if status(err) != Cancelled || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !connection.Broken() {
		t.Error("interrupted, and not broken")
	}
	release(t, connection)
	release(t, other)
	if _, err := other.Do(ctx, "PING"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s := stats(t, pool); s.InUse != 0 || s.Open != 1 {
		t.Errorf("a broken connection was kept: %+v", s)
	}
}

func TestADeadlineEndsACommand(t *testing.T) {
	pool := newPool(t)
	connection := get(t, pool, "gotest:d")
	defer connection.Release()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	_, err := connection.Do(ctx, "BLPOP", "gotest:d", "0")
	if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took < 100*time.Millisecond {
		t.Error(err, took)
	}
}

// What is left when calls and cancellations meet is never in anybody else's reply.
func TestCancellationsMeetReplies(t *testing.T) {
	pool := newPool(t, "pool_exhausted", "block", "max_connections", "4", "timeout", "60000")
	var running sync.WaitGroup
	for g := 0; g < 16; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			for i := 0; i < 60; i++ {
				value := fmt.Sprintf("%d/%d", g, i)
				connection, err := pool.GetByKey(background, "gotest:e")
				if err != nil {
					t.Error(err)
					return
				}
				ctx, cancel := context.WithCancel(background)
				if i%2 == 0 {
					go cancel()
				}
				reply, err := connection.Do(ctx, "ECHO", value)
				if err == nil && reply.Text() != value {
					t.Errorf("%q is not %q", reply.Text(), value)
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
				if err := connection.Release(); err != nil {
					t.Error(err)
				}
			}
		}(g)
	}
	running.Wait()
	if s := stats(t, pool); s.InUse != 0 || s.Open > 4 {
		t.Errorf("%+v", s)
	}
}

func TestAWaitIsGivenUpAndNothingIsLost(t *testing.T) {
	pool := newPool(t, "pool_exhausted", "block", "max_connections", "1", "timeout", "60000")
	connection := get(t, pool, "a")
	ctx, cancel := context.WithCancel(background)
	ended := make(chan error)
	go func() {
		_, err := pool.GetByKey(ctx, "a")
		ended <- err
	}()
	until(t, "a waiter", func() bool { return stats(t, pool).Waiting == 1 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	release(t, connection)
	until(t, "the late connection's return", func() bool {
		s := stats(t, pool)
		return s.InUse == 0 && s.Waiting == 0
	})
	ctx, cancel = context.WithTimeout(background, 10*time.Second)
	defer cancel()
	connection, err := pool.GetByKey(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	short, cancelShort := context.WithTimeout(background, 30*time.Millisecond)
	defer cancelShort()
	if _, err := pool.GetByKey(short, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	release(t, connection)
}

func TestCloseWakesWaiters(t *testing.T) {
	pool := newPool(t, "pool_exhausted", "block", "max_connections", "1", "timeout", "60000")
	connection := get(t, pool, "a")
	ended := make(chan error)
	for i := 0; i < 4; i++ {
		go func() {
			_, err := pool.GetByKey(background, "a")
			ended <- err
		}()
	}
	until(t, "four waiters", func() bool { return stats(t, pool).Waiting == 4 })
	pool.Close()
	for i := 0; i < 4; i++ {
		if err := <-ended; status(err) != Closed {
			t.Error(err)
		}
	}
	pool.Close()
	if _, err := pool.GetByKey(background, "a"); status(err) != Closed {
		t.Error(err)
	}
	// The connection outlives its pool.
	if do(t, connection, "PING").Text() != "PONG" {
		t.Error("no PONG")
	}
	release(t, connection)
}

// What is forgotten comes back: connections to their pool, then pools with connections still out.
func TestFinalizers(t *testing.T) {
	pool := newPool(t, "pool_exhausted", "block", "max_connections", "4", "timeout", "60000")
	for i := 0; i < 40; i++ {
		func() {
			connection := get(t, pool, "a")
			do(t, connection, "PING")
		}()
		until(t, "a free place", func() bool {
			runtime.GC()
			return stats(t, pool).InUse < 4
		})
	}
	until(t, "the last of them", func() bool {
		runtime.GC()
		return stats(t, pool).InUse == 0
	})
	before := len(descriptors(t))
	for i := 0; i < 10; i++ {
		func() {
			lost, err := NewPool(map[string]string{"startup_nodes": os.Getenv("REDISCLUSTER_TEST_CLUSTER")})
			if err != nil {
				t.Fatal(err)
			}
			do(t, get(t, lost, "a"), "PING")
		}()
		runtime.GC()
	}
	until(t, "the end of their descriptors", func() bool {
		runtime.GC()
		return len(descriptors(t)) <= before
	})
}

func descriptors(t *testing.T) []os.DirEntry {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// newPoolWith is a pool on the cluster under test that asks functions.
func newPoolWith(t *testing.T, callbacks Callbacks) (*Pool, error) {
	t.Helper()
	pool, err := NewPoolWith(map[string]string{"startup_nodes": os.Getenv("REDISCLUSTER_TEST_CLUSTER")}, callbacks)
	if err == nil {
		t.Cleanup(pool.Close)
	}
	return pool, err
}

func TestAddresses(t *testing.T) {
	var translated, resolved int32
	pool, err := newPoolWith(t, Callbacks{
		Translate: func(host string, port uint16) (string, uint16, bool) {
			atomic.AddInt32(&translated, 1)
			return "node.test", port, true
		},
		Resolve: func(name string) []string {
			atomic.AddInt32(&resolved, 1)
			return []string{"no address", "127.0.0.1"}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	connection := get(t, pool, "a")
	node := connection.Node()
	if !strings.HasPrefix(node, "node.test:") || do(t, connection, "PING").Text() != "PONG" {
		t.Error(node)
	}
	release(t, connection)
	if atomic.LoadInt32(&translated) == 0 || atomic.LoadInt32(&resolved) == 0 {
		t.Error("not asked")
	}
	// A redirect names the announced address.
	announced := strings.Replace(node, "node.test", "127.0.0.1", 1)
	slot := int(do(t, get(t, pool, "a"), "CLUSTER", "KEYSLOT", "a").Int())
	if err := pool.Moved(slot, announced); err != nil {
		t.Error(err)
	}
	asked, err := pool.Ask(background, announced)
	if err != nil || asked.Node() != node {
		t.Fatal(err)
	}
	release(t, asked)
	if err := pool.Moved(16384, announced); status(err) != InvalidArgument {
		t.Error(err)
	}
}

func TestAFunctionThatPanicsGivesNoAnswer(t *testing.T) {
	pool, err := newPoolWith(t, Callbacks{Translate: func(string, uint16) (string, uint16, bool) { panic("no") }})
	if err != nil {
		t.Fatal(err)
	}
	release(t, get(t, pool, "a"))
	for _, give := range []func(string) (string, string, bool){
		func(string) (string, string, bool) { panic("no") },
		func(string) (string, string, bool) { runtime.Goexit(); return "", "", true },
		func(string) (string, string, bool) { return "default", "cut\x00short", true },
		func(string) (string, string, bool) { return "default", "secret", false },
	} {
		if _, err := newPoolWith(t, Callbacks{Credentials: give}); status(err) != Auth {
			t.Error(err)
		}
	}
	_, err = NewPoolWith(map[string]string{"startup_nodes": "node.test:1"},
		Callbacks{Resolve: func(string) []string { panic("no") }})
	if status(err) != Unreachable {
		t.Error(err)
	}
}

func onEveryNode(t *testing.T, pool *Pool, arguments ...string) {
	t.Helper()
	for _, node := range strings.Split(os.Getenv("REDISCLUSTER_TEST_CLUSTER"), ",") {
		connection, err := pool.GetByNode(background, node)
		if err != nil {
			t.Fatal(err)
		}
		if err := do(t, connection, arguments...).Err(); err != nil {
			t.Error(err)
		}
		release(t, connection)
	}
}

func TestCredentialsThatChange(t *testing.T) {
	administrator := newPool(t)
	onEveryNode(t, administrator, "ACL", "SETUSER", "go-test", "reset", "on", ">one", "~*", "+@all")
	defer onEveryNode(t, administrator, "ACL", "DELUSER", "go-test")
	var password atomic.Value
	password.Store("one")
	pool, err := newPoolWith(t, Callbacks{Credentials: func(node string) (string, string, bool) {
		return "go-test", password.Load().(string), strings.Contains(node, ":")
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := func() int64 {
		connection := get(t, pool, "a")
		defer release(t, connection)
		if who := do(t, connection, "ACL", "WHOAMI").Text(); who != "go-test" {
			t.Error(who)
		}
		return do(t, connection, "CLIENT", "ID").Int()
	}
	before := id()
	onEveryNode(t, administrator, "ACL", "SETUSER", "go-test", ">two")
	password.Store("two")
	if err := pool.UpdateCredentials("go-test", "two"); err != nil {
		t.Error(err)
	}
	onEveryNode(t, administrator, "ACL", "SETUSER", "go-test", "<one")
	if after := id(); after != before {
		t.Errorf("client %d is not client %d", after, before)
	}
	if err := pool.UpdateCredentials("go-test", "one"); status(err) != Auth {
		t.Error(err)
	}
}

func TestReadsAndWrites(t *testing.T) {
	pool := newPool(t, "read_from", "replica_preferred")
	writer := get(t, pool, "a")
	reader, err := pool.GetToRead(background, "a")
	if err != nil {
		t.Fatal(err)
	}
	if reader.Node() == writer.Node() {
		t.Error("the primary was read from")
	}
	release(t, reader)
	release(t, writer)
	if _, err := newPool(t, "readonly", "yes").GetByKey(background, "a"); status(err) != ReadOnly {
		t.Error(err)
	}
	if err := pool.ReloadTLS(); status(err) != Config {
		t.Error(err)
	}
}

// The functions go with the pool that could call them.
func TestFunctionsAreGivenBack(t *testing.T) {
	given := make(chan struct{})
	func() {
		held := new([64]byte)
		runtime.SetFinalizer(held, func(*[64]byte) { close(given) })
		pool, err := newPoolWith(t, Callbacks{Resolve: func(string) []string { held[0]++; return nil }})
		if err != nil {
			t.Fatal(err)
		}
		pool.Close()
	}()
	until(t, "the end of the function", func() bool {
		runtime.GC()
		select {
		case <-given:
			return true
		default:
			return false
		}
	})
}
