// Package process runs the parts of a benchmark in processes of their own, so that
// each has nothing else in its memory and its processor time. All are the same
// program, which [Main] starts: a part is a role that the first argument names, and
// its work is the second, in JSON.
package process
