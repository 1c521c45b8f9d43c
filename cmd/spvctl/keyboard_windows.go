package main

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// keyWait is how long a read waits for a key, in milliseconds.
const keyWait = 100

// keyEvent is the kind of a record of a key.
const keyEvent = 1

// inputRecord is what a console delivers: of a key.
type inputRecord struct {
	kind    uint16
	_       uint16
	down    int32
	repeats uint16
	key     uint16
	scan    uint16
	char    uint16
	state   uint32
}

// keyboard is a console that delivers single keys, and shows none.
type keyboard struct {
	console windows.Handle
	before  uint32
	record  *windows.LazyProc
}

// keyboardOf returns a function that makes a console deliver single keys, nil if the file is
// none.
func keyboardOf(f *os.File) func() (*keyboard, error) {
	k := &keyboard{console: windows.Handle(f.Fd()), record: windows.NewLazySystemDLL("kernel32.dll").NewProc("ReadConsoleInputW")}
	if err := windows.GetConsoleMode(k.console, &k.before); err != nil {
		return nil
	}
	return func() (*keyboard, error) {
		raw := k.before &^ (windows.ENABLE_LINE_INPUT | windows.ENABLE_ECHO_INPUT | windows.ENABLE_PROCESSED_INPUT)
		if err := errors.Join(k.record.Find(), windows.SetConsoleMode(k.console, raw)); err != nil {
			return nil, fmt.Errorf("prepare the console: %w", err)
		}
		return k, nil
	}
}

// read returns a key that is pressed within a moment, none if there is none. The error is that of
// a console that has gone.
func (k *keyboard) read() ([]byte, error) {
	event, err := windows.WaitForSingleObject(k.console, keyWait)
	switch {
	case err != nil:
		return nil, err
	case event != windows.WAIT_OBJECT_0:
		return nil, nil
	}
	var r inputRecord
	var n uint32
	if ok, _, err := k.record.Call(uintptr(k.console), uintptr(unsafe.Pointer(&r)), 1, uintptr(unsafe.Pointer(&n))); ok == 0 {
		return nil, err
	}
	if n == 0 || r.kind != keyEvent || r.down == 0 || r.char == 0 || r.char >= 0x80 {
		return nil, nil
	}
	return []byte{byte(r.char)}, nil
}

// restore makes the console what it was.
func (k *keyboard) restore() error { return windows.SetConsoleMode(k.console, k.before) }
