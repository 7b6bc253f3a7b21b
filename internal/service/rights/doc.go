// Package rights is what a person, or an officer for one, may ask for: erasure (GDPR Art. 17), a change of address (Art. 16), legal holds,
// and leaving out what was recorded by mistake.
package rights
