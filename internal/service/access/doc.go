// Package access knows the clients: which caller an API key belongs to, and what that caller may do under a head. A key that was revoked
// ends with the first head that a call reads.
package access
