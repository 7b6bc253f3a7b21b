// Package recipient is what a person sees and does by a link in a message: one click, the page with its actions, the confirmation of a double
// opt-in, and that it was not they who asked for it. The token of the link is the only credential. So a link shows little, and by it a person
// can say no, pause, and take back a pause; nothing that it does permits anything that was not permitted before.
package recipient
