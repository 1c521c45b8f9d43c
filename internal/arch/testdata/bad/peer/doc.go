/*
Peers are documented with the wrong words.
Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

# Line

Line
*/
package peer
