// A thousand goroutines on one asynchronous handle, which stands in Go's netpoller: each writes and reads its own values, and
// looks that every reply is its own, and the process has a handful of threads. Then a hundred on a client of four
// connections a node, a pipeline over all shards, and commands that their contexts end.
//
//	go run . host:port[,host:port...]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"rediscluster.example/go/rediscluster"
)

const (
	goroutines = 100
	rounds     = 50
	// On the asynchronous handle, of two commands each.
	manyGoroutines = 1000
	manyRounds     = 50
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . host:port[,host:port...]")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func run(nodes string) error {
	client, err := rediscluster.NewClient(map[string]string{
		"startup_nodes":            nodes,
		"pool_exhausted":           "block",
		"max_connections_per_node": "4",
		"command_timeout":          "30000",
	})
	if err != nil {
		return err
	}
	defer client.Close()
	primaries, err := client.Pool().Primaries()
	if err != nil {
		return err
	}
	fmt.Println("primaries:", primaries)
	// First: threads that Go has started for other calls stay.
	if err := thousand(client); err != nil {
		return err
	}
	if err := hundred(client, primaries); err != nil {
		return err
	}
	if err := pipeline(client); err != nil {
		return err
	}
	return cancelled(client)
}

// doer is what a client and an asynchronous handle have in common.
type doer interface {
	Do(ctx context.Context, arguments ...string) (rediscluster.Reply, error)
}

// thousand runs them on one handle, and counts the threads of the process meanwhile.
func thousand(client *rediscluster.Client) error {
	async, err := client.Async(manyGoroutines)
	if err != nil {
		return err
	}
	defer async.Close()
	begin := time.Now()
	over := make(chan struct{})
	most := make(chan int)
	go func() {
		highest := 0
		for running := true; running; {
			select {
			case <-over:
				running = false
			case <-time.After(time.Millisecond):
			}
			if tasks, err := os.ReadDir("/proc/self/task"); err == nil && len(tasks) > highest {
				highest = len(tasks)
			}
		}
		most <- highest
	}()
	err = all(async, manyGoroutines, manyRounds)
	close(over)
	threads := <-most
	if err != nil {
		return err
	}
	fmt.Printf("%d goroutines read %d values, each their own, on one handle and %d threads in %v\n",
		manyGoroutines, manyGoroutines*manyRounds, threads, time.Since(begin).Round(time.Millisecond))
	// Those of the runtime, and who is inside C at a time: one, and what the system has taken the processor from.
	if threads == 0 || threads > 16+2*runtime.GOMAXPROCS(0) {
		return fmt.Errorf("%d threads for %d goroutines", threads, manyGoroutines)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := async.Do(ctx, "BLPOP", "go:none", "0"); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("BLPOP on the handle ended by itself: %v", err)
	}
	async.Close()
	if _, err := async.Do(context.Background(), "PING"); !errors.Is(err, &rediscluster.Error{Status: rediscluster.Closed}) {
		return fmt.Errorf("PING on a closed handle: %v", err)
	}
	return nil
}

func hundred(client *rediscluster.Client, primaries []string) error {
	begin := time.Now()
	if err := all(client, goroutines, rounds); err != nil {
		return err
	}
	stats, err := client.Pool().Stats()
	if err != nil {
		return err
	}
	fmt.Printf("%d goroutines read %d values, each their own, on %d connections in %v\n",
		goroutines, goroutines*rounds, stats.Open, time.Since(begin).Round(time.Millisecond))
	if stats.InUse != 0 || stats.Open > 4*int64(len(primaries)) {
		return fmt.Errorf("%d connections are in use at the end, %d open", stats.InUse, stats.Open)
	}
	return nil
}

// all has goroutines write and read values of their own, and gives the first error.
func all(client doer, goroutines, rounds int) error {
	errs := make(chan error, goroutines)
	var running sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			for i := 0; i < rounds; i++ {
				if err := ownValue(client, g, i); err != nil {
					errs <- fmt.Errorf("goroutine %d, round %d: %w", g, i, err)
					return
				}
			}
		}(g)
	}
	running.Wait()
	close(errs)
	return <-errs
}

func ownValue(client doer, g, i int) error {
	ctx := context.Background()
	key := fmt.Sprintf("go:%d:%d", g, i)
	value := fmt.Sprintf("value %d of goroutine %d", i, g)
	set, err := client.Do(ctx, "SET", key, value, "EX", "60")
	if err != nil {
		return err
	}
	if err := set.Err(); err != nil {
		return err
	}
	got, err := client.Do(ctx, "GET", key)
	if err != nil {
		return err
	}
	if got.Text() != value {
		return fmt.Errorf("%s is %q, not %q", key, got.Text(), value)
	}
	return nil
}

// pipeline runs commands of all shards together; one that the server refuses has its error in its place.
func pipeline(client *rediscluster.Client) error {
	const keys = 100
	var commands [][]string
	for i := 0; i < keys; i++ {
		key := "go:pipeline:" + strconv.Itoa(i)
		commands = append(commands, []string{"SET", key, strconv.Itoa(i), "EX", "60"}, []string{"GET", key})
	}
	commands = append(commands, []string{"LPUSH", "go:pipeline:0", "x"})
	results, err := client.Pipeline(context.Background(), commands...)
	if err != nil {
		return err
	}
	for i := 0; i < keys; i++ {
		if got := results[2*i+1].Reply.Text(); got != strconv.Itoa(i) {
			return fmt.Errorf("value %d of the pipeline is %q", i, got)
		}
	}
	refused := results[2*keys].Reply.Err()
	fmt.Printf("a pipeline of %d commands; the last one: %v\n", len(results), refused)
	if !errors.Is(refused, &rediscluster.Error{Status: rediscluster.Server}) {
		return fmt.Errorf("LPUSH on a string: %v", refused)
	}
	return nil
}

// cancelled ends a command that waits for ever by its context.
func cancelled(client *rediscluster.Client) error {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	begin := time.Now()
	_, err := client.Do(ctx, "BLPOP", "go:none", "0")
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("BLPOP ended by itself: %v", err)
	}
	fmt.Printf("cancelled after %v: %v\n", time.Since(begin).Round(time.Millisecond), err)
	return nil
}
