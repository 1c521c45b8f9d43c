package settings

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/jessevdk/go-flags"
)

// commentWidth is the width that descriptions are wrapped to.
const commentWidth = 78

// writeSample writes a configuration file that explains every setting and
// changes none.
func writeSample(w io.Writer) {
	fmt.Fprintln(w, "; Settings of spvd. Every line here is commented out and shows the default, or")
	fmt.Fprintln(w, "; the form of a value where there is none. Command line flags of the same name")
	fmt.Fprintln(w, "; and SPVD_* environment variables have precedence over this file.")
	for _, opt := range fileOptions(Default()) {
		fmt.Fprintln(w)
		writeDescription(w, opt.Description)
		values := optionValues(opt)
		if _, machine := opt.Value().(Path); machine || len(values) == 0 {
			values = []string{opt.ValueName}
		}
		for _, v := range values {
			fmt.Fprintf(w, "; %s = %s\n", opt.LongName, v)
		}
	}
}

// WriteSettings writes the settings in effect as a configuration file. Secrets are left out,
// because the output is meant to be shown to others.
func WriteSettings(w io.Writer, cfg *Config) {
	for _, opt := range fileOptions(cfg) {
		values := optionValues(opt)
		switch {
		case len(values) == 0:
			fmt.Fprintf(w, "; %s =\n", opt.LongName)
		case opt.Field().Tag.Get("secret") != "":
			fmt.Fprintf(w, "; %s = (set, not shown)\n", opt.LongName)
		default:
			for _, v := range values {
				fmt.Fprintf(w, "%s = %s\n", opt.LongName, v)
			}
		}
	}
}

// fileOptions returns the options a configuration file may set, in order.
func fileOptions(cfg *Config) []*flags.Option {
	var out []*flags.Option
	for _, opt := range newParser(cfg).Group.Find(optionGroup).Options() {
		if !opt.Hidden && opt.Field().Tag.Get("no-ini") == "" {
			out = append(out, opt)
		}
	}
	return out
}

// optionValues returns the values of an option as a file holds them; none when
// it is empty.
func optionValues(opt *flags.Option) []string {
	v := reflect.ValueOf(opt.Value())
	if v.Kind() != reflect.Slice {
		if s := fmt.Sprint(v); s != "" {
			return []string{quoted(s)}
		}
		return nil
	}
	var out []string
	for i := range v.Len() {
		out = append(out, quoted(fmt.Sprint(v.Index(i))))
	}
	return out
}

// quoted returns a value, in quotes if the file needs them.
func quoted(s string) string {
	if strings.TrimSpace(s) != s || strings.HasPrefix(s, `"`) || strings.ContainsAny(s, "\r\n") {
		return strconv.Quote(s)
	}
	return s
}

func writeDescription(w io.Writer, text string) {
	line := ";"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > commentWidth {
			fmt.Fprintln(w, line)
			line = ";"
		}
		line += " " + word
	}
	fmt.Fprintln(w, line)
}
