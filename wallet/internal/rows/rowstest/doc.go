// Package rowstest checks for the packages that store rows that the form of each row stays as
// it is: against golden bytes, cut off everywhere, and with random ones.
//
// It is for tests only. Read rowstest.go.
package rowstest
