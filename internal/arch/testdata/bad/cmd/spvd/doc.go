// Command spvd is documented.
package main
