package rediscluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func newAsync(t *testing.T, client *Client, inFlight int) *Async {
	t.Helper()
	async, err := client.Async(inFlight)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(async.Close)
	return async
}

// theirOwn has goroutines write and read values of their own, each a command at a time.
func theirOwn(t *testing.T, async *Async, goroutines, commands int) {
	t.Helper()
	var running sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			// One half with a context that could end, and does not.
			ctx, cancel := background, context.CancelFunc(func() {})
			if g%2 == 0 {
				ctx, cancel = context.WithTimeout(background, time.Minute)
			}
			defer cancel()
			for i := 0; i < commands/2; i++ {
				key := fmt.Sprintf("gotest:async:%d:%d", g, i)
				value := strings.Repeat(key, 1+i)
				_, err := async.Do(ctx, "SET", key, value, "EX", "60")
				reply, err2 := async.Do(ctx, "GET", key)
				if err != nil || err2 != nil || reply.Text() != value {
					t.Errorf("%s: %v, %v, %d bytes for %d", key, err, err2, len(reply.Bytes()), len(value))
					return
				}
			}
		}(g)
	}
	running.Wait()
}

func TestAThousandGoroutinesOnOneHandle(t *testing.T) {
	client := newClient(t, "command_timeout", "60000")
	theirOwn(t, newAsync(t, client, 1000), 1000, 100)
	// One connection a node.
	primaries, err := client.Pool().Primaries()
	if s := stats(t, client.Pool()); err != nil || s.InUse > int64(len(primaries)) {
		t.Errorf("%+v %v", s, err)
	}
}

func TestRoomForFewerThanThereAre(t *testing.T) {
	client := newClient(t, "command_timeout", "60000", "max_in_flight", "8")
	theirOwn(t, newAsync(t, client, 8), 100, 20)

	// Who waits for room waits no longer than its context.
	one := newAsync(t, client, 1)
	ctx, cancel := context.WithCancel(background)
	ended := make(chan error)
	go func() {
		_, err := one.Do(ctx, "BLPOP", "gotest:none", "0")
		ended <- err
	}()
	until(t, "BLPOP to be submitted", func() bool { return len(one.free) == 0 })
	short, cancelShort := context.WithTimeout(background, 10*time.Millisecond)
	defer cancelShort()
	if _, err := one.Do(short, "PING"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// And more than max_in_flight has no place at all.
	many := newAsync(t, client, 9)
	refused := make(chan error, 9)
	for i := 0; i < 9; i++ {
		go func() {
			_, err := many.Do(background, "BLPOP", "gotest:none", "0")
			refused <- err
		}()
	}
	if err := <-refused; status(err) != Limit {
		t.Error(err)
	}
}

func TestAContextEndsACommandInFlight(t *testing.T) {
	async := newAsync(t, newClient(t), 1000)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(background)
	errs := make(chan error, 20)
	for i := 0; i < 20; i++ {
		go func() {
			_, err := async.Do(ctx, "BLPOP", "gotest:none", "0")
			errs <- err
		}()
	}
	until(t, "the commands to be submitted", func() bool { return len(async.free) == 980 })
	// Beside them others go on.
	theirOwn(t, async, 50, 20)
	cancel()
	for i := 0; i < 20; i++ {
		if err := <-errs; !errors.Is(err, context.Canceled) || status(err) != Cancelled {
			t.Error(err)
		}
	}
	if _, err := async.Do(ctx, "PING"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// By its deadline, which the library knows; and contexts that end as their commands do.
	for i := 0; i < 300; i++ {
		ctx, cancel := context.WithTimeout(background, time.Duration(i%3)*time.Millisecond)
		_, err := async.Do(ctx, "BLPOP", "gotest:none", "0")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(background)
		go end()
		key := fmt.Sprint("gotest:async:race:", i)
		if reply, err := async.Do(ctx, "SET", key, key, "EX", "60"); err == nil && reply.Text() != "OK" ||
			err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(reply.Text(), err)
		}
		cancel()
	}
	theirOwn(t, async, 50, 20)
	until(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= before })
}

func TestErrorsOfOneCommandAmongOthers(t *testing.T) {
	async := newAsync(t, newClient(t), 10)
	for _, refused := range []struct {
		arguments []string
		status    Status
	}{
		{nil, InvalidArgument},
		{[]string{"RENAME", "gotest:a", "gotest:b"}, CrossSlot},
		{[]string{"MULTI"}, InvalidArgument},
	} {
		if _, err := async.Do(background, refused.arguments...); status(err) != refused.status {
			t.Error(refused.arguments, err)
		}
	}
	if _, err := async.Do(background, "SET", "gotest:async:text", "x", "EX", "60"); err != nil {
		t.Error(err)
	}
	if reply, err := async.Do(background, "INCR", "gotest:async:text"); err != nil || status(reply.Err()) != Server {
		t.Error(reply.Err(), err)
	}
	if reply, err := async.Do(background, "LRANGE", "gotest:async:none", "0", "9"); err != nil || reply.Kind() != Array {
		t.Error(reply.Kind(), err)
	}
}

// What is in flight when the handle closes, or the client below it, ends with Closed.
func TestClose(t *testing.T) {
	for name, end := range map[string]func(*Async, *Client){
		"the handle": func(async *Async, _ *Client) { async.Close() },
		"the client": func(_ *Async, client *Client) { client.Close() },
	} {
		client := newClient(t)
		async := newAsync(t, client, 100)
		theirOwn(t, async, 10, 10)
		errs := make(chan error, 50)
		for i := 0; i < 50; i++ {
			go func() {
				_, err := async.Do(background, "BLPOP", "gotest:none", "0")
				errs <- err
			}()
		}
		until(t, "the commands to be submitted", func() bool { return len(async.free) == 50 })
		end(async, client)
		for i := 0; i < 50; i++ {
			select {
			case err := <-errs:
				if status(err) != Closed {
					t.Errorf("%s: %v", name, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("nobody was told of the end of %s", name)
			}
		}
		if _, err := async.Do(background, "PING"); status(err) != Closed {
			t.Error(err)
		}
		async.Close()
		async.Close()
		if _, err := async.Do(background, "PING"); status(err) != Closed {
			t.Error(err)
		}
	}
	client := newClient(t)
	client.Close()
	if _, err := client.Async(1); status(err) != Closed {
		t.Error(err)
	}
}
