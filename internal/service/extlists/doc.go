// Package extlists keeps external lists: it stores versions of them as they are uploaded, and brings versions into force. What checks find in
// them is the matter of package extlist; which version is in force under a head, of package reference.
package extlists
