// Package recipient is what a person sees and does by a link in a message: one click, the page with its actions, the confirmation of a double
// opt-in, and that it was not they who asked for it. The token of the link is the only credential. So a link shows little. By it a person can
// say no, pause, get less, complain, and ask what is held about them. Three acts permit something again, and no more than was permitted before: keep,
// which ends a deferral that a click on an old link began; resume, which ends a pause that was made by a link; and as often as before, which ends a
// limit that was set by a link. A confirmation needs the token of its own mail.
package recipient
