// Package wording says in words, in English and German, what an answer to a person has in numbers and codes: periods, times and countries.
package wording
