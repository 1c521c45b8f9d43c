package main

import "os"

// owned is true: files have no modes that tell of other users.
func owned(os.FileInfo) bool { return true }
