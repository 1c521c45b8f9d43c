package method

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

// helpMethods returns the methods about the methods themselves.
func helpMethods() []Method {
	return []Method{
		help(),
		discover(),
	}
}

func help() Method {
	return Method{
		Name:    "help",
		Reads:   true,
		Summary: "Lists the methods, or describes one of them.",
		Params: []param{
			{name: "command", kind: kindString, optional: true, def: "", text: "The method to describe; without it all are listed."},
			{name: "structured", kind: kindBool, optional: true, def: false, text: "Whether to return objects for programs rather than text."},
		},
		Result:  "a text; or an array of objects with name, summary, help, params, result and example",
		Returns: []any{"", []api.MethodInfo{}},
		Example: `["getblockhash"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			listed := c.methods
			name := c.str("command")
			if name != "" {
				m := find(c.methods, name)
				if m == nil {
					return nil, fail(api.CodeInvalid, "there is no method %s; run: spvctl help", shorten([]byte(name)))
				}
				listed = []Method{*m}
			}
			switch {
			case c.bool("structured"):
				return info(listed), nil
			case name != "":
				return listed[0].describe(), nil
			default:
				return overview(listed), nil
			}
		},
	}
}

// overview lists all methods, one line each.
func overview(t []Method) string {
	var b strings.Builder
	for i := range t {
		fmt.Fprintf(&b, "%s\n", t[i].synopsis())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// describe explains a method.
func (m *Method) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.synopsis(), m.Summary)
	if m.Help != "" {
		fmt.Fprintf(&b, "%s\n", m.Help)
	}
	if limits := m.limits(); limits != "" {
		fmt.Fprintf(&b, "%s\n", limits)
	}
	for i, p := range m.Params {
		if i == 0 {
			b.WriteString("\nParameters:\n")
		}
		fmt.Fprintf(&b, "%d. %s (%s%s) %s\n", i+1, p.name, p.kind, p.presence(), p.text)
	}
	fmt.Fprintf(&b, "\nResult: %s\n", m.Result)
	fmt.Fprintf(&b, "\nExample: {\"jsonrpc\":\"1.0\",\"method\":%q,\"params\":%s,\"id\":1}", m.Name, m.Example)
	return b.String()
}

// limits names the clients that cannot call the method.
func (m *Method) limits() string {
	var list []string
	if !m.Reads {
		list = append(list, "The read-only user may not call it.")
	}
	if scopeOf(m.Name) == ofDaemon {
		list = append(list, "Users of single wallets may not call it.")
	}
	if m.Reads && m.Websocket {
		list = append(list, "It exists on websockets only.")
	}
	return strings.Join(list, " ")
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
func info(t []Method) []api.MethodInfo {
	infos := make([]api.MethodInfo, len(t))
	for i, m := range t {
		infos[i] = api.MethodInfo{
			Name:    m.Name,
			Summary: m.Summary,
			Help:    m.Help,
			Params:  make([]api.ParamInfo, len(m.Params)),
			Result:  m.Result,
			Example: json.RawMessage(m.Example),

			Reads:     m.Reads,
			OfWallets: scopeOf(m.Name) != ofDaemon,
			Websocket: m.Websocket,
		}
		for j, p := range m.Params {
			infos[i].Params[j] = api.ParamInfo{
				Name: p.name, Type: p.kind.String(), Text: p.text, Optional: p.optional, Default: p.def,
			}
		}
	}
	return infos
}

func discover() Method {
	return Method{
		Name:    "rpc.discover",
		Reads:   true,
		Summary: "Describes all methods for programs, as an OpenRPC document.",
		Help:    "The same document is docs/openrpc.json.",
		Result:  "an OpenRPC document",
		Returns: []any{map[string]any{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return describeAll(c.methods, c.Version.VersionString)
		},
	}
}
