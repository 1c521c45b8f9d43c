package settings

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"
)

// Shell is one for which --completion prints a script.
type Shell string

// shells returns all of them.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// UnmarshalFlag implements flags.Unmarshaler.
func (s *Shell) UnmarshalFlag(value string) error {
	if !slices.Contains(shells(), value) {
		return refused("completion %q: there are scripts for %s", value, strings.Join(shells(), ", "))
	}
	*s = Shell(value)
	return nil
}

// choices returns the values that an option can have, if they are few.
func choices(o *flags.Option) []string {
	switch o.LongName {
	case "completion":
		return shells()
	case "debuglevel":
		return []string{"trace", "debug", "info", "warn", "error", "critical", "off", ShowLevels}
	case "logformat":
		return []string{"text", "json"}
	case "until":
		return []string{UntilSynced}
	}
	return nil
}

// namesFile reports whether the value of an option is a file or a directory.
func namesFile(o *flags.Option) bool {
	return o.ValueName == "FILE" || o.ValueName == "DIR" || o.ValueName == "SOURCE"
}

// WriteCompletion writes the script of a shell, which follows from the table of options.
func WriteCompletion(w io.Writer, s Shell) error {
	var options []*flags.Option
	for _, o := range newParser(Default()).Group.Find(optionGroup).Options() {
		if !o.Hidden {
			options = append(options, o)
		}
	}
	script := map[Shell]func([]*flags.Option) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[s]
	_, err := io.WriteString(w, script(options))
	return err
}

// bashScript completes options and the values of some, and files as all other values.
func bashScript(options []*flags.Option) string {
	names := []string{"--help"}
	var cases strings.Builder
	for _, o := range options {
		name := "--" + o.LongName
		names = append(names, name)
		if o.ValueName == "" || o.OptionalArgument {
			continue
		}
		if o.ShortName != 0 {
			name += "|-" + string(o.ShortName)
		}
		fmt.Fprintf(&cases, "  %s) words=%q ;;\n", name, strings.Join(choices(o), " "))
	}
	return `_spvd() {
  local current=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]} words=
  [[ $current == "=" ]] && current=
  [[ $last == "=" ]] && last=${COMP_WORDS[COMP_CWORD-2]}
  case $last in
` + cases.String() + `  *) words="` + strings.Join(names, " ") + `" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _spvd spvd
`
}

// zshScript works where it is sourced, and as a file in fpath.
func zshScript(options []*flags.Option) string {
	var specs strings.Builder
	for _, o := range options {
		text := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`, "'", `'\''`).Replace(o.Description)
		value, sign := "", ""
		if o.ValueName != "" && !o.OptionalArgument {
			action := " "
			if words := choices(o); words != nil {
				action = "(" + strings.Join(words, " ") + ")"
			} else if namesFile(o) {
				action = "_files"
			}
			sign, value = "=", ":"+strings.ReplaceAll(o.ValueName, ":", `\:`)+":"+action
		}
		fmt.Fprintf(&specs, " \\\n    '*--%s%s[%s]%s'", o.LongName, sign, text, value)
	}
	return "#compdef spvd\n_spvd() {\n  _arguments '--help[Print the options and exit]'" + specs.String() + `
}
if [[ $funcstack[1] == _spvd ]]; then
  _spvd "$@"
else
  compdef _spvd spvd
fi
`
}

// fishScript is a line for each option.
func fishScript(options []*flags.Option) string {
	b := "complete -c spvd -f\ncomplete -c spvd -l help -d 'Print the options and exit'\n"
	for _, o := range options {
		line := "complete -c spvd -l " + o.LongName
		if o.ShortName != 0 {
			line += " -s " + string(o.ShortName)
		}
		switch {
		case o.ValueName == "" || o.OptionalArgument:
		case namesFile(o):
			line += " -r -F"
		default:
			line += " -x"
		}
		if words := choices(o); words != nil {
			line += " -a '" + strings.Join(words, " ") + "'"
		}
		b += line + " -d '" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(o.Description) + "'\n"
	}
	return b
}
