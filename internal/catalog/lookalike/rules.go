package lookalike

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/yamltext"
)

// names compares the display names.
func (v *vocabulary) names(a, b *face) (Likeness, string) {
	if a.name.isEmpty() || b.name.isEmpty() {
		return Unlike, ""
	}
	found, why := compare(a.name, b.name, v)
	return found, fmt.Sprintf("their display names %s and %s %s", yamltext.Quote(a.sender.Name), yamltext.Quote(b.sender.Name), why)
}

// addresses compares the From addresses, and their local parts where one company registered both domains. Generic words are no
// matter there: on a company's domain, service@ and news@ are told apart.
func (v *vocabulary) addresses(a, b *face) (Likeness, string) {
	switch {
	case a.address.IsZero() || b.address.IsZero():
		return Unlike, ""
	case a.address.Folded() == b.address.Folded():
		return Similar, "their From addresses are the same"
	case a.registered != b.registered:
		return Unlike, ""
	}
	found, why := compare(a.local, b.local, nil)
	where := "on one domain"
	if a.address.Domain() != b.address.Domain() {
		where = "under one domain"
	}
	return found, "their From addresses are " + where + ", and the local parts " + why
}

// domains compares domains that differ: as a whole, where one that begins with the other says nothing, and under one registrable
// domain by the labels that differ.
func domains(a, b *face) (Likeness, string) {
	if a.address.IsZero() || b.address.IsZero() || a.address.Domain() == b.address.Domain() {
		return Unlike, ""
	}
	found, edited := collide(a.domain, b.domain), Unlike
	if a.registered == b.registered {
		edited = labels(a.below, b.below)
	}
	switch {
	case edited > found:
		return edited, "their From addresses are under one domain, and the names of its sub-domains differ by a letter at most"
	case found == Maybe:
		return found, "the domains of their From addresses differ, but have the same skeleton"
	case found == Similar:
		return found, "the domains of their From addresses differ, but look the same"
	default:
		return Unlike, ""
	}
}

// collide says whether two texts look the same as a whole. Of plain ASCII this is certain only where the letters are the same.
func collide(a, b appearance) Likeness {
	for form := range a.forms {
		if a.forms[form].joined() != b.forms[form].joined() {
			continue
		}
		if a.ascii && b.ascii && form != plain {
			return Maybe
		}
		return Similar
	}
	return Unlike
}

// labels compares sub-domains of one domain by the labels of three letters and more that only one of them has. Shorter ones,
// such as those of countries, neither tell two sub-domains apart nor make them alike.
func labels(a, b []appearance) Likeness {
	restA, restB := lacking(a, b), lacking(b, a)
	if len(restA) == 0 || len(restA) != len(restB) {
		return Unlike
	}
	found := Similar
	for i := range restA {
		found = min(found, labelLikeness(restA[i], restB[i]))
	}
	return found
}

// lacking returns the labels of three letters and more that the other domain lacks.
func lacking(in, from []appearance) []appearance {
	const letters = 3
	var rest []appearance
	for _, label := range in {
		word := label.forms[plain].joined()
		there := slices.ContainsFunc(from, func(x appearance) bool { return x.forms[plain].joined() == word })
		if !there && len([]rune(word)) >= letters {
			rest = append(rest, label)
		}
	}
	return rest
}

// labelLikeness compares two labels that differ. Where the skeletons are the same, this is all there is to say: the letters that
// make them collide are the ones by which they are near.
func labelLikeness(a, b appearance) Likeness {
	if found := collide(a, b); found != Unlike {
		return found
	}
	for form := range a.forms {
		if !nearest.Within([]rune(a.forms[form].joined()), []rune(b.forms[form].joined()), 1) {
			continue
		}
		if a.ascii && b.ascii && form != plain {
			return Maybe
		}
		return Similar
	}
	return Unlike
}

// replies compares the mailboxes that answers go to.
func replies(a, b *face) (Likeness, string) {
	switch {
	case a.replyTo.IsZero() || b.replyTo.IsZero() || a.replyTo.Folded() != b.replyTo.Folded():
		return Unlike, ""
	case a.replyTo.Exact() == b.replyTo.Exact():
		return Similar, "they have the same reply_to"
	default:
		return Similar, "their reply_to are two spellings of one mailbox"
	}
}

// complaints compares the mailboxes that complaints go to.
func complaints(a, b *face) (Likeness, string) {
	switch {
	case a.complaints.IsZero() || b.complaints.IsZero() || a.complaints.Folded() != b.complaints.Folded():
		return Unlike, ""
	case a.complaints.Exact() == b.complaints.Exact():
		return Similar, "their departments have the same complaints_to"
	default:
		return Similar, "the complaints_to of their departments are two spellings of one mailbox"
	}
}

// closeness is what the comparison of one form says, the closest last.
type closeness int

const (
	apart closeness = iota
	near            // what is left differs by two letters at most
	begins
	generic   // what is left tells no sender from another
	contained // nothing is left on one side
	same
)

func (c closeness) why() string {
	switch c {
	case same:
		return "look the same"
	case contained:
		return "differ only by words that one of them adds"
	case generic:
		return "differ, without the words both have, by generic words alone"
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
// make modern and modem collide are the ones by which they are near. Without a
// vocabulary no word is generic.
func compare(a, b appearance, v *vocabulary) (Likeness, string) {
	asWritten := closenessOf(a.forms[plain], b.forms[plain], v.in(plain))
	toTheEye := max(closenessOf(a.forms[lowered], b.forms[lowered], v.in(lowered)), closenessOf(a.forms[cased], b.forms[cased], v.in(cased)))
	switch {
	case !a.ascii || !b.ascii:
		closest := max(asWritten, toTheEye)
		if closest == apart {
			return Unlike, ""
		}
		return Similar, closest.why()
	case asWritten >= generic || asWritten > apart && toTheEye != same:
		return Similar, asWritten.why()
	case toTheEye > apart:
		return Maybe, toTheEye.why()
	default:
		return Unlike, ""
	}
}

// closenessOf compares one form of two texts, each a list of words.
func closenessOf(a, b words, known wordSet) closeness {
	if a.joined() == b.joined() {
		return same
	}
	onlyA, onlyB := known.withoutFillers(a.without(b)), known.withoutFillers(b.without(a))
	restA, restB := onlyA.joined(), onlyB.joined()
	const letters, edits = 5, 2
	switch {
	case restA == restB:
		return same
	case restA == "" || restB == "":
		return contained
	case strings.HasPrefix(restA, restB) || strings.HasPrefix(restB, restA):
		return begins
	case known.areGeneric(onlyA) && known.areGeneric(onlyB):
		return generic
	}
	runesA, runesB := []rune(restA), []rune(restB)
	if len(runesA) >= letters && len(runesB) >= letters && nearest.Within(runesA, runesB, edits) {
		return near
	}
	return apart
}
