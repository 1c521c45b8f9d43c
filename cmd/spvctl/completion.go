package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// wordsArgument makes the completion command print what can stand in the place of the last word
// of a command line, which follows without its first word, and with lineEnd behind it.
const wordsArgument = "words"

// lineEnd ends a command line, whose own last word may be --help, or empty.
const lineEnd = "."

// completionTime bounds the time that the daemon has to answer while a user waits for a
// completion.
const completionTime = 2 * time.Second

func completionCommand() command {
	return command{
		name:     "completion",
		synopsis: "completion bash|zsh|fish",
		summary:  "Print a script that completes command lines.",
		help: `
  bash       source <(spvctl completion bash)
  zsh        source <(spvctl completion zsh)
  fish       spvctl completion fish | source

Methods, and the names of wallets, accounts and jobs, are completed while spvd runs.
`,
		args:     []string{"bash", "zsh", "fish"},
		verbatim: true,
		run:      runCompletion,
	}
}

func runCompletion(ctx context.Context, in *invocation) (int, error) {
	if len(in.args) > 1 && in.args[0] == wordsArgument && in.args[len(in.args)-1] == lineEnd {
		for _, w := range completionWords(ctx, in, in.args[1:len(in.args)-1]) {
			fmt.Fprintln(in.out, w)
		}
		return exitOK, nil
	}
	if len(in.args) != 1 {
		return exitUsage, usagef("completion: name one of bash, zsh and fish")
	}
	script, ok := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[in.args[0]]
	if !ok {
		return exitUsage, usagef("completion: there is no script for %q", in.args[0])
	}
	_, err := io.WriteString(in.drawing(), script)
	return exitOK, err
}

// completionWords returns what can stand in the place of the last word of a line: words, some
// with a tab and a description. It returns none where a file or a value of the user is due.
func completionWords(ctx context.Context, in *invocation, line []string) []string {
	if len(line) == 0 {
		return nil
	}
	line, current := line[:len(line)-1], line[len(line)-1]
	if current == "=" { // bash makes three words of --wallet=NAME
		current = ""
	}
	line = slices.DeleteFunc(slices.Clone(line), func(w string) bool { return w == "=" })
	n := 0 // of the words before the command
	for n < len(line) && strings.HasPrefix(line[n], "-") {
		if slices.Contains(valueOptions(), line[n]) {
			n++
		}
		n++
	}
	options, last := line[:min(n, len(line))], ""
	if n > len(line) { // the value of an option is due
		options, last = line[:len(line)-1], line[len(line)-1]
	}
	var words []string
	switch asked := (&asked{in: in, options: options}); {
	case last == "--wallet" || last == "-w":
		words = asked.names(ctx, walletNames)
	case last != "":
	case n == len(line) && strings.HasPrefix(current, "-"):
		words = describedOptions()
	case n == len(line):
		words = asked.commands(ctx)
	default:
		words = asked.parameters(ctx, find(line[n]), line[n+1:], current)
	}
	return slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(w, current) })
}

// describedOptions returns the options with their descriptions.
func describedOptions() []string {
	var words []string
	for _, o := range publicOptions() {
		words = append(words, "--"+o.LongName+"\t"+o.Description)
	}
	return append(words, "--help\tPrint options and commands")
}

// nameKind is a kind of names that the daemon has.
type nameKind int

const (
	noNames nameKind = iota
	walletNames
	accountNames
	jobNames
)

// firstAccount is the names of a command whose one parameter is an account.
func firstAccount(words []string) nameKind {
	if len(words) == 0 {
		return accountNames
	}
	return noNames
}

// asked is the daemon that a line names, which is asked for names.
type asked struct {
	in      *invocation
	options []string // of the line
}

// commands returns the commands, and the methods of the daemon if it answers.
func (a *asked) commands(ctx context.Context) []string {
	var words, known []string
	for _, c := range commands() {
		words = append(words, c.name+"\t"+c.summary)
		known = append(known, c.name)
	}
	for _, info := range ask[[]api.MethodInfo](ctx, a, helpMethod, "", true) {
		if !slices.Contains(known, info.Name) {
			words = append(words, info.Name)
		}
	}
	return words
}

// parameters returns what can follow a command and words after it.
func (a *asked) parameters(ctx context.Context, c command, words []string, current string) []string {
	if c.name == helpMethod && len(words) == 0 {
		return a.commands(ctx)
	}
	if strings.HasPrefix(current, "-") {
		return append(slices.Clone(c.flags), "--help")
	}
	if len(words) > 0 && words[len(words)-1] == "--account" {
		return a.names(ctx, accountNames)
	}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, "-") })
	var found []string
	if len(words) == 0 {
		found = slices.Clone(c.args)
	}
	if c.names != nil {
		found = append(found, a.names(ctx, c.names(words))...)
	}
	return found
}

// names returns the names of a kind.
func (a *asked) names(ctx context.Context, kind nameKind) []string {
	var names []string
	switch kind {
	case walletNames:
		for _, w := range ask[api.WalletDir](ctx, a, "listwalletdir").Wallets {
			names = append(names, w.Name)
		}
	case accountNames:
		for _, account := range ask[api.WalletInfo](ctx, a, walletInfoMethod).Accounts {
			names = append(names, account.Name)
		}
	case jobNames:
		for _, j := range ask[[]api.Job](ctx, a, "listjobs") {
			names = append(names, fmt.Sprintf("%d\t%s", j.ID, j.State))
		}
	}
	return names
}

// ask returns the answer of the daemon to a call, and nothing if it does not answer soon: a
// completion shows no errors.
func ask[T any](ctx context.Context, a *asked, method string, params ...any) T {
	var none, answer T
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	opts := *a.in.opts // with those of the environment
	p, _, err := newParser(&opts)
	if err != nil {
		return none
	}
	if _, err := p.ParseArgs(a.options); err != nil {
		return none
	}
	c, err := (&invocation{console: a.in.console, opts: &opts}).connect(ctx)
	if err != nil {
		return none
	}
	defer c.close()
	if err := c.call(ctx, method, &answer, params...); err != nil {
		return none
	}
	return answer
}

// The scripts ask spvctl itself, and complete files where it knows nothing.

const bashScript = `_spvctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$(printf %q "${line%%$'\t'*}")")
  done < <("${COMP_WORDS[0]}" completion words "${COMP_WORDS[@]:1:COMP_CWORD}" . 2>/dev/null)
}
complete -o default -F _spvctl spvctl
`

const zshScript = `#compdef spvctl
_spvctl() {
  local line
  local -a names texts
  for line in "${(@f)$("$words[1]" completion words "${(@)words[2,CURRENT]}" . 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    names+=("${line%%$'\t'*}")
    texts+=("${line/$'\t'/ -- }")
  done
  if (( $#names )); then
    compadd -l -d texts -a names
  else
    _files
  fi
}
if [[ $funcstack[1] == _spvctl ]]; then
  _spvctl "$@"
else
  compdef _spvctl spvctl
fi
`

const fishScript = `function __spvctl_words
    set -l words (commandline -opc) (commandline -ct)
    set -l found (command $words[1] completion words $words[2..] . 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path $words[-1]
    end
end
complete -c spvctl -f -a '(__spvctl_words)'
`
