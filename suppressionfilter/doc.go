// Package suppressionfilter answers, without a server, whether an address may be on a suppression list.
//
// A sender tool that cannot ask a server for each message, or that is not to hold a list of people, gets a file instead. The file holds no
// addresses and no hashes, but a binary fuse filter of keyed hashes: about nine bits for each entry, which do not show what was put
// in without trying addresses, and without the key not even that. Ten million entries take 11.3 MB.
//
// # What an answer means
//
// [Filter.MayContain] answers false when no entry of the file covers the address: the writer looks for every entry before it gives out a
// file. An entry that the server could not make is not in it, as of a person who was erased before the store had a list key.
// [Header].Missing counts them. Where it is above zero, and a message must not go out by mistake, ask the server for a miss as well.
//
// A miss is no permission either. A list says who must not be written to; a check also asks for a legal basis, and knows what has happened
// since the position of the file.
//
// True means that the server has to be asked. The address is then on the list, or it is a false hit: one in 256 for each entry that is
// looked for. For an address as most are, with a domain that has no subdomain, these are three (exact, folded, domain), so 1.2 % of the
// addresses that are on no list are asked for in vain. Matches of which the file has no entries are not looked for.
//
// # Entries
//
// An entry finds addresses in one of three ways. [MatchExact] is one spelling of an address, as for a hard bounce or a refusal by a tagged address.
// [MatchFolded] stands for all spellings of a mailbox, as for any other refusal. [MatchDomain] is a domain, and covers what is below it. A
// look-up tries the exact and the folded form, the domain, and each parent of it that has a dot, which are the places where a server looks.
//
// What links two addresses of one person, what channels honour of one another, and when a suppression ends is not in the file. The server
// resolves it when it makes the file.
//
// # Keys
//
// An entry is hashed twice: [HashInner] under the list key, which a store has once, and [HashOuter] under the consumer's own key. The
// store keeps the inner hash of a person who was erased. So it can still put that person on the list of every consumer, though it no longer
// has the address, and two consumers cannot join their lists. A consumer needs both keys, and gets them as one text, the consumer key, once:
// [Key.RevealText] writes it and [ParseKey] reads it. Nothing else shows a [Key]. A program with the text can try addresses against a copy
// of a file, also after the consumer was revoked.
//
// # Fold versions
//
// The canonical text that is hashed follows rules that have a version, which can change with a release of this module. An entry is found
// only by a program that has the rules of its version, so a file says of which versions its entries are, and a program without one of them
// refuses the file.
//
// # Files
//
// [Open] and [Read] verify the whole file before they return: that nothing was cut, added or changed, that it was made for the key, and
// that it is what [Expect] says. The digest finds damage, not malice: it needs no key, so take files only from the server or over a
// channel that you trust. A [Builder] makes files.
//
// The format is described byte by byte in docs/suppression-filter.md, with test vectors for programs in other languages.
package suppressionfilter
