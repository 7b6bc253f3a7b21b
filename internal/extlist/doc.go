// Package extlist reads external lists, such as the Austrian ECG list, and looks addresses up in them. Such a list holds digests of addresses
// and domains, never addresses. The package is pure: bytes in, sets of digests and answers out.
//
// The stored bytes of a version ([Read], [Parse]) are digests in ascending order, each once. They are what a version is identified by.
package extlist
