// A hundred goroutines on a pool of eight connections: each writes and reads its own values, and looks that
// every reply is its own.
//
//	go run . host:port[,host:port...]
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"rediscluster.example/go/rediscluster"
)

const (
	goroutines = 100
	rounds     = 50
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
	pool, err := rediscluster.NewPool(map[string]string{
		"startup_nodes":   nodes,
		"pool_exhausted":  "block",
		"max_connections": "8",
		"timeout":         "30000",
	})
	if err != nil {
		return err
	}
	defer pool.Close()
	primaries, err := pool.Primaries()
	if err != nil {
		return err
	}
	fmt.Println("primaries:", primaries)

	begin := time.Now()
	errs := make(chan error, goroutines)
	var running sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		running.Add(1)
		go func(g int) {
			defer running.Done()
			for i := 0; i < rounds; i++ {
				if err := ownValue(pool, g, i); err != nil {
					errs <- fmt.Errorf("goroutine %d, round %d: %w", g, i, err)
					return
				}
			}
		}(g)
	}
	running.Wait()
	close(errs)
	for err := range errs {
		return err
	}
	stats, err := pool.Stats()
	if err != nil {
		return err
	}
	fmt.Printf("%d goroutines read %d values, each their own, on %d connections in %v\n",
		goroutines, goroutines*rounds, stats.Open, time.Since(begin).Round(time.Millisecond))
	if stats.InUse != 0 || stats.Open > 8 {
		return fmt.Errorf("%d connections are in use at the end, %d open", stats.InUse, stats.Open)
	}
	return cancelled(pool)
}

func ownValue(pool *rediscluster.Pool, g, i int) error {
	ctx := context.Background()
	key := fmt.Sprintf("go:%d:%d", g, i)
	value := fmt.Sprintf("value %d of goroutine %d", i, g)
	connection, err := pool.GetByKey(ctx, key)
	if err != nil {
		return err
	}
	defer connection.Release()
	set, err := connection.Do(ctx, "SET", key, value, "EX", "60")
	if err != nil {
		return err
	}
	if err := set.Err(); err != nil {
		return err
	}
	got, err := connection.Do(ctx, "GET", key)
	if err != nil {
		return err
	}
	if got.Text() != value {
		return fmt.Errorf("%s is %q, not %q", key, got.Text(), value)
	}
	return nil
}

// cancelled ends a command that waits for ever by its context.
func cancelled(pool *rediscluster.Pool) error {
	connection, err := pool.GetByKey(context.Background(), "go:none")
	if err != nil {
		return err
	}
	defer connection.Release()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	begin := time.Now()
	_, err = connection.Do(ctx, "BLPOP", "go:none", "0")
	if err == nil || ctx.Err() == nil {
		return fmt.Errorf("BLPOP ended by itself: %v", err)
	}
	fmt.Printf("cancelled after %v: %v\n", time.Since(begin).Round(time.Millisecond), err)
	return nil
}
