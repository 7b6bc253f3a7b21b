// Package recipient is what persons and mailbox providers reach by the links in messages: the page of a person, the page of a confirmation
// mail, and one click (RFC 8058). The pages need no script and no cookie; the token in their address is the only credential. GET and HEAD never
// change anything, because scanners open every link.
package recipient
