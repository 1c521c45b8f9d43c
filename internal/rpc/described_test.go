package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// What the OpenRPC document says beside what the method table does: an error for each code that a
// call of a method was refused with, and the comments of package api.
const (
	errorsFile   = "method/errors.json"
	commentsFile = "method/comments.json"
)

// writeJSON compares a value with a file, or writes it.
func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	golden(t, file, b.String())
}

// TestComments holds the descriptions of the document to the comments of the types.
func TestComments(t *testing.T) {
	files, err := filepath.Glob("api/*.go")
	if err != nil {
		t.Fatal(err)
	}
	comments := make(map[string]string)
	say := func(what string, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if text := strings.Join(strings.Fields(g.Text()), " "); text != "" && comments[what] == "" {
				comments[what] = text
			}
		}
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				continue
			}
			for _, s := range d.Specs {
				s := s.(*ast.TypeSpec)
				of, ok := s.Type.(*ast.StructType)
				if !ok {
					continue
				}
				say(s.Name.Name, s.Doc, d.Doc)
				for _, field := range of.Fields.List {
					if field.Tag != nil {
						name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json"), ",")
						say(s.Name.Name+"."+name, field.Doc, field.Comment)
					}
				}
			}
		}
	}
	writeJSON(t, commentsFile, comments)
}

// TestMethodsAreRefused provokes errors of each method, and holds the document to their codes and to the
// sentence of the first of each code: those of the transcripts, too many parameters, users that
// may not call it, a wallet that does not exist, the wrong transport, and daemons without a chain, or without peers.
func TestMethodsAreRefused(t *testing.T) {
	found := make(map[string][]*api.Error)
	add := func(method, reply string) {
		var r struct{ Error *api.Error }
		if err := json.Unmarshal([]byte(steady(reply)), &r); err != nil || r.Error == nil || r.Error.Code == api.CodeInvalidRequest {
			return // not an error of the method
		}
		for _, known := range found[method] {
			if known.Code == r.Error.Code {
				return
			}
		}
		found[method] = append(found[method], r.Error)
	}
	s := newStage(t)
	offline := rpctest.NewOffline(t)
	cfg := rpctest.Config(s.Registry)
	cfg.ReadOnlyUsername, cfg.ReadOnlyPassword = "reader", "reader's"
	cfg.WalletUsers = []rpc.WalletUser{{Name: "child", Password: "child's", Wallets: []string{"default"}}}
	guarded, _ := rpctest.Start(t, cfg)
	nowhere, _ := rpctest.Start(t, rpctest.Config(offline.Registry))
	lonely, _ := rpctest.Start(t, rpctest.Config(rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 1, Unreachable: true}).Registry))
	recorded := recordings(t)
	for _, m := range described(t, s.address) {
		for _, r := range recorded {
			if r.method == m.Name && r.failed {
				add(m.Name, strings.TrimPrefix(r.reply, "200 "))
			}
		}
		call := func(params string) string { return fmt.Sprintf(`{"method":%q,"params":%s,"id":1}`, m.Name, params) }
		add(m.Name, s.post("/", call("["+strings.Repeat("0,", len(m.Params))+"0]")))
		example := call(s.example(string(m.Example)))
		if !m.Reads {
			add(m.Name, s.postAs(guarded, "reader", "reader's", example))
		}
		if !m.OfWallets {
			add(m.Name, s.postAs(guarded, "child", "child's", example))
		}
		if m.OfWallets || m.Reads {
			add(m.Name, s.post(api.WalletPath+"nowhere", example))
			for _, address := range []string{nowhere, lonely} {
				_, reply := post(t, address, example)
				add(m.Name, reply)
			}
		}
	}
	writeJSON(t, errorsFile, found)
}

// postAs posts a body to a server as one of its users.
func (s *stage) postAs(address, user, password, body string) string {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, "http://"+address, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	_, reply := do(s.T, r)
	return reply
}
