package catalog

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/yamltext"
)

// A likeness is how far two texts can be taken for one another.
type likeness int

const (
	unlike  likeness = iota
	maybe            // plain ASCII, but with skeletons that collide: modern, modem
	similar          // a reader would take one for the other
)

// face is what a reader sees of a sender identity.
type face struct {
	sender  *SenderIdentity
	address address.Address
	name    appearance
	local   appearance
	domain  appearance
}

// lookalikes refuses sender identities of different departments that can be
// taken for one another, unless one of the two says that this is accepted.
// Retired ones count: their messages are still in the mailboxes.
func (d *decoder) lookalikes(c *Catalog) {
	w := newWriter()
	faces := make([]face, 0, len(c.SenderIdentities))
	for i := range c.SenderIdentities {
		faces = append(faces, w.face(&c.SenderIdentities[i]))
	}
	for i := range faces {
		for j := range i {
			d.lookalike(&faces[j], &faces[i], at("sender_identities", i))
		}
	}
}

// lookalike compares two sender identities; path is that of the second.
func (d *decoder) lookalike(first, second *face, path string) {
	a, b := first.sender, second.sender
	if a.ID == "" || b.ID == "" || a.ID == b.ID || a.Department == b.Department || accepts(a, b) || accepts(b, a) {
		return
	}
	var refused, warned []string
	for _, finding := range []func(a, b *face) (likeness, string){nameLikeness, addressLikeness} {
		switch found, why := finding(first, second); found {
		case similar:
			refused = append(refused, why)
		case maybe:
			warned = append(warned, why)
		case unlike:
		}
	}
	const text = "the sender identities %s and %s of different departments can be taken for one another: %s; " +
		"change one of them, or add lookalike_accepted: {with: …, justification: …} to one"
	switch {
	case len(refused) > 0:
		d.fail(path, text, yamltext.Quote(a.ID), yamltext.Quote(b.ID), strings.Join(refused, "; "))
	case len(warned) > 0:
		d.warn(path, text, yamltext.Quote(a.ID), yamltext.Quote(b.ID), strings.Join(warned, "; "))
	}
}

func accepts(a, b *SenderIdentity) bool {
	return a.LookalikeAccepted != nil && a.LookalikeAccepted.With == b.ID && a.LookalikeAccepted.Justification != ""
}

// face prepares a sender identity for comparison. Domains are compared as
// people see them, not as A-labels.
func (w *writer) face(s *SenderIdentity) face {
	f := face{sender: s, name: w.appearance(s.From.Name)}
	parsed, err := address.Parse(s.From.Address)
	if err != nil {
		return f // was reported when it was read
	}
	f.address = parsed
	local, _, _ := strings.Cut(parsed.Exact(), "@")
	f.local = w.appearance(local)
	domain, err := idna.Lookup.ToUnicode(parsed.Domain())
	if err != nil {
		domain = parsed.Domain()
	}
	f.domain = w.appearance(domain)
	return f
}

func nameLikeness(a, b *face) (likeness, string) {
	if a.name.isEmpty() || b.name.isEmpty() {
		return unlike, ""
	}
	found, why := compare(a.name, b.name)
	return found, fmt.Sprintf("their display names %s and %s %s", yamltext.Quote(a.sender.From.Name), yamltext.Quote(b.sender.From.Name), why)
}

func addressLikeness(a, b *face) (likeness, string) {
	switch {
	case a.address.IsZero() || b.address.IsZero():
		return unlike, ""
	case a.address.Folded() == b.address.Folded():
		return similar, "their From addresses are the same"
	case a.address.Domain() == b.address.Domain():
		found, why := compare(a.local, b.local)
		return found, "their From addresses are on one domain, and the local parts " + why
	default:
		return domainLikeness(a.domain, b.domain)
	}
}

// domainLikeness compares domains as a whole: that one begins with the other
// says nothing.
func domainLikeness(a, b appearance) (likeness, string) {
	ascii := a.ascii && b.ascii
	for form := range a.forms {
		if a.forms[form].joined() != b.forms[form].joined() {
			continue
		}
		if ascii && form != plain {
			return maybe, "the domains of their From addresses differ, but have the same skeleton"
		}
		return similar, "the domains of their From addresses differ, but look the same"
	}
	return unlike, ""
}

// verdicts of the comparison of one form, the closest last.
type closeness int

const (
	apart closeness = iota
	near            // what is left differs by two letters at most
	begins
	contained // nothing is left on one side
	same
)

func (c closeness) why() string {
	switch c {
	case same:
		return "look the same"
	case contained:
		return "differ only by words that one of them adds"
	case begins:
		return "are alike: without the words that both have, one begins with the other"
	case near:
		return "differ by two letters at most, without the words that both have"
	case apart:
		return "differ"
	default:
		return "differ"
	}
}

// compare says how alike two texts are. Between texts of plain ASCII a
// likeness that only the skeletons show is no more than a warning, and where
// the skeletons are the same, this is all there is to say: the letters that
// make modern and modem collide are the ones by which they are near.
func compare(a, b appearance) (likeness, string) {
	asWritten := closenessOf(a.forms[plain], b.forms[plain])
	toTheEye := max(closenessOf(a.forms[lowered], b.forms[lowered]), closenessOf(a.forms[cased], b.forms[cased]))
	switch {
	case !a.ascii || !b.ascii:
		closest := max(asWritten, toTheEye)
		if closest == apart {
			return unlike, ""
		}
		return similar, closest.why()
	case asWritten >= contained || asWritten > apart && toTheEye != same:
		return similar, asWritten.why()
	case toTheEye > apart:
		return maybe, toTheEye.why()
	default:
		return unlike, ""
	}
}

// closenessOf compares one form of two texts, each a list of words.
func closenessOf(a, b words) closeness {
	if a.joined() == b.joined() {
		return same
	}
	restA, restB := a.without(b).joined(), b.without(a).joined()
	const letters, edits = 5, 2
	switch {
	case restA == restB:
		return same
	case restA == "" || restB == "":
		return contained
	case strings.HasPrefix(restA, restB) || strings.HasPrefix(restB, restA):
		return begins
	}
	runesA, runesB := []rune(restA), []rune(restB)
	if len(runesA) >= letters && len(runesB) >= letters && nearest.Within(runesA, runesB, edits) {
		return near
	}
	return apart
}
