// Package rows reads and writes rows of a wallet's file: the fields of a key or value, and
// sorted tables of rows whose keys come in any order.
//
// It knows the form of rows, and nothing of what they mean: the buckets and tables are those
// of the packages that import it. A row that has not exactly the form it should have is an
// [ErrCorrupt], never a panic.
//
// A [Row] and a [Table] belong to one transaction of the file and one goroutine. Bytes that
// they return are valid within the transaction; texts and tails are copies.
//
// Read row.go with chain.go, then table.go with walk.go: a table is a log-structured merge
// tree of runs, because a B+tree writes a page for each key that comes in no order.
package rows
