// Package disclosure counts which client learnt something about which person (GDPR Art. 15 (1) (c)), and lists it.
// Counts are kept in memory first and stored every few seconds.
package disclosure
