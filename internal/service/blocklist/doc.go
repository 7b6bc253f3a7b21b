// Package blocklist says which addresses stand on the block list of a channel: those to which a refusal or a suppression stops its messages, and
// for which no later consent ended it. A file of such addresses is what tools import that cannot follow the change feed.
package blocklist
