package duty

import (
	"github.com/assent-io/assent/internal/locale"
)

// own are the activities that the service itself is, besides the messages: it proves, blocks, counts, hears of bounces, compares with
// lists, and carries out the rights of persons.
func (r *recorder) own() []Activity {
	policy := &r.cat.Policy
	everyone, address := locale.Get("records.persons.everyone"), locale.Get("records.data.address")
	refused, refusals := locale.Get("records.persons.refused"), locale.Get("records.data.refusals")
	ledger := locale.Get("records.kept.ledger")
	type texts = []locale.Text
	list := []struct {
		activity            string
		persons, data, kept texts
	}{
		{"proof", texts{everyone}, texts{
			address, locale.Get("records.data.events"), locale.Get("records.data.evidence"),
		}, append(texts{keptFor("records.kept.evidence", policy.Retention.Evidence)}, r.keptProof()...)},
		{"block", texts{refused}, texts{locale.Get("records.data.digest"), refusals}, texts{locale.Get("records.kept.refusals"), ledger}},
		{"log", texts{everyone}, texts{locale.Get("records.data.disclosures")}, texts{
			keptFor("records.kept.disclosures", policy.Retention.Disclosures),
		}},
		{"delivery", texts{locale.Get("records.persons.reached")}, texts{
			locale.Get("records.data.digest"), locale.Get("records.data.delivery"),
		}, texts{keptFor("records.kept.bounces", policy.Retention.HardBounces), locale.Get("records.kept.complaints"), ledger}},
		{"lists", texts{locale.Get("records.persons.listed")}, texts{locale.Get("records.data.listings")}, texts{
			locale.Get("records.kept.lists"), ledger,
		}},
		{"rights", texts{everyone}, texts{address, locale.Get("records.data.rights")}, texts{locale.Get("records.kept.rights"), ledger}},
	}
	activities := make([]Activity, 0, len(list))
	for _, x := range list {
		activities = append(activities, Activity{
			Name:       locale.Name("records.own", x.activity).In(r.lang),
			Purpose:    locale.Name("records.ownPurpose", x.activity).In(r.lang),
			LegalBases: []string{locale.Name("records.ownBasis", x.activity).In(r.lang)},
			Persons:    inLanguage(r.lang, x.persons...), Data: inLanguage(r.lang, x.data...),
			Retention: inLanguage(r.lang, x.kept...),
		})
	}
	return activities
}

// measures are the technical and organisational measures of the service itself (Art. 32(1)).
func measures() []locale.Text {
	return []locale.Text{
		locale.Get("records.measure.sealing"), locale.Get("records.measure.digests"), locale.Get("records.measure.ledger"),
		locale.Get("records.measure.access"), locale.Get("records.measure.transport"), locale.Get("records.measure.counting"),
		locale.Get("records.measure.removal"), locale.Get("records.measure.logs"), locale.Get("records.measure.outage"),
	}
}
