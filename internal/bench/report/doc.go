// Package report writes what was measured as tables in Markdown.
package report
