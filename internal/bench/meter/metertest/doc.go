// Package metertest checks the rules that divide processor time into parts.
package metertest
