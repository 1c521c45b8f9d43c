// Package manual writes manual pages in the man macros of troff.
//
// The programs describe their options in one table, and their commands in plain text for a
// terminal: a page is made of these, and of sections that only a page has. Text is filled to
// the width of the reader's terminal, examples and terms are set as they are.
package manual
