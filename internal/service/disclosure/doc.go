// Package disclosure counts which client learnt something about whom (GDPR Art. 15 (1) (c)), in memory first and stored every few
// seconds, and lists it.
package disclosure
