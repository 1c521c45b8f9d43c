// Peers are documented with the wrong words.
package peer
