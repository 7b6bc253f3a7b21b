// Package check answers whether an address may be contacted: from the index in memory behind a fence, or from the store. It is the most
// called use case; a check allocates next to nothing.
package check
