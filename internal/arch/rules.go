package arch

// Rule is one property of the sources.
type Rule struct {
	Name  string
	Why   string
	Check func(*Tree) []Finding
}

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{
		{
			Name:  "arrows",
			Why:   "data flows one way: a lower room holds no reference upward (see the table in arrows.go)",
			Check: checkArrows,
		},
		{
			Name:  "docs",
			Why:   "a newcomer reads doc.go first: what the package is, guarantees and owns",
			Check: checkDocs,
		},
		{
			Name:  "names",
			Why:   "a package or file is named for the thing in it; these names hold anything",
			Check: checkNames,
		},
		{
			Name:  "sleep",
			Why:   "a sleeping test is slow or flaky: use testing/synctest or wait for the event",
			Check: checkSleep,
		},
		{
			Name:  "wait",
			Why:   "a timer that is due before its receiver blocks crashes the race detector in a bubble: use internal/wait",
			Check: checkWait,
		},
		{
			Name:  "go",
			Why:   "every goroutine is joined by its owner: use errgroup or sync.WaitGroup.Go",
			Check: checkGo,
		},
		{
			Name:  "locked",
			Why:   "the lock that a method needs is seen where it is called: mu guards the fields below it",
			Check: checkLocked,
		},
		{
			Name:  "errors",
			Why:   "a program that embeds the client handles errors by docs/errors.md, which has them all",
			Check: checkErrors,
		},
		{
			Name:  "exported",
			Why:   "what a package exports has to be kept: another room or an example needs each name",
			Check: checkExported,
		},
		{
			Name:  "case",
			Why:   "two types whose names differ by case only are one word to a reader",
			Check: checkCase,
		},
		{
			Name:  "screens",
			Why:   "what a package offers is read at once: go doc shows it on two screens",
			Check: checkScreens,
		},
		{
			Name:  "vars",
			Why:   "state lives in values that have an owner: package variables never change",
			Check: checkVars,
		},
	}
}
