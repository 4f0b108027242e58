package rediscluster

// #include "glue.h"
import "C"

import (
	"math"
	"strings"
	"unsafe"
)

// Kind is what a reply is: the numbers of rediscluster_kind.
type Kind uint8

// The kinds of replies.
const (
	Nil       Kind = C.REDISCLUSTER_REPLY_NIL
	String    Kind = C.REDISCLUSTER_REPLY_STRING
	Simple    Kind = C.REDISCLUSTER_REPLY_STATUS
	Failure   Kind = C.REDISCLUSTER_REPLY_ERROR
	Integer   Kind = C.REDISCLUSTER_REPLY_INTEGER
	Double    Kind = C.REDISCLUSTER_REPLY_DOUBLE
	Boolean   Kind = C.REDISCLUSTER_REPLY_BOOLEAN
	BigNumber Kind = C.REDISCLUSTER_REPLY_BIGNUMBER
	Verbatim  Kind = C.REDISCLUSTER_REPLY_VERBATIM
	Array     Kind = C.REDISCLUSTER_REPLY_ARRAY
	Map       Kind = C.REDISCLUSTER_REPLY_MAP
	Set       Kind = C.REDISCLUSTER_REPLY_SET
	Push      Kind = C.REDISCLUSTER_REPLY_PUSH
)

// cell is rediscluster_cell, whose layout never changes, with its union as bits.
type cell struct {
	kind     uint8
	flags    uint8
	reserved uint16
	span     uint32
	value    uint64
	offset   int64
}

// Does not compile where Go and C see different cells.
var _ = [1]struct{}{}[unsafe.Sizeof(cell{})-unsafe.Sizeof(C.rediscluster_cell{})]
var _ = [1]struct{}{}[unsafe.Offsetof(cell{}.offset)-unsafe.Offsetof(C.rediscluster_cell{}.offset)]

// Reply is a reply of the server or an element of one. All elements share one copy of the library's
// block, which is Go's: there is nothing to free, and no call into C to read it.
type Reply struct {
	// In words, so that the cells in it are aligned.
	block []uint64
	at    uintptr
}

// take copies the block of a reply and frees the reply.
func take(answer *C.glue_answer) Reply {
	reply := copiedReply(answer)
	C.rediscluster_reply_free(answer.reply)
	return reply
}

func copiedReply(answer *C.glue_answer) Reply {
	size := uintptr(answer.size)
	block := make([]uint64, (size+7)/8)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&block[0])), size),
		unsafe.Slice((*byte)(unsafe.Pointer(answer.cells)), size))
	return Reply{block: block}
}

func (r Reply) cell() cell {
	if r.block == nil {
		return cell{}
	}
	return *(*cell)(unsafe.Pointer(&r.block[r.at/8]))
}

// Kind says what the reply is.
func (r Reply) Kind() Kind { return Kind(r.cell().kind) }

// Bytes are those of a String, Simple, Failure, BigNumber or Verbatim; nil for others. They are the
// reply's: not to be changed.
func (r Reply) Bytes() []byte {
	c := r.cell()
	switch Kind(c.kind) {
	case String, Simple, Failure, BigNumber, Verbatim:
		whole := unsafe.Slice((*byte)(unsafe.Pointer(&r.block[0])), len(r.block)*8)
		start := r.at + uintptr(c.offset)
		return whole[start : start+uintptr(c.value) : start+uintptr(c.value)]
	}
	return nil
}

// Text is a copy of the bytes.
func (r Reply) Text() string { return string(r.Bytes()) }

// Int is the value of an Integer; 0 for others.
func (r Reply) Int() int64 {
	if c := r.cell(); Kind(c.kind) == Integer {
		return int64(c.value)
	}
	return 0
}

// Float is the value of a Double; 0 for others.
func (r Reply) Float() float64 {
	if c := r.cell(); Kind(c.kind) == Double {
		return math.Float64frombits(c.value)
	}
	return 0
}

// Bool is the value of a Boolean; false for others.
func (r Reply) Bool() bool {
	c := r.cell()
	return Kind(c.kind) == Boolean && c.value != 0
}

// Len is how many elements an Array, Set or Push has; of a Map twice its pairs.
func (r Reply) Len() int {
	c := r.cell()
	switch Kind(c.kind) {
	case Array, Map, Set, Push:
		return int(c.value)
	}
	return 0
}

// Elements are what an Array, Set or Push holds; of a Map key, value, key, value. Each stands behind the one
// before and all that is in it, the first right behind its holder.
func (r Reply) Elements() []Reply {
	elements := make([]Reply, r.Len())
	at := r.at + unsafe.Sizeof(cell{})
	for i := range elements {
		elements[i] = Reply{r.block, at}
		at += uintptr(elements[i].cell().span) * unsafe.Sizeof(cell{})
	}
	return elements
}

// Err turns an error reply into an error; nil for every other kind.
func (r Reply) Err() error {
	if r.Kind() != Failure {
		return nil
	}
	code, _, _ := strings.Cut(r.Text(), " ")
	return &Error{Status: Server, Message: r.Text(), ServerCode: code}
}
