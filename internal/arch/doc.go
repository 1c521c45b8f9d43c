// Package arch holds the structure of the project: which room may import which, and the rules
// that keep the rooms easy to reason about. Its test reads the sources of the whole
// repository and fails with the line that breaks a rule and the reason for the rule.
//
// The rules are one table in rules.go; the arrows between the rooms are one table in
// arrows.go. Every rule also has to find its fault in a small bad tree in testdata, marked
// there with "want" comments, so that no rule can decay into one that never fires.
//
// The checks read syntax, not compiled packages: they take a second, need only the sources,
// and see files of every operating system. A fault that they cannot see, such as a table that
// is passed to a function that changes it, is left to review.
package arch
