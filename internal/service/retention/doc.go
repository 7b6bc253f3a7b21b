// Package retention removes what the policy of the catalog does not keep any longer, and records what it removed.
package retention
