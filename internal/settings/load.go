package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/regular"
	"github.com/spvd/spvd/internal/usage"
)

// EnvPrefix begins the names of environment variables that are settings; the
// rest is the flag in upper case.
const EnvPrefix = "SPVD_"

// byteOrderMark is what some editors put in front of a text file.
const byteOrderMark = "\xef\xbb\xbf"

// Load reads the settings from all sources. With --version it does not read the file,
// so that a broken one does not hide the version. The error is for the user, and a
// *flags.Error of type ErrHelp if the user asked for help.
func Load(args, environ []string) (*Config, error) {
	// Command line and environment say where the file is. The file is read first all the
	// same, because they have precedence.
	cfg := Default()
	parser := newParser(cfg)
	if err := readAbove(parser, args, environ); err != nil {
		return nil, err
	}
	if cfg.Version {
		return cfg, nil
	}
	name, required := cfg.File(), cfg.ConfigFile != ""

	cfg = Default()
	parser = newParser(cfg)
	if err := readFile(parser, name, required); err != nil {
		return nil, err
	}
	if err := readAbove(parser, args, environ); err != nil {
		return nil, err
	}
	return cfg, cfg.validate()
}

func newParser(cfg *Config) *flags.Parser {
	p := flags.NewNamedParser("spvd", flags.HelpFlag|flags.PassDoubleDash|flags.AllowBoolValues)
	if _, err := p.AddGroup(optionGroup, "", cfg); err != nil {
		panic("spvd: " + err.Error()) // the tags of config are wrong
	}
	return p
}

// optionGroup is the name of the options in --help, and of the one section
// that a configuration file may have.
const optionGroup = "Application Options"

// readAbove reads the settings with precedence over the file.
func readAbove(p *flags.Parser, args, environ []string) error {
	if err := readEnvironment(p, environ); err != nil {
		return err
	}
	rest, err := p.ParseArgs(args)
	if err != nil {
		return usage.Explain(err, p)
	}
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	return nil
}

// readEnvironment reads each variable as if it were on the command line. Empty variables
// count as unset, repeatable options have values separated by commas, and an unknown variable
// is an error like an unknown key of the file: it may be misspelled.
func readEnvironment(p *flags.Parser, environ []string) error {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		flag, ours := strings.CutPrefix(name, EnvPrefix)
		opt := findOption(p, strings.ToLower(flag), "no-env")
		switch {
		case !ours || value == "" || ofPlatform(flag) || ofClient(flag):
			continue
		case opt == nil || flag != strings.ToUpper(flag):
			return fmt.Errorf("environment variable %s: there is no such setting%s", name, usage.DidYouMean(EnvPrefix, flag, upper(usage.Flags(p))))
		}
		values := []string{value}
		if reflect.TypeOf(opt.Value()).Kind() == reflect.Slice {
			values = strings.Split(value, ",")
		}
		var args []string
		for _, v := range values {
			args = append(args, "--"+opt.LongName+"="+v)
		}
		if _, err := p.ParseArgs(args); err != nil {
			return fmt.Errorf("environment variable %s: %w", name, usage.Explain(err, p))
		}
	}
	return nil
}

// upper returns names in upper case.
func upper(names []string) []string {
	for i, name := range names {
		names[i] = strings.ToUpper(name)
	}
	return names
}

// ofPlatform reports whether a variable, without its prefix, is one that a container
// platform sets for a service that is called spvd (Kubernetes: environment variables of
// services).
func ofPlatform(name string) bool {
	return name == "PORT" || name == "SERVICE_HOST" || name == "SERVICE_PORT" ||
		strings.HasPrefix(name, "SERVICE_PORT_") || strings.HasPrefix(name, "PORT_")
}

// ofClient reports whether a variable, without its prefix, sets an option that spvctl alone has: both
// programs are started from the same shell.
func ofClient(name string) bool {
	return slices.Contains([]string{"RPCSERVER", "WALLET", "CLIENTCERT", "CLIENTKEY", "JSON"}, name)
}

// readFile reads the configuration file. A missing file is an error only if required.
func readFile(p *flags.Parser, name string, required bool) error {
	content, err := regular.Read(name)
	if !required && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	content = bytes.TrimPrefix(content, []byte(byteOrderMark))
	if err := checkKeys(p, name, content); err != nil {
		return err
	}
	err = flags.NewIniParser(p).Parse(bytes.NewReader(content))
	var at *flags.IniError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d: %s", name, at.LineNumber, usage.ExplainLine(at, content, p))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkKeys returns an error with the first line whose section or key does not exist. The INI
// parser would accept the names of Go fields, and does not report the line of an unknown
// section.
func checkKeys(p *flags.Parser, name string, content []byte) error {
	n := 0
	for line := range strings.Lines(string(content)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			if line != "["+optionGroup+"]" {
				return fmt.Errorf("%s:%d: unknown section %s", name, n, line)
			}
			continue
		}
		key, _, assigned := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !assigned {
			return fmt.Errorf("%s:%d: not of the form name = value", name, n)
		}
		if findOption(p, key, "no-ini") == nil {
			return fmt.Errorf("%s:%d: unknown option %q%s", name, n, key, usage.DidYouMean("", key, usage.Flags(p)))
		}
	}
	return nil
}

// findOption returns the option of a long name, or nil if there is none or it
// carries the tag.
func findOption(p *flags.Parser, name, unlessTag string) *flags.Option {
	opt := p.Group.Find(optionGroup).FindOptionByLongName(name)
	if opt == nil || opt.Field().Tag.Get(unlessTag) != "" {
		return nil
	}
	return opt
}
