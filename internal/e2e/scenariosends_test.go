package e2e

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/scenario"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// planSends stores the sends of a scenario as if they had been planned, which the clock of the server is too late for.
func (db *database) planSends(s *scenario.Scenario) {
	db.t.Helper()
	for _, result := range scenario.RunCore(s) { // It also gives sends the sender identities of their channels.
		if result.Refused != nil {
			db.t.Fatal(result.String())
		}
	}
	persons := db.personsOf(s)
	var store storage.Store
	var err error
	if path, isFile := strings.CutPrefix(db.url, "sqlite:"); isFile {
		store, err = sqlite.Open(db.t.Context(), path, sqlite.Options{Migrate: true})
	} else {
		store, err = postgres.Open(db.t.Context(), db.url, postgres.Options{Migrate: true})
	}
	if err != nil {
		db.t.Fatal(err)
	}
	for i := range s.Sends {
		one := &s.Sends[i]
		err = errors.Join(err, store.WriteTables(db.t.Context(), sendtable.AddSend(&sendtable.Send{
			ID: one.ID, Channel: one.Channel, Sender: one.SenderIdentity, Department: one.Department, Sealed: []byte{1}, State: one.State,
			From: consent.Instant(one.From), Until: consent.Instant(one.Until), CommentUntil: consent.Instant(one.CommentUntil),
			Objections: int64(one.Objections), Priority: int64(one.Priority), Revision: 1,
		})))
		for _, planned := range one.Planned {
			err = errors.Join(err, store.WriteTables(db.t.Context(), sendtable.PutContacts([]sendtable.Contact{{
				Folded: persons[planned], Send: one.ID, Channel: one.Channel, Department: one.Department, Sender: one.SenderIdentity,
				State: campaign.ContactPlanned, At: 1, Until: consent.Instant(one.Until), Client: "preview",
			}})...))
		}
	}
	if err := errors.Join(err, store.Close()); err != nil {
		db.t.Fatal(err)
	}
}

// personsOf returns by what the rows about those are found who have planned contacts, by their addresses.
func (db *database) personsOf(s *scenario.Scenario) map[string][32]byte {
	db.t.Helper()
	persons := map[string][32]byte{}
	for i := range s.Sends {
		for _, planned := range s.Sends[i].Planned {
			a, err := address.Parse(planned)
			if err != nil {
				db.t.Fatal(err)
			}
			db.locally(func(local *server.Local) (err error) {
				persons[planned], err = local.PersonOf(a)
				return err
			})
		}
	}
	return persons
}

func reportSent(t *testing.T, c assentv1.ContactServiceClient, r *scenario.Report) {
	t.Helper()
	outcome := assentv1.ContactOutcome_CONTACT_OUTCOME_SENT
	if r.Released {
		outcome = assentv1.ContactOutcome_CONTACT_OUTCOME_RELEASED
	}
	_, err := c.ReportSent(t.Context(), &assentv1.ReportSentRequest{
		Send: r.Send, Report: &assentv1.ContactReport{Address: r.Address, Outcome: outcome, SentTime: timestamppb.New(r.At.Time())},
	})
	if err != nil {
		t.Fatalf("line %d: %v", r.Line, err)
	}
}
