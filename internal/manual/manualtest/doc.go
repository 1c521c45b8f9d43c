// Package manualtest has manual pages judged by the programs that show them.
package manualtest
