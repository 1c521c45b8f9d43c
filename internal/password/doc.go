// Package password makes hashes of passwords for configuration files, and compares passwords with
// them. A hash does not tell the password, and to find it by trying takes 600,000 rounds of
// HMAC-SHA256 for each attempt (PBKDF2, RFC 8018).
//
// The package starts no goroutines and keeps nothing. Read password.go.
package password
