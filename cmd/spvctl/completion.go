package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

// wordsArgument makes the completion command print the words that may stand in place of a
// command.
const wordsArgument = "words"

func completionCommand() command {
	return command{
		name:     "completion",
		synopsis: "completion bash|zsh|fish",
		summary:  "Print a script that completes command lines.",
		help: `
  bash       source <(spvctl completion bash)
  zsh        source <(spvctl completion zsh)
  fish       spvctl completion fish | source

Methods are completed while spvd runs.
`,
		args: []string{"bash", "zsh", "fish"},
		run:  runCompletion,
	}
}

func runCompletion(ctx context.Context, in *invocation) (int, error) {
	if len(in.args) != 1 {
		return exitUsage, usagef("completion: name one of bash, zsh and fish")
	}
	switch in.args[0] {
	case "bash":
		fmt.Fprint(in.out, bashScript())
	case "zsh":
		fmt.Fprint(in.out, "autoload -U +X bashcompinit && bashcompinit\n", bashScript())
	case "fish":
		fmt.Fprint(in.out, fishScript())
	case wordsArgument:
		fmt.Fprintln(in.out, strings.Join(completionWords(ctx, in), "\n"))
	default:
		return exitUsage, usagef("completion: there is no script for %q", in.args[0])
	}
	return exitOK, nil
}

// completionWords returns the commands, and the methods of the daemon if it answers.
func completionWords(ctx context.Context, in *invocation) []string {
	var words []string
	for _, c := range commands() {
		words = append(words, c.name)
	}
	c, err := in.connect(ctx)
	if err != nil {
		return words
	}
	defer c.close()
	var infos []api.MethodInfo
	if err := c.call(ctx, helpMethod, &infos, "", true); err != nil {
		return words
	}
	for _, info := range infos {
		if !slices.Contains(words, info.Name) {
			words = append(words, info.Name)
		}
	}
	return words
}

// bashScript completes options, commands, and the words after a command. Options before the
// command are passed on, so that they choose the daemon that is asked.
func bashScript() string {
	var cases strings.Builder
	for _, c := range commands() {
		if words := append(slices.Clone(c.args), c.flags...); len(words) > 0 {
			fmt.Fprintf(&cases, "  %s) words=%q ;;\n", c.name, strings.Join(words, " "))
		}
	}
	return `_spvctl() {
  local current=${COMP_WORDS[COMP_CWORD]} i command= words=
  local options=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    ` + strings.Join(valueOptions(), "|") + `) options+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}"); i=$((i + 1)) ;;
    -*) options+=("${COMP_WORDS[i]}") ;;
    *) command=${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
  "")
    case $current in
    -*) words="` + strings.Join(optionNames(), " ") + `" ;;
    *) words=$(spvctl "${options[@]}" completion ` + wordsArgument + ` 2>/dev/null) ;;
    esac ;;
  help) words=$(spvctl "${options[@]}" completion ` + wordsArgument + ` 2>/dev/null) ;;
` + cases.String() + `  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _spvctl spvctl
`
}

// fishScript does the same for fish.
func fishScript() string {
	var b strings.Builder
	for _, o := range publicOptions() {
		fmt.Fprintf(&b, "complete -c spvctl -l %s -d %q\n", o.LongName, o.Description)
	}
	fmt.Fprintf(&b, "complete -c spvctl -f -n __fish_use_subcommand -a '(spvctl completion %s 2>/dev/null)'\n", wordsArgument)
	for _, c := range commands() {
		for _, word := range c.args {
			fmt.Fprintf(&b, "complete -c spvctl -f -n '__fish_seen_subcommand_from %s' -a %s\n", c.name, word)
		}
		for _, flag := range c.flags {
			fmt.Fprintf(&b, "complete -c spvctl -f -n '__fish_seen_subcommand_from %s' -l %s\n", c.name, strings.TrimPrefix(flag, "--"))
		}
	}
	return b.String()
}
