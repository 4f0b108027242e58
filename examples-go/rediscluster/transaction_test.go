package rediscluster

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestTransactions(t *testing.T) {
	client := newClient(t)
	run(t, client, "SET", "{gotest:x}a", "1", "EX", "60")
	for _, ctx := range []context.Context{background, timeLimit(t)} {
		replies, err := client.Transaction(ctx, func(transaction *Transaction) error {
			if err := transaction.Watch("{gotest:x}a"); err != nil {
				return err
			}
			if got, err := transaction.Read("GET", "{gotest:x}a"); err != nil || got.Kind() != String {
				t.Error(got.Kind(), err)
			}
			if err := transaction.Append("GET", "{gotest:y}a"); status(err) != CrossSlot {
				t.Error(err)
			}
			if err := transaction.Append("INCR", "{gotest:x}a"); err != nil {
				return err
			}
			return transaction.Append("LPUSH", "{gotest:x}a", "x")
		})
		if err != nil || replies.Len() != 2 {
			t.Fatal(replies.Len(), err)
		}
		if e := replies.Elements(); e[0].Int() < 2 || e[1].Err() == nil {
			t.Error(e[0].Int(), e[1].Err())
		}
	}
	_, err := client.Transaction(background, func(transaction *Transaction) error {
		if err := transaction.Watch("{gotest:x}a"); err != nil {
			return err
		}
		run(t, client, "SET", "{gotest:x}a", "7", "EX", "60")
		return transaction.Append("INCR", "{gotest:x}a")
	})
	if status(err) != Aborted {
		t.Error(err)
	}
	mine := errors.New("mine")
	_, err = client.Transaction(background, func(transaction *Transaction) error {
		if err := transaction.Append("INCR", "{gotest:x}a"); err != nil {
			return err
		}
		return mine
	})
	if err != mine || run(t, client, "GETDEL", "{gotest:x}a").Text() != "7" {
		t.Error(err)
	}
	if s := stats(t, client.Pool()); s.InUse != 0 {
		t.Errorf("%+v", s)
	}
}

func TestScriptsAndScans(t *testing.T) {
	client := newClient(t)
	add, err := NewScript("return redis.call('incrby', KEYS[1], ARGV[1])", false)
	if err != nil {
		t.Fatal(err)
	}
	for i, ctx := range []context.Context{background, timeLimit(t)} {
		got, err := client.Run(ctx, add, []string{"gotest:script"}, "20")
		if err != nil || got.Int() != int64(20*(i+1)) {
			t.Error(got.Int(), err)
		}
	}
	if _, err := client.Run(background, add, []string{"gotest:script", "gotest:other"}); status(err) != CrossSlot {
		t.Error(err)
	}
	run(t, client, "DEL", "gotest:script")

	var commands [][]string
	for i := 0; i < 100; i++ {
		commands = append(commands, []string{"SET", fmt.Sprintf("gotest:scan:%d", i), "v", "EX", "60"})
	}
	if _, err := client.Pipeline(background, commands...); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	err = client.Scan(timeLimit(t), "gotest:scan:*", "string", func(key string) bool {
		keys[key] = true
		return true
	})
	if err != nil || len(keys) != 100 || !keys["gotest:scan:42"] {
		t.Error(len(keys), err)
	}
	first := 0
	if err := client.Scan(background, "gotest:scan:*", "", func(string) bool { first++; return false }); err != nil || first != 1 {
		t.Error(first, err)
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	if err := client.Scan(ended, "", "", func(string) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
