package suppressionfile

import (
	"fmt"
	"slices"
	"strings"
)

// form is one way to write the list.
type form struct {
	name, tool string
	lists      []list
	// route names the list that an entry goes to, or says why to none; nil: all go to the first.
	route func(Entry, Options) (string, cause)
	// stopsTransactional: lists of the tool stop transactional mail, too, and the route keeps narrower scopes off them.
	stopsTransactional bool
	// precedence orders the entries of an address; nil: by the strictness of their reasons.
	precedence func(Entry, Options) byte
	// asciiLocal: the tool refuses an address whose local part is not ASCII.
	asciiLocal bool
	// keepsAll: each entry has a row, of a domain as well.
	keepsAll bool
	// hashed: the rows are hashes.
	hashed bool
	// says is what the files say of an entry besides its address.
	says     aspect
	external *External
}

// list is one list of a tool: its files are imported alike.
type list struct {
	// name is in the names of the files; empty: it is not.
	name      string
	extension string
	encode    func(Options) encoder
	// The limits of a file; zero: none. The header does not count as a row.
	maxRows, maxBytes int64
	// oneRow says which entries share a row.
	oneRow oneRow
	// importing is how a file is imported, in one sentence.
	importing string
	// notForImport: the tool does not import it.
	notForImport bool
	// always: there is a file even without rows.
	always bool
	// neverEmpty: there is no file without rows, because an import of it would be a job with nothing to do.
	neverEmpty bool
	at         int // which of the lists of its form it is
}

// oneRow says which entries share a row.
type oneRow uint8

const (
	perAddress    oneRow = iota // those of an address or a hash in one list
	perContact                  // those of an address in all lists of the form: the tool has one status for it
	perEqualEntry               // those that are equal
	kilobyte      = 1_000
	megabyte      = 1_000 * kilobyte
	importByHand  = "Not for import: the tool has no such rows, so block these by hand or in the rules of the tool."
	// madeContacts is said of tools that make contacts of addresses that they did not have. The filter gives no address away.
	madeContacts = " Addresses that the tool does not know become contacts there, blocked ones; the form filter gives it no addresses."
)

// Lists that the tool does not import.
const (
	listDomains       = "domains"
	listNotImportable = "not-importable"
)

// Forms returns the names of all forms but external ones, in the order of the documentation.
func Forms() []string {
	all := forms()
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return names
}

// StoppingTransactional returns the names of the forms with lists that stop transactional mail: those that Options.IncludingTransactional is
// about.
func StoppingTransactional() []string {
	var names []string
	for _, f := range forms() {
		if f.stopsTransactional {
			names = append(names, f.name)
		}
	}
	return names
}

// forms is the table of all forms. docs/suppression-files.md names where columns and limits are documented.
func forms() []form {
	return withOthers(slices.Concat(generalForms(), listForms(), callForms()))
}

// generalForms are for programs that are made to read them.
func generalForms() []form {
	return []form{
		{name: "csv", tool: "any program", keepsAll: true, says: sayAll, lists: []list{{
			extension: "csv", encode: csvRows(entryColumns, entryCells), oneRow: perEqualEntry,
			importing: "Read it as CSV with a header; a row blocks what its columns match, address or domain and scope say.",
		}}},
		{name: "ndjson", tool: "any program", keepsAll: true, says: sayAll, lists: []list{{
			extension: "ndjson", encode: jsonRows, oneRow: perEqualEntry,
			importing: "Read each line as one JSON object; it blocks what its match, address or domain and scope say.",
		}}},
		{name: "hashes", tool: "any program", hashed: true, says: sayVariants | sayDomain, lists: []list{
			{name: string(Exact), extension: "txt", encode: textLines, importing: "Look up the hash of the exact form of an address in this file."},
			{name: string(Folded), extension: "txt", encode: textLines, importing: "Look up the hash of the folded form of an address in this file."},
			{
				name: string(Domain), extension: "txt", encode: textLines,
				importing: "Look up the hash of the domain of an address, and of each parent domain, in this file.",
			},
		}},
	}
}

// listForms are for tools that import files.
func listForms() []form {
	return []form{
		{name: "listmonk", tool: "listmonk", lists: []list{{
			extension: "csv", encode: csvRows([]string{"email", "name", "attributes"}, listmonkCells),
			importing: "Import under Subscribers with `mode: blocklist` and `delim: ,`; the mode subscribe would subscribe these people." + madeContacts,
		}}},
		{name: "mailchimp", tool: "Mailchimp", asciiLocal: true, route: routeMailchimp, lists: []list{
			{
				name: "unsubscribed", extension: "csv", encode: csvRows([]string{"Email Address"}, addressCell), maxBytes: 100 * megabyte, oneRow: perContact,
				importing: "Import into each audience with the status Unsubscribed for the whole import." + madeContacts,
			},
			{
				name: "cleaned", extension: "csv", encode: csvRows([]string{"Email Address"}, addressCell), maxBytes: 100 * megabyte, oneRow: perContact,
				importing: "Import into each audience with the status Cleaned for the whole import." + madeContacts,
			},
		}},
		{name: "ses", tool: "Amazon SES", asciiLocal: true, route: routeSES, stopsTransactional: true, says: sayReason, lists: []list{{
			extension: "csv", encode: csvRows(nil, sesCells), maxRows: 100_000, neverEmpty: true,
			importing: "Put it on S3 and call CreateImportJob in each region with DataFormat CSV and SuppressionListImportAction PUT, one call a file; " +
				"BOUNCE and COMPLAINT act only if they are among the SuppressedReasons of the account.",
		}}},
		{name: "sendgrid", tool: "SendGrid", route: routeSendGrid, stopsTransactional: true, lists: []list{
			{
				name: "group", extension: "csv", encode: csvRows([]string{"email"}, addressCell), maxRows: 1_000_000,
				importing: "Upload as CSV into the unsubscribe group of this channel, and send with that group; a group that does not exist would make them global.",
			},
			{
				name: "global", extension: "csv", encode: csvRows([]string{"email"}, addressCell), maxRows: 1_000_000,
				importing: "Upload as CSV into Global Unsubscribes, which also stop transactional mail.",
			},
		}},
		mailgun(),
		{name: "brevo", tool: "Brevo", lists: []list{{
			extension: "csv", encode: csvRows([]string{"EMAIL"}, addressCell, ';'), maxBytes: 8 * megabyte,
			importing: "Send as fileBody of POST /v3/contacts/import with `emailBlacklist: true` and a list in listIds; without it the contacts are added unblocked." +
				madeContacts,
		}}},
		{name: "hubspot", tool: "HubSpot", lists: []list{{
			extension: "csv", encode: csvRows([]string{"Email"}, addressCell), maxRows: 1_000_000, maxBytes: 500 * megabyte,
			importing: "Import as an opt-out list, for each business unit, and confirm with the number of rows of the file.",
		}}},
	}
}

// callForms are for tools that take addresses by calls of their API: each line of a file is the body of one.
func callForms() []form {
	return []form{
		{name: "postmark", tool: "Postmark", lists: []list{{
			extension: "ndjson", encode: calls(50, postmarkCall),
			importing: "Send each line as the body of one POST /message-streams/{stream}/suppressions, to the broadcast stream of this channel only: " +
				"a transactional stream would stop transactional mail.",
		}}},
		{name: "klaviyo", tool: "Klaviyo", lists: []list{{
			extension: "ndjson", encode: calls(100, klaviyoCall),
			importing: "Send each line as the body of one POST /api/profile-suppression-bulk-create-jobs, with the header revision, at most 75 a second and 700 a minute." +
				madeContacts,
		}}},
	}
}

func mailgun() form {
	const each = "Upload for each sending domain to POST /v3/{domain}/"
	return form{
		name: "mailgun", tool: "Mailgun", route: routeMailgun, stopsTransactional: true, precedence: precedenceMailgun, says: saySince,
		lists: []list{
			{
				name: "unsubscribes", extension: "csv", encode: mailgunUnsubscribes, maxBytes: 25 * megabyte,
				importing: each + "unsubscribes/import, and send this channel with o:tag set to the tag of the rows; the tag * also stops transactional mail.",
			},
			{
				name: "bounces", extension: "csv", encode: csvRows([]string{"address", "code", "error", "created_at"}, mailgunBounce), maxBytes: 25 * megabyte,
				importing: each + "bounces/import, which also stops transactional mail.",
			},
			{
				name: "complaints", extension: "csv", encode: csvRows([]string{"address", "created_at"}, mailgunComplaint), maxBytes: 25 * megabyte,
				importing: each + "complaints/import, which also stops transactional mail.",
			},
		},
	}
}

// withOthers adds the lists of what the tools do not import, and numbers all lists.
func withOthers(all []form) []form {
	for i := range all {
		f := &all[i]
		if !f.keepsAll && !f.hashed {
			f.lists = append(f.lists,
				list{name: listDomains, extension: "csv", encode: csvRows(domainColumns, domainCells), oneRow: perEqualEntry, notForImport: true, importing: importByHand},
				list{name: listNotImportable, extension: "csv", encode: csvRows([]string{"address"}, addressCell), notForImport: true, importing: importByHand},
			)
		}
		f.number()
	}
	return all
}

func (f *form) number() {
	for i := range f.lists {
		f.lists[i].at = i
		f.lists[i].always = i == 0 && !f.lists[i].neverEmpty
	}
}

// named returns a list of the form; an empty name is the first.
func (f *form) named(name string) *list {
	for i := range f.lists {
		if name == "" || f.lists[i].name == name {
			return &f.lists[i]
		}
	}
	panic("the form " + f.name + " has no list " + name)
}

// externalForm is the form of another package.
func externalForm(e *External) (*form, error) {
	for _, word := range []string{e.Form, e.Extension} {
		if word == "" || strings.ContainsFunc(word, func(c rune) bool { return c < 'a' || c > 'z' }) {
			return nil, fmt.Errorf("the form %q with the extension %q cannot be in names of files; both must be words of a-z", e.Form, e.Extension)
		}
	}
	f := &form{
		name: e.Form, tool: "any program", external: e, says: sayDomain | sayVariants,
		lists: []list{{extension: e.Extension, importing: e.Importing}},
	}
	f.number()
	return f, nil
}
