// Package seeds asks seeders, which are HTTPS servers that know many nodes, for addresses of
// full nodes. A seeder that lies costs little: its answer is bounded, and its addresses are
// like those that a peer announces.
//
// It connects with the Dial of its client alone, looks up no names and starts no goroutines.
// Read client.go.
package seeds
