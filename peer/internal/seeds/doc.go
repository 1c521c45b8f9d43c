// Package seeds asks seeders, which are HTTPS servers that know many nodes, for addresses of
// full nodes. A seeder that lies costs little: its answer is bounded, and its addresses are
// like those that a peer announces.
//
// It connects with the Dial that it is given, and looks up no names. An [Asker] asks all seeders
// whenever package dialing decides so; its Run owns one goroutine per seeder while these are asked.
// Read client.go, then asker.go.
package seeds
