// Package client asks a server of Assent whether an address may be contacted, and records what people say about it.
//
// # Connect
//
// One [Client] for a program is enough: its goroutines share one connection. [New] takes host:port and options. To this machine the connection
// is plain text, to all others TLS, unless an option says otherwise. A [Key] never prints itself; it comes from a text ([ParseKey]), a file
// ([ReadKeyFile]), or a function that is asked before each call ([WithKeySource]), so that a key can be rotated while the program runs.
// Nothing is read from the environment unless [FromEnv] is called, which knows the variables of the command line.
//
// # Ask before each message
//
// [Client.Check] asks about one address, [Client.CheckAll] about as many as an iterator gives. A DENY is an answer and never an error. Send
// only if [Decision.MaySend] says so. It is true for one thing alone: an ALLOW that was made for sending. It is false for a DENY, for a DEFER, for
// an answer about the past, and for the zero Decision that stands beside an error, so a program that overlooks an error sends nothing.
//
// An ALLOW holds until its ValidUntil, some minutes later. A message that waits longer is checked again; [Decision.MaySendAt] helps with that.
//
// # Record
//
// [Client.Grant], [Client.Withdraw], [Client.Suppress] and [Client.Lift] record one fact; [Client.Record] records up to 10,000 events of the past.
// A withdrawal that returned without an error is durable: no later check allows what it refused. The requests are those of the API, package
// assentv1, for they are documented there field by field.
//
// # All other calls
//
// A Client is a [google.golang.org/grpc.ClientConnInterface]. Every generated client can be made of it, such as
// assentv1.NewHistoryServiceClient(c), and has the deadlines, retries and errors of this package.
//
// # Errors
//
// Each call that fails has an [*Error], with the code of gRPC, the reason of the server, the field, and the id under which the log of the server
// has the call. errors.Is(err, [ErrUnreachable]) tells a server that is away from one that refuses.
//
// # Retries
//
// A call is made again when the server was away (UNAVAILABLE), or when it had no room and said when to come back (RESOURCE_EXHAUSTED with
// RetryInfo). After any other error it is not, for another try would change nothing or may do harm. It must also be safe to repeat:
//
//   - a read is;
//   - a write is if it has a request id: the server records it once and gives each repetition the first answer, for seven days. A write
//     without one gets one here, once for all its tries, as every request of the API with a field request_id does. To make a write safe across a
//     restart of the program, too, choose the id, keep it with the fact, and set it in the request;
//   - all else, such as the creation of a client, is made once. So is a call with the option [Once].
//
// Pauses are random and grow up to five seconds. There are ten retries, which take about 25 seconds ([WithRetries], [WithPauses]). All of it ends
// with the context of the call: give it a deadline where that is too long. What a write has come to after an error is not known; repeat it
// under the same request id. [Client.CheckAll] goes on after a restart of the server, and gives each result once and in order.
package client
