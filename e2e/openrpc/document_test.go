package openrpc_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spvd/spvd/e2e/openrpc"
)

// The document, and the recorded calls of every method and topic with their replies.
const (
	documentFile = "../../docs/openrpc.json"
	recordings   = "../../internal/rpc/testdata/*.txt"
)

// invalidRequest is the code for what is no request, whatever method it names.
const invalidRequest = -32600

// message is a call, a reply or a notification.
type message struct {
	Method string
	Params []json.RawMessage
	Result json.RawMessage
	Error  *struct{ Code int }
	ID     json.RawMessage
}

// The parts of the document that the test reads itself.
type (
	described struct {
		Methods    []describedMethod
		Components struct {
			Schemas map[string]struct{ Required []string }
		}
	}
	describedMethod struct {
		Name   string
		Params []struct {
			Required bool
			Schema   struct{ Default json.RawMessage }
		}
		Result struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
		Errors []struct{ Code int }
	}
)

// judge holds recorded messages to the document, and counts them.
type judge struct {
	*testing.T
	doc     *openrpc.Document
	methods map[string]describedMethod
	needed  map[string][]string // the required members by the name of the schema

	replies, params, notified, lacking int
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	raw, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	var about described
	if err := json.Unmarshal(raw, &about); err != nil {
		t.Fatal(err)
	}
	j := &judge{T: t, methods: make(map[string]describedMethod), needed: make(map[string][]string)}
	if j.doc, err = openrpc.Parse(raw); err != nil {
		t.Fatal(err)
	}
	for _, m := range about.Methods {
		j.methods[m.Name] = m
	}
	for name, s := range about.Components.Schemas {
		j.needed["#/components/schemas/"+name] = s.Required
	}
	return j
}

// TestRecordedMessages holds to the document every recorded reply and notification, the parameters
// of calls that were accepted, and the codes of errors. A reply without a member that the document
// calls required is refused.
func TestRecordedMessages(t *testing.T) {
	j := newJudge(t)
	files, err := filepath.Glob(recordings)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var call message
		for line := range strings.Lines(string(text)) {
			kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			var m message
			switch {
			case strings.HasSuffix(kind, ">"):
				call = called(rest)
			case kind != "<" || json.Unmarshal([]byte(strings.TrimPrefix(rest, "200 ")), &m) != nil: // no single message
			case m.Method != "":
				j.notification(m)
			case m.ID != nil:
				j.reply(call, m)
				call = message{}
			}
		}
	}
	t.Logf("%d replies, %d parameters, %d notifications, %d replies that lack a member", j.replies, j.params, j.notified, j.lacking)
	if j.replies < len(j.methods) || j.params == 0 || j.notified == 0 || j.lacking < j.replies {
		t.Error("these are too few")
	}
}

// called reads a call: in JSON, or its method and parameters.
func called(text string) message {
	// What stands for values of the daemon is as long as a hash.
	text = regexp.MustCompile(`\{[a-z]+[0-9]*\}`).ReplaceAllString(text, strings.Repeat("0", 64))
	var m message
	if json.Unmarshal([]byte(text), &m) == nil {
		return m
	}
	name, params, _ := strings.Cut(text, " ")
	m.Method = name
	_ = json.Unmarshal([]byte(params), &m.Params) // named parameters are not read
	return m
}

func (j *judge) reply(call, reply message) {
	m, ok := j.methods[call.Method]
	switch {
	case !ok: // which the error says
		return
	case reply.Error != nil:
		if reply.Error.Code != invalidRequest && !slices.Contains(m.Errors, *reply.Error) {
			j.Errorf("%s fails with code %d, which is not described", m.Name, reply.Error.Code)
		}
		return
	}
	j.replies++
	if err := j.doc.Result(m.Name, reply.Result); err != nil {
		j.Errorf("%s: %v", m.Name, err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(reply.Result, &members) == nil {
		for _, name := range j.needed[m.Result.Schema.Ref] {
			less := maps.Clone(members)
			delete(less, name)
			raw, err := json.Marshal(less)
			if err != nil {
				j.Fatal(err)
			}
			j.lacking++
			if j.doc.Result(m.Name, raw) == nil {
				j.Errorf("%s without %s fits its schema", m.Name, name)
			}
		}
	}
	for i, value := range call.Params {
		if string(value) == "null" { // as if it were left out
			continue
		}
		j.params++
		if err := j.doc.Param(m.Name, i, value); err != nil {
			j.Errorf("%s accepts %s: %v", m.Name, value, err)
		}
	}
	for i, p := range m.Params {
		if p.Required && i >= len(call.Params) && call.Params != nil {
			j.Errorf("%s accepts %d parameters, and number %d is required", m.Name, len(call.Params), i+1)
		}
		if p.Schema.Default != nil {
			if err := j.doc.Param(m.Name, i, p.Schema.Default); err != nil {
				j.Errorf("the default of parameter %d of %s: %v", i+1, m.Name, err)
			}
		}
	}
}

func (j *judge) notification(m message) {
	for i, value := range m.Params {
		j.notified++
		if err := j.doc.Notification(m.Method, i, value); err != nil {
			j.Errorf("%s: %v", m.Method, err)
		}
	}
}
