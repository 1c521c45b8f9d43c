//go:build cgo

package main

// #include <stdlib.h>
// #include "spvd.h"
import "C"

import (
	"runtime/cgo"
	"time"
	"unsafe"

	"github.com/spvd/spvd/internal/engine"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/version"
)

// main is not called: the linker wants one.
func main() {}

// codeNoClient is SPVD_NO_CLIENT.
const codeNoClient api.Code = C.SPVD_NO_CLIENT

//export spvd_open
func spvd_open(config *C.spvd_text, client *C.spvd_client, failure **C.char) C.int {
	if client == nil {
		return report(&api.Error{Code: engine.CodeConfig, Message: "there is no place for the client: pass the address of a spvd_client"}, failure)
	}
	*client = 0
	e, err := engine.Open(text(config))
	if err != nil {
		return report(engine.Explain(err), failure)
	}
	*client = C.spvd_client(cgo.NewHandle(e))
	return report(nil, failure)
}

//export spvd_start
func spvd_start(client C.spvd_client, failure **C.char) C.int {
	e := engineOf(client)
	if e == nil {
		return report(noClient(), failure)
	}
	return report(engine.Explain(e.Start()), failure)
}

//export spvd_stop
func spvd_stop(client C.spvd_client, failure **C.char) C.int {
	e := engineOf(client)
	if e == nil {
		return report(noClient(), failure)
	}
	return report(engine.Explain(e.Stop()), failure)
}

//export spvd_call
func spvd_call(client C.spvd_client, wallet, method, params *C.spvd_text, reply **C.char) C.int {
	e := engineOf(client)
	if e == nil {
		return report(noClient(), reply)
	}
	result, err := e.Call(text(wallet), text(method), text(params))
	return answer(result, err, reply)
}

//export spvd_next_event
func spvd_next_event(client C.spvd_client, milliseconds C.int64_t, event **C.char) C.int {
	e := engineOf(client)
	if e == nil {
		return report(noClient(), event)
	}
	// More than a duration can hold is as good as for ever.
	const most = int64(1<<63-1) / int64(time.Millisecond)
	within := time.Duration(min(int64(milliseconds), most)) * time.Millisecond
	if milliseconds < 0 {
		within = -1
	}
	next, err := e.Next(within)
	return answer(next, err, event)
}

//export spvd_close
func spvd_close(client C.spvd_client, failure **C.char) C.int {
	e := engineOf(client)
	if e == nil || !forget(client) {
		return report(noClient(), failure)
	}
	return report(engine.Explain(e.Close()), failure)
}

//export spvd_free
func spvd_free(text *C.char) { C.free(unsafe.Pointer(text)) }

//export spvd_abi
func spvd_abi() C.int { return C.SPVD_ABI }

//export spvd_version
func spvd_version() *C.char { return C.CString(version.String()) }

// text returns the text of the caller; that of NULL is empty.
func text(s *C.spvd_text) string { return C.GoString((*C.char)(unsafe.Pointer(s))) }

// engineOf returns the engine of a handle, nil if the handle is not one of an open client.
func engineOf(client C.spvd_client) (e *engine.Engine) {
	defer func() {
		if recover() != nil { // Value panics for a handle that was deleted, or never was one
			e = nil
		}
	}()
	e, _ = cgo.Handle(client).Value().(*engine.Engine)
	return e
}

// forget deletes a handle, and returns false if another thread has deleted it.
func forget(client C.spvd_client) (ours bool) {
	defer func() {
		if recover() != nil {
			ours = false
		}
	}()
	cgo.Handle(client).Delete()
	return true
}

func noClient() *api.Error {
	return &api.Error{Code: codeNoClient, Message: "the handle is not one of an open client"}
}

// answer passes a result or an error on to the caller.
func answer(result string, err error, to **C.char) C.int {
	if err != nil {
		return report(engine.Explain(err), to)
	}
	pass(result, to)
	return C.SPVD_OK
}

// report passes an error on to the caller, or NULL if there is none.
func report(fault *api.Error, to **C.char) C.int {
	if fault == nil {
		if to != nil {
			*to = nil
		}
		return C.SPVD_OK
	}
	raw, err := view.JSON(fault)
	if err != nil {
		panic("libspvd: encode an error: " + err.Error()) // a number and text can be encoded
	}
	pass(string(raw), to)
	return C.int(fault.Code)
}

// pass gives the caller a copy of a text.
func pass(s string, to **C.char) {
	if to != nil {
		*to = C.CString(s)
	}
}
