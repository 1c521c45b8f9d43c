// Package unlisted is in no table.
package unlisted
