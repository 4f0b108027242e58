package rediscluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// newClient is a client on the cluster under test; options are name, value, name, value.
func newClient(t *testing.T, options ...string) *Client {
	t.Helper()
	set := map[string]string{"startup_nodes": os.Getenv("REDISCLUSTER_TEST_CLUSTER"), "pool_exhausted": "block"}
	for i := 0; i < len(options); i += 2 {
		set[options[i]] = options[i+1]
	}
	client, err := NewClient(set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func run(t *testing.T, client *Client, arguments ...string) Reply {
	t.Helper()
	reply, err := client.Do(background, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestAHundredGoroutinesShareAClient(t *testing.T) {
	client := newClient(t, "max_connections", "8", "command_timeout", "60000", "timeout", "60000")
	before := runtime.NumGoroutine()
	var running sync.WaitGroup
	for g := 0; g < 100; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			// One half with a context that could end, and does not.
			ctx, cancel := background, context.CancelFunc(func() {})
			if g%2 == 0 {
				ctx, cancel = context.WithTimeout(background, time.Minute)
			}
			defer cancel()
			for i := 0; i < 20; i++ {
				key := fmt.Sprintf("gotest:client:%d:%d", g, i)
				value := strings.Repeat(key, 1+i*i)
				_, err := client.Do(ctx, "SET", key, value, "EX", "60")
				reply, err2 := client.Do(ctx, "GET", key)
				if err != nil || err2 != nil || reply.Text() != value {
					t.Errorf("%s: %v, %v, %d bytes for %d", key, err, err2, len(reply.Bytes()), len(value))
				}
				if _, err := client.Do(ctx, "INCR", "gotest:client:count"); err != nil {
					t.Error(err)
				}
			}
		}(g)
	}
	running.Wait()
	if count := run(t, client, "GETDEL", "gotest:client:count").Text(); count != "2000" {
		t.Errorf("counted to %s", count)
	}
	if s := stats(t, client.Pool()); s.InUse != 0 || s.Open > 8 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
	until(t, "the end of what watched contexts", func() bool { return runtime.NumGoroutine() <= before })
}

func TestKeysOfAllShards(t *testing.T) {
	client := newClient(t)
	mset, mget, del := []string{"MSET"}, []string{"MGET"}, []string{"DEL"}
	for i := 0; i < 50; i++ {
		key := "gotest:many:" + strconv.Itoa(i)
		mset, mget, del = append(mset, key, "\x00"+key), append(mget, key), append(del, key)
	}
	if err := run(t, client, mset...).Err(); err != nil {
		t.Fatal(err)
	}
	for i, value := range run(t, client, mget...).Elements() {
		if value.Text() != "\x00gotest:many:"+strconv.Itoa(i) {
			t.Errorf("value %d is %q", i, value.Text())
		}
	}
	if deleted := run(t, client, del...).Int(); deleted != 50 {
		t.Errorf("%d keys deleted", deleted)
	}
	_, err := client.Do(background, "RENAME", "gotest:a", "gotest:b")
	var of *Error
	if !errors.As(err, &of) || of.Status != CrossSlot || of.MaybeExecuted {
		t.Error(err)
	}
	if _, err := client.Do(background); status(err) != InvalidArgument {
		t.Error(err)
	}
}

func TestAPipelineOverAllShards(t *testing.T) {
	client := newClient(t)
	var commands [][]string
	for i := 0; i < 200; i++ {
		key := "gotest:pipeline:" + strconv.Itoa(i)
		commands = append(commands, []string{"SET", key, strconv.Itoa(i), "EX", "60"}, []string{"GET", key})
	}
	commands = append(commands, []string{"LPUSH", "gotest:pipeline:0", "x"}, []string{"INCR", "gotest:pipeline:7"})
	for _, ctx := range []context.Context{background, timeLimit(t)} {
		results, err := client.Pipeline(ctx, commands...)
		if err != nil || len(results) != 402 {
			t.Fatal(len(results), err)
		}
		for i := 0; i < 200; i++ {
			if got := results[2*i+1]; got.Err != nil || got.Reply.Text() != strconv.Itoa(i) {
				t.Errorf("reply %d is %q: %v", i, got.Reply.Text(), got.Err)
			}
		}
		// An error of the server stands in its place, and harms no other.
		var of *Error
		if !errors.As(results[400].Reply.Err(), &of) || of.ServerCode != "WRONGTYPE" || results[401].Reply.Int() != 8 {
			t.Error(results[400].Reply.Err(), results[401].Reply.Int())
		}
	}
	if results, err := client.Pipeline(background); err != nil || len(results) != 0 {
		t.Error(results, err)
	}
	for _, refused := range [][]string{{"BLPOP", "gotest:none", "0"}, {}} {
		results, err := client.Pipeline(background, []string{"GET", "gotest:pipeline:0"}, refused)
		if status(err) != InvalidArgument || results != nil {
			t.Error(results, err)
		}
	}
}

func timeLimit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(background, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestAContextEndsAClientsCall(t *testing.T) {
	client := newClient(t, "max_connections", "8")
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(background)
	ended := make(chan error)
	for i := 0; i < 8; i++ {
		go func(i int) {
			_, err := client.Do(ctx, "BLPOP", fmt.Sprintf("gotest:{cancel}:%d", i), "0")
			ended <- err
		}(i)
	}
	until(t, "eight calls on their way", func() bool { return stats(t, client.Pool()).InUse == 8 })
	// One more waits for a connection.
	go func() {
		_, err := client.Do(ctx, "GET", "gotest:{cancel}")
		ended <- err
	}()
	until(t, "a waiter", func() bool { return stats(t, client.Pool()).Waiting == 1 })
	begin := time.Now()
	cancel()
	for i := 0; i < 9; i++ {
		if err := <-ended; status(err) != Cancelled || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("ended after %v", took)
	}
	until(t, "the end of the goroutines", func() bool { return runtime.NumGoroutine() <= before })
	if _, err := client.Do(ctx, "PING"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if results, err := client.Pipeline(ctx, []string{"PING"}); !errors.Is(err, context.Canceled) || results != nil {
		t.Error(results, err)
	}
	if run(t, client, "PING").Text() != "PONG" {
		t.Error("no PONG")
	}
	if s := stats(t, client.Pool()); s.InUse != 0 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

func TestADeadlineEndsAClientsCall(t *testing.T) {
	client := newClient(t)
	ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := client.Do(ctx, "BLPOP", "gotest:none", "0")
	if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took < 100*time.Millisecond {
		t.Error(err, took)
	}
}

// Where calls and cancellations meet, nobody reads another's reply.
func TestCancellationsMeetAClientsReplies(t *testing.T) {
	client := newClient(t, "max_connections", "4", "timeout", "60000", "command_timeout", "60000")
	var running sync.WaitGroup
	for g := 0; g < 16; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			for i := 0; i < 60; i++ {
				value := fmt.Sprintf("%d/%d", g, i)
				ctx, cancel := context.WithCancel(background)
				if i%2 == 0 {
					go cancel()
				}
				reply, err := client.Do(ctx, "ECHO", value)
				if err == nil && reply.Text() != value {
					t.Errorf("%q is not %q", reply.Text(), value)
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		}(g)
	}
	running.Wait()
	if s := stats(t, client.Pool()); s.InUse != 0 || s.Open > 4 {
		t.Errorf("%+v", s)
	}
}

func TestAClientThatIsClosed(t *testing.T) {
	client := newClient(t)
	run(t, client, "PING")
	client.Close()
	client.Close()
	if _, err := client.Do(background, "PING"); status(err) != Closed {
		t.Error(err)
	}
	if _, err := client.Pipeline(background, []string{"PING"}); status(err) != Closed {
		t.Error(err)
	}
	if _, err := NewClient(map[string]string{"startup_nodes": "127.0.0.1:1"}); status(err) != Unreachable {
		t.Error(err)
	}
	// Forgotten ones are freed, and their connections closed.
	before := len(descriptors(t))
	for i := 0; i < 10; i++ {
		func() {
			lost, err := NewClient(map[string]string{"startup_nodes": os.Getenv("REDISCLUSTER_TEST_CLUSTER")})
			if err != nil {
				t.Fatal(err)
			}
			run(t, lost, "PING")
		}()
	}
	until(t, "the end of their descriptors", func() bool {
		runtime.GC()
		return len(descriptors(t)) <= before
	})
}
