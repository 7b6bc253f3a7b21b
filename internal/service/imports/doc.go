// Package imports records the lists of other tools. An import is a file, the options by which it is read, and one time for all rows without one;
// so the same file always means the same facts, and what was recorded before is recognised. Its events are one batch, which can be undone.
//
// Whatever a preset makes of a row, nothing is recorded but consents of the source import, withdrawals and suppressions: so no import ends a
// refusal, an objection or a complaint, nor narrows one.
package imports
