package rediscluster

// #include <stdlib.h>
// #include "glue.h"
import "C"

import (
	"runtime/cgo"
	"strings"
	"unsafe"
)

// Callbacks are functions of the program that the library asks; nil is none. They are called by every goroutine
// that is inside the library, several at once, and must not use a pool that they serve. One that panics gives
// no answer.
type Callbacks struct {
	// Credentials says, at each dial, who logs in, in place of the options username and password. False: the dial
	// fails with Auth.
	Credentials func(node string) (username, password string, ok bool)
	// Translate says where to dial what a server announces. False leaves the address as it is.
	Translate func(host string, port uint16) (string, uint16, bool)
	// Resolve says the numeric addresses of a host name, in place of the system's resolver.
	Resolve func(name string) []string
}

// set hands the functions to the options. C holds a handle of each: a number, as it may not hold Go's pointers.
// The library gives it back when the last that could call the function is gone.
func (callbacks Callbacks) set(options *C.rediscluster_options) error {
	hand := func(function interface{}, call func(C.uintptr_t, **C.rediscluster_error) C.rediscluster_status) *Error {
		var raw *C.rediscluster_error
		handle := cgo.NewHandle(function)
		status := call(C.uintptr_t(handle), &raw)
		if status != C.REDISCLUSTER_OK {
			handle.Delete()
		}
		return failure(status, raw)
	}
	if callbacks.Credentials != nil {
		err := hand(callbacks.Credentials, func(h C.uintptr_t, raw **C.rediscluster_error) C.rediscluster_status {
			return C.glue_set_credentials(options, h, raw)
		})
		if err != nil {
			return err
		}
	}
	if callbacks.Translate != nil {
		err := hand(callbacks.Translate, func(h C.uintptr_t, raw **C.rediscluster_error) C.rediscluster_status {
			return C.glue_set_translate(options, h, raw)
		})
		if err != nil {
			return err
		}
	}
	if callbacks.Resolve != nil {
		err := hand(callbacks.Resolve, func(h C.uintptr_t, raw **C.rediscluster_error) C.rediscluster_status {
			return C.glue_set_resolve(options, h, raw)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

//export goCredentials
func goCredentials(handle C.uintptr_t, node *C.char, sink C.rediscluster_credentials_sink, data unsafe.Pointer) {
	function := cgo.Handle(handle).Value().(func(string) (string, string, bool))
	asked := C.GoString(node)
	var username, password string
	ok := false
	contained(func() { username, password, ok = function(asked) })
	if !ok {
		return
	}
	withText(username, func(cUsername *C.char) {
		withText(password, func(cPassword *C.char) { C.glue_give_credentials(sink, data, cUsername, cPassword) })
	})
}

//export goTranslate
func goTranslate(handle C.uintptr_t, host *C.char, port C.uint16_t, sink C.rediscluster_address_sink,
	data unsafe.Pointer) {
	function := cgo.Handle(handle).Value().(func(string, uint16) (string, uint16, bool))
	asked := C.GoString(host)
	var to string
	var toPort uint16
	ok := false
	contained(func() { to, toPort, ok = function(asked, uint16(port)) })
	if !ok {
		return
	}
	withText(to, func(cHost *C.char) { C.glue_give_address(sink, data, cHost, C.uint16_t(toPort)) })
}

//export goResolve
func goResolve(handle C.uintptr_t, name *C.char, sink C.rediscluster_ip_sink, data unsafe.Pointer) {
	function := cgo.Handle(handle).Value().(func(string) []string)
	asked := C.GoString(name)
	var addresses []string
	contained(func() { addresses = function(asked) })
	for _, address := range addresses {
		withText(address, func(cAddress *C.char) { C.glue_give_ip(sink, data, cAddress) })
	}
}

//export goDestroy
func goDestroy(handle C.uintptr_t) { cgo.Handle(handle).Delete() }

// contained runs a call whose panic, or runtime.Goexit, must not unwind the library's frames: on a goroutine of
// its own, which has none.
func contained(call func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		call()
	}()
	<-done
}

// withText lends C a copy of a text; one with a NUL inside would be cut short there, and is not given.
func withText(text string, use func(*C.char)) {
	if strings.IndexByte(text, 0) >= 0 {
		return
	}
	cText := C.CString(text)
	defer C.free(unsafe.Pointer(cText))
	use(cText)
}
