// Package openrpc holds what a daemon says to the OpenRPC document that it describes itself by,
// with a JSON schema library that the daemon does not use. Its test does so with the recorded
// replies, and shows that a reply without a required member is refused.
package openrpc
