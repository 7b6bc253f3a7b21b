// Package persons makes up the people about whom a bench records and asks.
package persons

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// The ids of the example catalog that the population refers to.
const (
	Newsletter = "newsletter"
	Products   = "product-marketing"
)

// Population is a set of fictitious people. Each is made of the seed and its number alone, so that the same seed gives
// the same people in any order.
type Population struct {
	Seed uint64
}

// Standing is what has become of a person.
type Standing int

// The standings: of a hundred people 92 or so are merely subscribed.
const (
	Subscribed Standing = iota
	Withdrawn           // left the newsletter: 5 in 100
	Suppressed          // objected or complained: 1 in 100
	Bounced             // a hard bounce: 2 in 100
)

// Person is one of the population.
type Person struct {
	Address  string
	Standing Standing
	Events   []*assentv1.EventInput // in the order in which they occurred
}

// Batch is the batch that the events of the population are recorded in.
func (p Population) Batch() uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "assent/bench/population/%d", p.Seed))
}

// Epoch is the day on which the first of the population subscribed; the last did within half a year.
func Epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

const subscribing = 180 * 24 * time.Hour

// Address returns the address of a person.
func (p Population) Address(n int) string {
	given := [...]string{
		"anna", "bela", "carl", "dora", "emil", "franka", "georg", "hanna", "ida", "jakob", "karin", "luca", "mira", "noah", "olga", "paul",
	}
	family := [...]string{
		"huber", "bauer", "wagner", "pichler", "steiner", "moser", "mayer", "hofer", "berger", "fuchs", "eder", "fischer", "schmid",
	}
	domains := [...]string{
		"mail.example.com", "mail.example.com", "mail.example.com", "post.example.net", "post.example.net", "web.example.org", "example.com",
		"example.org",
	}
	draw := p.draw(n)
	return fmt.Sprintf("%s.%s%d@%s", given[draw.IntN(len(given))], family[draw.IntN(len(family))], n, domains[draw.IntN(len(domains))])
}

func (p Population) draw(n int) *rand.Rand { return rand.New(rand.NewPCG(p.Seed, uint64(n))) }

// Standing returns what has become of a person.
func (p Population) Standing(n int) Standing {
	// Its own sequence, so that neither the address nor the grants have to be drawn first.
	switch draw := rand.New(rand.NewPCG(^p.Seed, uint64(n))).IntN(1000); {
	case draw < 50:
		return Withdrawn
	case draw < 60:
		return Suppressed
	case draw < 80:
		return Bounced
	default:
		return Subscribed
	}
}

// Person returns a person with everything that is to be recorded about them.
func (p Population) Person(n int) Person {
	draw := rand.New(rand.NewPCG(p.Seed+1, uint64(n)))
	who := Person{Address: p.Address(n), Standing: p.Standing(n)}
	at := Epoch().Add(time.Duration(draw.Int64N(int64(subscribing)))).Truncate(time.Second)
	who.add(at, grantOf(who.Address, Newsletter, "newsletter-signup", "2026-01", at, draw))
	switch more := draw.IntN(10); {
	case more == 0:
		who.add(at.Add(72*time.Hour), purchaseOf(who.Address, n))
		fallthrough
	case more < 3:
		later := at.Add(24 * time.Hour)
		who.add(later, grantOf(who.Address, Products, "all-news", "3", later, draw))
	}
	who.end(at.Add(240*time.Hour), draw)
	return who
}

func (w *Person) add(at time.Time, in *assentv1.EventInput) {
	in.OccurredTime = timestamppb.New(at)
	w.Events = append(w.Events, in)
}

// end adds what ended the subscription, if anything did.
func (w *Person) end(at time.Time, draw *rand.Rand) {
	suppressed := func(reason string) {
		w.add(at, &assentv1.EventInput{Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: w.Address}, Reason: reason, Evidence: &assentv1.Evidence{Source: "api"},
		}}})
	}
	switch w.Standing {
	case Withdrawn:
		w.add(at, withdrawalOf(w.Address))
	case Suppressed:
		suppressed([...]string{"OBJECTION", "COMPLAINT"}[draw.IntN(2)])
	case Bounced:
		suppressed("HARD_BOUNCE")
	case Subscribed:
	}
}

// Refusal is that a person leaves the newsletter, whatever else is recorded about them.
func (p Population) Refusal(n int) *assentv1.EventInput {
	in := withdrawalOf(p.Address(n))
	in.OccurredTime = timestamppb.New(Epoch())
	return in
}

// withdrawalOf is what a form for leaving the newsletter gives.
func withdrawalOf(address string) *assentv1.EventInput {
	return &assentv1.EventInput{Fact: &assentv1.EventInput_Withdraw{Withdraw: &assentv1.Refusal{
		Address: address, Channels: []string{Newsletter}, Evidence: &assentv1.Evidence{Source: "web_form"},
	}}}
}

// grantOf is a consent that was confirmed from the mailbox.
func grantOf(address, channel, declaration, version string, at time.Time, draw *rand.Rand) *assentv1.EventInput {
	confirmed := at.Add(time.Duration(1+draw.IntN(3600)) * time.Second)
	return &assentv1.EventInput{Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
		Address: address, Channels: []string{channel}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: declaration, Version: version},
		Evidence: &assentv1.Evidence{
			Source: "double_opt_in", Url: "https://acme.example/signup", Ip: fmt.Sprintf("192.0.2.%d", draw.IntN(256)),
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ConfirmedTime: timestamppb.New(confirmed),
		},
	}}}
}

// purchaseOf is what a sale gives.
func purchaseOf(address string, n int) *assentv1.EventInput {
	return &assentv1.EventInput{Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
		Address: address, Channels: []string{Products}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER,
		Evidence: &assentv1.Evidence{
			Source: "api", TransactionRef: fmt.Sprintf("order-%d", n), NoticeGiven: true, Goods: []string{"coffee"},
		},
	}}}
}
