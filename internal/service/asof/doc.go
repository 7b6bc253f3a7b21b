// Package asof reads the store as of a moment: now and strictly, or a time of the past, or what was known at a position.
package asof
