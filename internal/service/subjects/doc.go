// Package subjects finds what is held about an address: the keys of its forms (exact, folded, domains, confirmation mails) under every
// version of the digest key, and the states that a source has under them.
package subjects
