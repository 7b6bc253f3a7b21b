package storagetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

func textTests() []Test {
	return []Test{
		{"Write_TextThatIsNoneInAnyColumn_IsErrTextAndStoresNothing", testTextsRefused},
		{"Write_AnyOtherText_IsReadAsItWasWritten", testTextsTaken},
	}
}

// textColumn is a column of text in clear, and how a text gets there and back.
type textColumn struct {
	name string
	put  func(t testing.TB, store storage.Store, text string) error
	read func(t testing.TB, store storage.Store) string
}

// tryWrite stores changes.
func tryWrite(t testing.TB, store storage.Store, changes *storage.Changes) error {
	t.Helper()
	return store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		changes.Head = head(1)
		return changes, nil
	})
}

// textColumns returns all columns of text. Each is tried on a store of its own.
func textColumns() []textColumn {
	return append(append(clientColumns(), disclosureColumns()...),
		textColumn{"the actor of an event", func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			r := record(1, 1)
			r.Event.Actor = text
			return tryWrite(t, store, &storage.Changes{Records: []storage.Record{recordOf(&r.Event)}})
		}, func(t testing.TB, store storage.Store) (actor string) {
			t.Helper()
			NoError(t, "Snapshot", store.Snapshot(t.Context(), func(ctx context.Context, s storage.Snapshot) error {
				rows, err := s.Rows(ctx, 0, 1)
				if len(rows) == 1 {
					actor = rows[0].Actor
				}
				return err
			}))
			return actor
		}},
		textColumn{"the name of a reference", func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			return tryWrite(t, store, &storage.Changes{Refs: []storage.Ref{{Number: 1, Kind: consent.RefChannel, Name: text}}})
		}, func(t testing.TB, store storage.Store) string {
			t.Helper()
			_, refs, err := store.Refs(t.Context(), 0)
			NoError(t, "Refs", err)
			return only(refs).Name
		}},
		textColumn{"the document of a catalog", func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			c := catalog(1)
			c.Document = text
			return tryWrite(t, store, &storage.Changes{Catalogs: []storage.Catalog{c}})
		}, func(t testing.TB, store storage.Store) string {
			t.Helper()
			_, catalogs, err := store.Catalogs(t.Context(), 0)
			NoError(t, "Catalogs", err)
			return only(catalogs).Document
		}},
		textColumn{"the client of a return", func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			return tryWrite(t, store, &storage.Changes{Tables: Each(tables.AddReturn, tables.Return{Subject: id(1), Day: 5, Client: text, Count: 1})})
		}, func(t testing.TB, store storage.Store) string {
			t.Helper()
			returns, err := tables.Returns(t.Context(), store, 0, &tables.Return{}, 10)
			NoError(t, "Returns", err)
			return only(returns).Client
		}},
		textColumn{"the note of a checkpoint", func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			return tables.MergeCosigned(t.Context(), store, 1, func(string) (string, error) { return text, nil })
		}, func(t testing.TB, store storage.Store) string {
			t.Helper()
			_, c, err := tables.LatestCosigned(t.Context(), store)
			NoError(t, "LatestCosigned", err)
			return c.Note
		}},
	)
}

// clientColumns returns those that name clients.
func clientColumns() []textColumn {
	put := func(set func(c *tables.Client, text string)) func(testing.TB, storage.Store, string) error {
		return func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			c := client("shop")
			set(&c, text)
			return tryWrite(t, store, &storage.Changes{Tables: Each(tables.PutClient, c)})
		}
	}
	read := func(without string, get func(c tables.Client) string) func(testing.TB, storage.Store) string {
		return func(t testing.TB, store storage.Store) string {
			t.Helper()
			_, clients, err := tables.Clients(t.Context(), store)
			NoError(t, "Clients", err)
			for _, c := range clients {
				if text := get(c); text != without {
					return text
				}
			}
			return ""
		}
	}
	return []textColumn{
		{"the id of a client", put(func(c *tables.Client, text string) { c.ID = text }), read("shop", func(c tables.Client) string { return c.ID })},
		{
			"the department of a client", put(func(c *tables.Client, text string) { c.Department = text }),
			read("marketing", func(c tables.Client) string { return c.Department }),
		},
		{
			"the scopes of a client", put(func(c *tables.Client, text string) { c.Scopes = []string{text} }),
			read("check record", func(c tables.Client) string { return strings.Join(c.Scopes, " ") }),
		},
		{
			"the lists of a client", put(func(c *tables.Client, text string) { c.Lists = []string{text} }),
			read("ecg partner-x", func(c tables.Client) string { return strings.Join(c.Lists, " ") }),
		},
	}
}

// disclosureColumns returns those that name what clients learnt.
func disclosureColumns() []textColumn {
	disclose := func(set func(l *storage.Learnt, text string)) func(testing.TB, storage.Store, string) error {
		return func(t testing.TB, store storage.Store, text string) error {
			t.Helper()
			Write(t, store, &storage.Changes{Head: head(1), Subjects: []storage.Subject{subject(1)}})
			l := storage.Learnt{Key: key(1), Day: 5, Client: "shop", Channel: "news", Count: 1}
			set(&l, text)
			return store.AddDisclosures(t.Context(), digest(l.Channel, len(l.Client)), begin, []storage.Learnt{l})
		}
	}
	disclosed := func(without string, get func(d storage.Disclosure) string) func(testing.TB, storage.Store) string {
		return func(t testing.TB, store storage.Store) string {
			t.Helper()
			rows, err := store.Disclosures(t.Context(), []consent.SubjectID{id(1)})
			NoError(t, "Disclosures", err)
			for _, d := range rows {
				if text := get(d); text != without {
					return text
				}
			}
			return ""
		}
	}
	return []textColumn{
		{
			"the client of a disclosure", disclose(func(l *storage.Learnt, text string) { l.Client = text }),
			disclosed("shop", func(d storage.Disclosure) string { return d.Client }),
		},
		{
			"the channel of a disclosure", disclose(func(l *storage.Learnt, text string) { l.Channel = text }),
			disclosed("news", func(d storage.Disclosure) string { return d.Channel }),
		},
	}
}

// only returns the one row that there is; an empty one if there is none or several.
func only[Row any](rows []Row) (row Row) {
	if len(rows) == 1 {
		row = rows[0]
	}
	return row
}

func testTextsRefused(t *testing.T, open Open) {
	store := Initialised(t, open)
	for _, column := range textColumns() {
		for _, text := range []string{"a\x00b", "a\x1b[31m", "a\u0085b", "a\x7f", "a\xffb", "\xc0\x80", "\xed\xa0\x80"} {
			if err := column.put(t, store, text); !errors.Is(err, storage.ErrText) {
				t.Errorf("%q as %s: got %v, want %v", text, column.name, err, storage.ErrText)
			}
			if got := column.read(t, store); got != "" {
				t.Errorf("%q as %s was stored: %q", text, column.name, got)
			}
		}
	}
}

func testTextsTaken(t *testing.T, open Open) {
	const text = "Grüße,\u200b\ufeff\U0001f600'\";--\\e\ufffd"
	store := Initialised(t, open)
	for _, column := range textColumns() {
		NoError(t, column.name, column.put(t, store, text))
		if got := column.read(t, store); got != text {
			t.Errorf("%s is %q, want %q", column.name, got, text)
		}
	}
}
