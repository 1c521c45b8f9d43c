package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

func help() method {
	return method{
		name:    "help",
		reads:   true,
		summary: "Lists the methods, or describes one of them.",
		params: []param{
			{name: "command", kind: kindString, optional: true, def: "", text: "The method to describe; without it all are listed."},
			{name: "structured", kind: kindBool, optional: true, def: false, text: "Whether to return objects for programs rather than text."},
		},
		result:  "a text; or an array of objects with name, summary, help, params, result and example",
		returns: []any{"", []api.MethodInfo{}},
		example: `["getblockhash"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			listed := b.methods
			name := a.str("command")
			if name != "" {
				m := b.methods.find(name)
				if m == nil {
					return nil, fail(api.CodeInvalid, "there is no method %s; run: spvctl help", shorten([]byte(name)))
				}
				listed = table{*m}
			}
			switch {
			case a.bool("structured"):
				return listed.info(), nil
			case name != "":
				return listed[0].describe(), nil
			default:
				return b.methods.overview(), nil
			}
		},
	}
}

// overview lists all methods, one line each.
func (t table) overview() string {
	var b strings.Builder
	for i := range t {
		fmt.Fprintf(&b, "%s\n", t[i].synopsis())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// describe explains a method.
func (m *method) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.synopsis(), m.summary)
	if m.help != "" {
		fmt.Fprintf(&b, "%s\n", m.help)
	}
	if limits := m.limits(); limits != "" {
		fmt.Fprintf(&b, "%s\n", limits)
	}
	for i, p := range m.params {
		if i == 0 {
			b.WriteString("\nParameters:\n")
		}
		fmt.Fprintf(&b, "%d. %s (%s%s) %s\n", i+1, p.name, p.kind, p.presence(), p.text)
	}
	fmt.Fprintf(&b, "\nResult: %s\n", m.result)
	fmt.Fprintf(&b, "\nExample: {\"jsonrpc\":\"1.0\",\"method\":%q,\"params\":%s,\"id\":1}", m.name, m.example)
	return b.String()
}

// limits says who cannot call the method.
func (m *method) limits() string {
	switch {
	case !m.reads:
		return "The read-only user may not call it."
	case m.websocket:
		return "It exists on websockets only."
	default:
		return ""
	}
}

// presence says whether a parameter may be left out, and what it is then.
func (p *param) presence() string {
	switch {
	case !p.optional:
		return ""
	case p.def == nil || p.def == "":
		return ", optional"
	default:
		return fmt.Sprintf(", optional, default %v", p.def)
	}
}

// info describes the methods for programs.
func (t table) info() []api.MethodInfo {
	infos := make([]api.MethodInfo, len(t))
	for i, m := range t {
		infos[i] = api.MethodInfo{
			Name:    m.name,
			Summary: m.summary,
			Help:    m.help,
			Params:  make([]api.ParamInfo, len(m.params)),
			Result:  m.result,
			Example: json.RawMessage(m.example),

			Reads:     m.reads,
			Websocket: m.websocket,
		}
		for j, p := range m.params {
			infos[i].Params[j] = api.ParamInfo{
				Name: p.name, Type: p.kind.String(), Text: p.text, Optional: p.optional, Default: p.def,
			}
		}
	}
	return infos
}
