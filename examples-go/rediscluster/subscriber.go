package rediscluster

// #include "glue.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Subscription is what is subscribed to. Each kind has names of its own.
type Subscription int

// The kinds of subscriptions.
const (
	Channel Subscription = C.REDISCLUSTER_SUBSCRIPTION_CHANNEL
	Pattern Subscription = C.REDISCLUSTER_SUBSCRIPTION_PATTERN
	Shard   Subscription = C.REDISCLUSTER_SUBSCRIPTION_SHARD
)

// Message is what comes to a subscriber.
type Message struct {
	Subscription Subscription
	// Channel is where it was published, Pattern what was subscribed to, if that was a pattern.
	Channel, Pattern string
	Payload          []byte
	Node             string
	// Gap: no message, but what was published before may have been missed; the subscription is there again.
	Gap bool
	// Err: no message; the server refuses the subscription.
	Err error
}

// Subscriber receives messages. One goroutine at a time uses it; another may close it.
type Subscriber struct {
	// Held for reading while a call is inside C.
	mutex      sync.RWMutex
	subscriber *C.rediscluster_subscriber
	closed     atomic.Bool
}

// Subscriber makes a subscriber without subscriptions, on connections of its own.
func (c *Client) Subscriber() (*Subscriber, error) {
	s := &Subscriber{}
	err := c.pool.inside(func() error {
		var raw *C.rediscluster_error
		if status := C.rediscluster_subscriber_new(c.client, &s.subscriber, &raw); status != C.REDISCLUSTER_OK {
			return failure(status, raw)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	runtime.SetFinalizer(s, (*Subscriber).Close)
	return s, nil
}

// Close ends the subscriptions; who waits for a message gets Closed. To close it again does nothing.
func (s *Subscriber) Close() {
	// Who is interrupted finds it closed, and does not go in again.
	s.closed.Store(true)
	s.mutex.RLock()
	C.rediscluster_subscriber_interrupt(s.subscriber, nil)
	s.mutex.RUnlock()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	C.rediscluster_subscriber_free(s.subscriber)
	s.subscriber = nil
	runtime.SetFinalizer(s, nil)
}

// Subscribe subscribes to a channel, a pattern or a shard channel, and waits for the server's confirmation.
func (s *Subscriber) Subscribe(ctx context.Context, kind Subscription, name string) error {
	return s.bounded(ctx, func(raw **C.rediscluster_error) C.rediscluster_status {
		data := []byte(name)
		return C.glue_subscribe(s.subscriber, C.int32_t(kind), start(data), C.size_t(len(data)), timeoutOf(ctx), raw)
	})
}

// Unsubscribe ends a subscription: nothing of it is given out from now on.
func (s *Subscriber) Unsubscribe(kind Subscription, name string) error {
	return s.bounded(context.Background(), func(raw **C.rediscluster_error) C.rediscluster_status {
		data := []byte(name)
		return C.glue_unsubscribe(s.subscriber, C.int32_t(kind), start(data), C.size_t(len(data)), raw)
	})
}

// Next waits for the next message, as long as the context allows. It is also what keeps the subscriptions alive: call
// it again and again.
func (s *Subscriber) Next(ctx context.Context) (Message, error) {
	var message Message
	err := s.bounded(ctx, func(raw **C.rediscluster_error) C.rediscluster_status {
		timeout := timeoutOf(ctx)
		if timeout == C.REDISCLUSTER_TIMEOUT_DEFAULT {
			timeout = C.REDISCLUSTER_TIMEOUT_NEVER
		}
		var got C.glue_message
		status := C.glue_next(s.subscriber, timeout, &got, raw)
		if status == C.REDISCLUSTER_OK {
			message = received(&got)
		}
		return status
	})
	return message, err
}

// received copies and frees a message.
func received(got *C.glue_message) Message {
	text := func(data *C.uint8_t, size C.size_t) []byte { return C.GoBytes(unsafe.Pointer(data), C.int(size)) }
	m := Message{
		Subscription: Subscription(got.subscription),
		Channel:      string(text(got.channel, got.channel_size)),
		Pattern:      string(text(got.pattern, got.pattern_size)),
		Payload:      text(got.payload, got.payload_size),
		Node:         C.GoString(got.node),
		Gap:          got.kind == C.REDISCLUSTER_MESSAGE_GAP,
	}
	var raw *C.rediscluster_error
	if err := failure(C.rediscluster_message_check(got.message, &raw), raw); err != nil {
		m.Err = err
	}
	C.rediscluster_message_free(got.message)
	return m
}

// bounded runs a call that the end of the context interrupts. An interruption that came too late for its call ends the
// next one, which is none of its business: it is made again.
func (s *Subscriber) bounded(ctx context.Context, call func(**C.rediscluster_error) C.rediscluster_status) error {
	for {
		err := s.once(ctx, call)
		if of, ok := err.(*Error); !ok || of.Status != Cancelled || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Subscriber) once(ctx context.Context, call func(**C.rediscluster_error) C.rediscluster_status) error {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	if s.closed.Load() {
		return &Error{Status: Closed, Message: "the subscriber is closed"}
	}
	interrupt := func() { C.rediscluster_subscriber_interrupt(s.subscriber, nil) }
	return watched(ctx, interrupt, func() *Error {
		var raw *C.rediscluster_error
		return failure(call(&raw), raw)
	})
}
