// Package localhost keeps pages of other sites away from servers that listen in plain text on
// this machine only.
//
// A browser that has loaded a page under some name can be made to resolve that name to a
// loopback address; the page may then send requests to a local server as if it were on this
// machine. The Host header shows that.
package localhost
