// Package reference caches what the head of the store refers to: the names behind the numbers in packed states, the versions of the
// catalog, and the rules made of them. All of it never changes, so it is read once; what is of another history is read anew.
package reference
