// Package webhook makes and sends one delivery of a webhook. It knows no database: which messages are due, in which order, and what was
// answered before, its caller knows.
//
// A [Message] is a CloudEvent 1.0. It is signed with one or two secrets as Standard Webhooks has it. A [Client] sends it once by
// [Client.Deliver], and refuses addresses that are not public. What came back is an [Answer] with an [Outcome] of a closed list. [Next] says
// from it when to try again, and when to stop.
//
// Delivery is at least once: an answer may be lost or come too late after the receiver took the message. Each attempt has the id of its
// message, by which receivers drop what they have seen.
//
// Specifications: Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), CloudEvents 1.0.2 with its JSON format and HTTP binding. What
// a receiver gets is described in docs/webhooks.md.
package webhook
