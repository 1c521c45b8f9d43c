package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/password"
	"github.com/spvd/spvd/internal/usage"
)

// envPrefix begins the names of the environment variables for flags, as for the daemon.
const envPrefix = "SPVD_"

// settings are common to the command line and the daemon's configuration file. Of the file
// only these keys are read.
type settings struct {
	AppData  path   `short:"A" long:"appdata" value-name:"DIR" description:"Data directory of the daemon"`
	TestNet  bool   `long:"testnet" description:"Talk to the daemon of the test network"`
	SimNet   bool   `long:"simnet" description:"Talk to the daemon of the simulation network"`
	Username string `short:"u" long:"username" value-name:"NAME" description:"User name (default: that of the configuration file, else the cookie)"`
	Password string `short:"P" long:"password" value-name:"SECRET" description:"Password"`
	RPCUser  string `long:"rpcuser" hidden:"yes"`
	RPCPass  string `long:"rpcpass" hidden:"yes"`
	RPCCert  path   `short:"c" long:"rpccert" value-name:"FILE" description:"Certificate of the daemon (default: rpc.cert in the data directory)"`
	NoTLS    bool   `long:"notls" description:"Connect in plain text"`
}

// options is the command line before the command.
type options struct {
	settings
	ConfigFile path   `short:"C" long:"configfile" value-name:"FILE" description:"Configuration file of the daemon (default: spvd.conf in the data directory; without a directory of yours, /etc/spvd/spvd.conf of the installed daemon)"`
	RPCServer  string `short:"s" long:"rpcserver" value-name:"HOST[:PORT]" description:"Where the daemon is (default: localhost)"`
	Wallet     string `short:"w" long:"wallet" value-name:"NAME" description:"Wallet that the command is about (default: the one called default)"`
	ClientCert path   `long:"clientcert" value-name:"FILE" description:"Certificate to present to the daemon in place of a password"`
	ClientKey  path   `long:"clientkey" value-name:"FILE" description:"Key of the certificate to present"`
	JSON       bool   `long:"json" description:"Print results as JSON"`
	Version    bool   `short:"V" long:"version" description:"Print the version and exit"`

	// start is the command that starts the daemon with the options that concern it. complete sets it.
	start string

	// system is where the configuration of an installed daemon may be.
	system []path
}

// file is the part of the daemon's configuration file that concerns clients.
type file struct {
	settings
	RPCListen []string `long:"rpclisten"`
}

// parseOptions returns the options, and the words from the command on. Flags take precedence
// over the environment.
func parseOptions(args, environ []string) (*options, []string, error) {
	opts := options{system: systemFiles()}
	p, g, err := newParser(&opts)
	if err != nil {
		return nil, nil, err
	}
	var fromEnv []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		flag, ours := strings.CutPrefix(name, envPrefix)
		flag = strings.ToLower(flag)
		if ours && value != "" && flag != "version" && g.FindOptionByLongName(flag) != nil {
			fromEnv = append(fromEnv, "--"+flag+"="+value)
		}
	}
	words, err := p.ParseArgs(append(fromEnv, args...))
	if err == nil && len(words) > 0 {
		words, err = parseBehind(p, g, words)
	}
	err = usage.Explain(err, p)
	return &opts, words, err
}

// parseBehind parses the options that stand behind the command, and returns the other words. A flag
// that the command has, too, is the command's; behind -- there are none, nor behind a command whose
// words are verbatim.
func parseBehind(p *flags.Parser, g *flags.Group, words []string) ([]string, error) {
	named := find(words[0])
	if named.verbatim {
		return words, nil
	}
	rest := []string{words[0]}
	var ours []string
	for i := 1; i < len(words); i++ {
		name, _, valued := strings.Cut(words[i], "=")
		opt := optionOf(g, name)
		switch {
		case words[i] == "--":
			rest = append(rest, words[i:]...)
			i = len(words)
		case opt == nil || slices.Contains(named.flags, "--"+opt.LongName):
			rest = append(rest, words[i])
		default:
			ours = append(ours, words[i])
			_, isSwitch := opt.Value().(bool)
			if !valued && !isSwitch && i+1 < len(words) {
				i++
				ours = append(ours, words[i])
			}
		}
	}
	if len(ours) == 0 {
		return rest, nil
	}
	_, err := p.ParseArgs(ours)
	return rest, err
}

// optionOf returns the option of a flag with its dashes, nil if there is none.
func optionOf(g *flags.Group, flag string) *flags.Option {
	if long, ok := strings.CutPrefix(flag, "--"); ok {
		return g.FindOptionByLongName(long)
	}
	if short, ok := strings.CutPrefix(flag, "-"); ok && len(short) == 1 {
		for _, o := range g.Options() {
			if string(o.ShortName) == short {
				return o
			}
		}
	}
	return nil
}

// startCommand returns the command that starts the daemon that the options are about.
func (o *options) startCommand() string {
	words := []string{"spvd"}
	for _, flag := range []struct {
		name  string
		given bool
		value path
	}{
		{"--configfile", o.ConfigFile != "", o.ConfigFile}, {"--appdata", o.AppData != "", o.AppData},
		{"--testnet", o.TestNet, ""}, {"--simnet", o.SimNet, ""}, {"--notls", o.NoTLS, ""},
	} {
		if flag.given {
			words = append(words, flag.name)
		}
		if flag.value != "" {
			words = append(words, shellWord(string(flag.value)))
		}
	}
	return strings.Join(words, " ")
}

// shellWord returns a text as one word for a shell.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+=:,@~", r)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// newParser returns a parser that fills in opts, and the group of its options.
func newParser(opts *options) (*flags.Parser, *flags.Group, error) {
	p := flags.NewNamedParser("spvctl", flags.HelpFlag|flags.PassDoubleDash|flags.PassAfterNonOption|flags.AllowBoolValues)
	p.Usage = "[options] COMMAND [parameters]"
	g, err := p.AddGroup("Options", "", opts)
	if err != nil {
		return nil, nil, fmt.Errorf("describe options: %w", err)
	}
	return p, g, nil
}

// complete sets, from the configuration file, what neither flags nor environment have set,
// and the default directory. It returns the addresses on which the daemon listens according
// to the file. The installed daemon's file may be for others: with a password of the options it is
// not needed.
func (o *options) complete() ([]string, error) {
	at := o.place()
	o.start = at.start
	f, err := readFile(at.config, o.ConfigFile != "")
	switch {
	case at.system && errors.Is(err, fs.ErrPermission) && (o.user() != "" || o.ClientCert != ""):
		f = &file{}
	case err != nil:
		return nil, access(string(at.config), err)
	}
	o.AppData = o.AppData.or(f.AppData).or(at.data)
	o.RPCCert = o.RPCCert.or(f.RPCCert)
	o.NoTLS = o.NoTLS || f.NoTLS
	if !o.TestNet && !o.SimNet {
		o.TestNet, o.SimNet = f.TestNet, f.SimNet
	}
	if o.user() == "" && o.secret() == "" {
		o.Username, o.Password = f.user(), f.secret()
		if hashed, _ := password.IsHash(o.Password); hashed { // the cookie is for us
			o.Username, o.Password = "", ""
		}
	}
	return f.RPCListen, nil
}

// The names of options of the daemon's predecessors set ours.

func (s *settings) user() string   { return firstOf(s.Username, s.RPCUser) }
func (s *settings) secret() string { return firstOf(s.Password, s.RPCPass) }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// readFile reads the daemon's configuration file. A missing file is an error only if
// required.
func readFile(name path, required bool) (*file, error) {
	var f file
	content, err := os.ReadFile(string(name))
	if errors.Is(err, fs.ErrNotExist) && !required {
		return &f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")) // a mark that some editors write
	p := flags.NewParser(&f, flags.IgnoreUnknown|flags.AllowBoolValues)
	err = flags.NewIniParser(p).Parse(bytes.NewReader(content))
	var at *flags.IniError
	if errors.As(err, &at) {
		return nil, fmt.Errorf("%s:%d: %s", name, at.LineNumber, usage.ExplainLine(at, content, p))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &f, nil
}

// path is a file or directory the user has named; empty when unset. A leading
// ~ is the home directory.
type path string

// UnmarshalFlag implements flags.Unmarshaler.
func (p *path) UnmarshalFlag(value string) error {
	if value == "~" || strings.HasPrefix(value, "~/") || strings.HasPrefix(value, `~\`) {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("path %s: %w", value, err)
		}
		value = home + value[1:]
	}
	*p = path(value)
	return nil
}

// or returns the path, or when unset another one.
func (p path) or(other path) path {
	if p == "" {
		return other
	}
	return p
}

func (p path) join(names ...string) path {
	return path(filepath.Join(append([]string{string(p)}, names...)...))
}
