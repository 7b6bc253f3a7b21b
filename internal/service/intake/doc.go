// Package intake decides what becomes of what comes back of messages: bounces, complaints, and mails to the address of List-Unsubscribe. Any sender
// of mail can make up a report, so one counts only with a token of ours: that of a link, or a return path for the address of the report.
// Every other is a hint, which a person accepts or dismisses. The same report twice changes nothing. Decision record 0074 says why.
package intake
