package rediscluster

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

func newSubscriber(t *testing.T, client *Client) *Subscriber {
	t.Helper()
	subscriber, err := client.Subscriber()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(subscriber.Close)
	return subscriber
}

func TestMessages(t *testing.T) {
	client := newClient(t)
	subscriber := newSubscriber(t, client)
	subscriptions := []struct {
		kind                        Subscription
		name, verb, channel, binary string
	}{
		{Channel, "gotest:channel", "PUBLISH", "gotest:channel", "\x00\r\n\xff"},
		{Pattern, "gotest:p*", "PUBLISH", "gotest:pattern", ""},
		{Shard, "gotest:shard", "SPUBLISH", "gotest:shard", "to the shard"},
	}
	for _, s := range subscriptions {
		if err := subscriber.Subscribe(timeLimit(t), s.kind, s.name); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range subscriptions {
		run(t, client, s.verb, s.channel, s.binary)
		got, err := subscriber.Next(timeLimit(t))
		if err != nil || got.Err != nil || got.Gap {
			t.Fatal(got, err)
		}
		if got.Subscription != s.kind || got.Channel != s.channel || string(got.Payload) != s.binary || got.Node == "" {
			t.Errorf("%+v", got)
		}
		if (s.kind == Pattern) != (got.Pattern == s.name) {
			t.Errorf("%+v", got)
		}
	}
	for _, s := range subscriptions[:2] {
		if err := subscriber.Unsubscribe(s.kind, s.name); err != nil {
			t.Error(err)
		}
		run(t, client, s.verb, s.channel, "nobody")
	}
	run(t, client, "SPUBLISH", "gotest:shard", "somebody")
	if got, err := subscriber.Next(background); err != nil || string(got.Payload) != "somebody" {
		t.Error(got, err)
	}
}

func TestAContextEndsAWaitForMessages(t *testing.T) {
	client := newClient(t)
	subscriber := newSubscriber(t, client)
	if err := subscriber.Subscribe(background, Channel, "gotest:silence"); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	// Interruptions that come as their calls end by themselves end no other call.
	for i := 0; i < 100; i++ {
		ctx, cancel := context.WithTimeout(background, time.Duration(i%4)*time.Millisecond)
		if _, err := subscriber.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	run(t, client, "PUBLISH", "gotest:silence", "broken")
	if got, err := subscriber.Next(background); err != nil || string(got.Payload) != "broken" {
		t.Error(got, err)
	}
	until(t, "the end of what watched contexts", func() bool { return runtime.NumGoroutine() <= before })

	ended := make(chan error)
	go func() {
		_, err := subscriber.Next(background)
		ended <- err
	}()
	time.Sleep(10 * time.Millisecond)
	subscriber.Close()
	if err := <-ended; status(err) != Closed {
		t.Error(err)
	}
	subscriber.Close()
}
