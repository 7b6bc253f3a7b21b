// Package receipts verifies the signed receipts of checks, by asking again what they answer.
package receipts
