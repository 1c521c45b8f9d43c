// Package regular reads the files that settings of the daemon name, and replaces those that it writes
// for other programs.
//
// It guarantees that only regular files are opened: to open a named pipe would wait until
// something writes to it, and a device may never end. A symbolic link to a regular file is
// followed: certificates are often such links. The null device counts as an empty file.
package regular
