package sendtable

import (
	"context"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Contact is a message of marketing to one person: sent, or with a place reserved or planned for it. A person has one of each send.
type Contact struct {
	Folded     [32]byte // keyed digest of the folded address
	Send       string   // id of the send
	Channel    string
	Department string // of the channel
	Sender     string // sender identity
	State      campaign.ContactState
	At         consent.Instant // when it was sent; of one that was not, when it was reserved or planned
	Until      consent.Instant // when it ends unless it was sent: the end of the window of the send; 0: it was sent
	Client     string          // that reserved or reported it
}

const contactColumns = `folded, send, channel, department, sender, state, at_time, until_time, client`

// Contacts returns the contacts of persons, those included that have ended and are still there, by digest and send.
func Contacts(ctx context.Context, from storage.TableReader, of [][32]byte) ([]Contact, error) {
	return readAbout(ctx, from, "read contacts", `SELECT `+contactColumns+` FROM contacts WHERE folded IN (`, `) ORDER BY folded, send`, of, scanContact)
}

// Place is a contact as package campaign counts it, with whose it is.
type Place struct {
	Folded [32]byte
	campaign.Contact
}

// placeColumns are few: with a million rows each column costs time. No id has a space.
const placeColumns = `folded, send || ' ' || channel || ' ' || state, at_time, COALESCE(until_time, 0)`

// PlacesOf calls found for each contact of persons, by digest. Of a contact it reads what counts. What it gives is valid for one call.
func PlacesOf(ctx context.Context, from storage.TableReader, of [][32]byte, found func(*Place)) error {
	_, err := readAbout(ctx, from, "read places", `SELECT `+placeColumns+` FROM contacts WHERE folded IN (`, `) ORDER BY folded`, of, placeScanner(found))
	return err
}

// PlacesBetween calls found for each contact of all persons from one digest to another, both included, by digest, for at most limit of them. For many persons
// that follow each other in the order of their digests it is far faster than PlacesOf.
func PlacesBetween(ctx context.Context, from storage.TableReader, first, last [32]byte, limit int, found func(*Place)) error {
	scan := placeScanner(found)
	_, err := from.QueryTable(ctx, storage.Statement{
		Doing: "read places between", SQL: `SELECT ` + placeColumns + ` FROM contacts WHERE folded >= $1 AND folded <= $2 ORDER BY folded LIMIT $3`,
		Args: []any{first[:], last[:], max(limit, 0)},
	}, func(row storage.Scan) error {
		_, err := scan(row)
		return err
	})
	return err
}

// placeScanner returns what scans a place and hands it over. Places that are of the same send share their texts.
func placeScanner(found func(*Place)) func(storage.Scan) (struct{}, error) {
	known := map[string]campaign.Contact{}
	var p Place
	var folded []byte
	var what string
	var at, until int64
	return func(scan storage.Scan) (none struct{}, err error) {
		if err := scan(&folded, &what, &at, &until); err != nil {
			return none, err
		}
		k, seen := known[what]
		if !seen {
			send, rest, _ := strings.Cut(what, " ")
			channel, state, _ := strings.Cut(rest, " ")
			k = campaign.Contact{Send: send, Channel: channel, State: campaign.ContactState(state)}
			known[what] = k
		}
		p.Contact = k
		p.Until = until
		if p.State == campaign.ContactSent {
			p.Sent = at
		}
		if err := column.Fixed("contacts.folded", p.Folded[:], folded); err != nil {
			return none, err
		}
		found(&p)
		return none, nil
	}
}

// readAbout reads the rows of persons. There are few texts of the statement, so that each stays prepared: the last person stands for those missing.
func readAbout[Row any](
	ctx context.Context, from storage.TableReader, doing, before, after string, of [][32]byte, scan func(storage.Scan) (Row, error),
) ([]Row, error) {
	var rows []Row
	for len(of) > 0 {
		n := partOf(len(of), true)
		part := of[:min(len(of), n)]
		of = of[len(part):]
		args := make([]any, n)
		for i := range n {
			args[i] = part[min(i, len(part)-1)][:]
		}
		_, found, err := portable.List(ctx, from, storage.Statement{Doing: doing, SQL: before + places(1, n) + after, Args: args}, scan)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// partOf returns for how many of n rows the next statement is: the largest size that is full, or, where rows may be repeated, that has room for all.
// The sizes are few and small: SQLite looks for the name of each parameter among all of them.
func partOf(n int, repeated bool) int {
	sizes := []int{100, 20, 4, 1}
	for i, size := range sizes {
		if n >= size || repeated && i+1 < len(sizes) && n > 2*sizes[i+1] {
			return size
		}
	}
	return 1
}

// places returns n placeholders from a number on.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// PutContacts adds contacts, each in the place of that of the person and the send. No two of the rows are of the same. Those that follow one another and
// differ in person and time only take one statement together.
func PutContacts(rows []Contact) []storage.Statement {
	var all []storage.Statement
	for len(rows) > 0 {
		same := 1
		for same < len(rows) && sameButPerson(&rows[0], &rows[same]) {
			same++
		}
		part := rows[:partOf(same, false)]
		rows = rows[len(part):]
		all = append(all, putContacts(part))
	}
	return all
}

// sameButPerson reports whether contacts differ in person and time only.
func sameButPerson(a, b *Contact) bool {
	return a.Send == b.Send && a.Channel == b.Channel && a.Department == b.Department && a.Sender == b.Sender && a.State == b.State && a.Until == b.Until &&
		a.Client == b.Client
}

func putContacts(rows []Contact) storage.Statement {
	c := &rows[0]
	args := append(make([]any, 0, 7+2*len(rows)),
		c.Send, c.Channel, c.Department, c.Sender, string(c.State), column.InstantOrNull(c.Until), c.Client)
	values := make([]string, len(rows))
	for i := range rows {
		n := len(args)
		values[i] = "($" + strconv.Itoa(n+1) + ", $1, $2, $3, $4, $5, $" + strconv.Itoa(n+2) + ", $6, $7)"
		args = append(args, rows[i].Folded[:], int64(rows[i].At))
	}
	return storage.Statement{
		Doing: "store contacts", Args: args,
		SQL: `INSERT INTO contacts (` + contactColumns + `) VALUES ` + strings.Join(values, ", ") + `
			ON CONFLICT (folded, send) DO UPDATE SET channel = excluded.channel, department = excluded.department, sender = excluded.sender,
			state = excluded.state, at_time = excluded.at_time, until_time = excluded.until_time, client = excluded.client`,
	}
}

// DropContacts deletes the contacts of persons with a send, if they are there.
func DropContacts(send string, of [][32]byte) []storage.Statement {
	var all []storage.Statement
	for len(of) > 0 {
		part := of[:partOf(len(of), false)]
		of = of[len(part):]
		args := []any{send}
		for i := range part {
			args = append(args, part[i][:])
		}
		all = append(all, storage.Statement{
			Doing: "delete contacts", Args: args, SQL: `DELETE FROM contacts WHERE send = $1 AND folded IN (` + places(2, len(part)) + `)`,
		})
	}
	return all
}

// DropContactsAbout deletes the contacts of a person.
func DropContactsAbout(folded [32]byte) storage.Statement {
	return storage.Statement{Doing: "delete the contacts of a person", SQL: `DELETE FROM contacts WHERE folded = $1`, Args: []any{folded[:]}}
}

const (
	endedContacts = ` FROM contacts WHERE until_time <= $1 AND NOT EXISTS (
		SELECT 1 FROM sends s WHERE s.id = contacts.send AND s.until_time > $1 AND s.state <> 'cancelled') LIMIT $2`
	oldContacts = ` FROM contacts WHERE until_time IS NULL AND at_time < $1 LIMIT $2`
)

// CountEndedContacts returns how many contacts have ended by a time without having been sent, at most limit. Those of a send that was moved to a later
// time have not.
func CountEndedContacts(ctx context.Context, from storage.TableReader, by consent.Instant, limit int) (int, error) {
	return countUpTo(ctx, from, endedContacts, by, limit)
}

// DropEndedContacts deletes some contacts that have ended by a time without having been sent, at most limit.
func DropEndedContacts(by consent.Instant, limit int) storage.Statement {
	return dropSome("delete contacts that have ended", endedContacts, by, limit)
}

// CountOldContacts returns how many contacts were sent before a time, at most limit.
func CountOldContacts(ctx context.Context, from storage.TableReader, before consent.Instant, limit int) (int, error) {
	return countUpTo(ctx, from, oldContacts, before, limit)
}

// DropOldContacts deletes some contacts that were sent before a time, at most limit.
func DropOldContacts(before consent.Instant, limit int) storage.Statement {
	return dropSome("delete old contacts", oldContacts, before, limit)
}

func countUpTo(ctx context.Context, from storage.TableReader, which string, at consent.Instant, limit int) (int, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count contacts", SQL: `SELECT count(*) FROM (SELECT 1 AS one` + which + `) c`, Args: []any{int64(at), limit},
	}, func(scan storage.Scan) (n int64, err error) { return n, scan(&n) })
	if err != nil {
		return 0, err
	}
	return int(rows[0]), nil
}

func dropSome(doing, which string, at consent.Instant, limit int) storage.Statement {
	return storage.Statement{
		Doing: doing, SQL: `DELETE FROM contacts WHERE (folded, send) IN (SELECT folded, send` + which + `)`, Args: []any{int64(at), limit},
	}
}

// SentBySender returns how many contacts of each sender identity were sent from a time on and before another.
func SentBySender(ctx context.Context, from storage.TableReader, since, before consent.Instant) (map[string]int64, error) {
	counts := map[string]int64{}
	_, _, err := portable.List(ctx, from, storage.Statement{
		Doing: "count contacts by sender",
		SQL:   `SELECT sender, COUNT(*) FROM contacts WHERE until_time IS NULL AND at_time >= $1 AND at_time < $2 GROUP BY sender`,
		Args:  []any{int64(since), int64(before)},
	}, func(scan storage.Scan) (struct{}, error) {
		var sender string
		var n int64
		err := scan(&sender, &n)
		counts[sender] = n
		return struct{}{}, err
	})
	return counts, err
}

// CountSentBy returns how many contacts of a sender identity were sent from a time on and before another.
func CountSentBy(ctx context.Context, from storage.TableReader, sender string, since, before consent.Instant) (int64, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count contacts of a sender",
		SQL:   `SELECT COUNT(*) FROM contacts WHERE until_time IS NULL AND at_time >= $1 AND at_time < $2 AND sender = $3`,
		Args:  []any{int64(since), int64(before), sender},
	}, func(scan storage.Scan) (n int64, err error) { return n, scan(&n) })
	if err != nil {
		return 0, err
	}
	return rows[0], nil
}

func scanContact(scan storage.Scan) (Contact, error) {
	var c Contact
	var folded []byte
	var state string
	var until *int64
	if err := scan(&folded, &c.Send, &c.Channel, &c.Department, &c.Sender, &state, (*int64)(&c.At), &until, &c.Client); err != nil {
		return Contact{}, err
	}
	c.State = campaign.ContactState(state)
	if until != nil {
		c.Until = consent.Instant(*until)
	}
	return c, column.Fixed("contacts.folded", c.Folded[:], folded)
}

const plannedContacts = ` FROM contacts WHERE send = $1 AND state = 'planned' AND at_time < $2 LIMIT $3`

// CountPlannedContacts returns how many contacts of a send were planned before a time and are still only planned, at most limit.
func CountPlannedContacts(ctx context.Context, from storage.TableReader, send string, before consent.Instant, limit int) (int, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count planned contacts", SQL: `SELECT count(*) FROM (SELECT 1 AS one` + plannedContacts + `) c`,
		Args: []any{send, int64(before), limit},
	}, func(scan storage.Scan) (n int64, err error) { return n, scan(&n) })
	if err != nil {
		return 0, err
	}
	return int(rows[0]), nil
}

// DropPlannedContacts deletes some contacts of a send that were planned before a time and are still only planned, at most limit.
func DropPlannedContacts(send string, before consent.Instant, limit int) storage.Statement {
	return storage.Statement{
		Doing: "delete planned contacts",
		SQL:   `DELETE FROM contacts WHERE (folded, send) IN (SELECT folded, send` + plannedContacts + `)`, Args: []any{send, int64(before), limit},
	}
}
