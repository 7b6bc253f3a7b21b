package feed

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// DecidesOtherwise reports whether one catalog may decide otherwise on a channel than the one before it. What people only read, such as names
// and texts, does not count.
func DecidesOtherwise(before, after *catalog.Catalog, channel string) bool {
	was, had := before.Channel(channel)
	is, has := after.Channel(channel)
	if !had || !has || !sameChannel(was, is) || before.Policy.ExistingCustomerLapsesAfter != after.Policy.ExistingCustomerLapsesAfter {
		return true
	}
	if !sameLimits(before, after, channel) {
		return true
	}
	for _, id := range was.Honours {
		a, had := before.Channel(id)
		b, has := after.Channel(id)
		if !had || !has || !sameChannel(a, b) {
			return true
		}
	}
	return !sameSender(before, after, was.DefaultSender()) || reopensOtherwise(before, after) ||
		lacksDeclaration(before, after, channel) || lacksDeclaration(after, before, channel)
}

// sameChannel reports whether two versions of a channel decide the same. The pattern of references is about messages, not about people.
func sameChannel(a, b *catalog.Channel) bool {
	return a.Department == b.Department && a.Controller == b.Controller && a.Class == b.Class && a.Refusable == b.Refusable &&
		a.Retired == b.Retired && a.NoticeRequired == b.NoticeRequired && a.ConsentLapsesAfter == b.ConsentLapsesAfter && asksTheSame(a, b) &&
		slices.Equal(a.LegalBases, b.LegalBases) && slices.Equal(a.Honours, b.Honours) && slices.Equal(a.Goods, b.Goods) &&
		a.DefaultSender() == b.DefaultSender()
}

// sameLimits reports whether messages on the channel wait at the same times. What is only observed does not count.
func sameLimits(before, after *catalog.Catalog, channel string) bool {
	was, is := before.Limits(channel), after.Limits(channel)
	was, is = was.Enforced(), is.Enforced()
	return was.Equal(&is)
}

// asksTheSame reports whether two versions of a channel ask the same of a consent.
func asksTheSame(a, b *catalog.Channel) bool {
	return a.DoubleOptIn == b.DoubleOptIn && slices.Equal(a.EvidenceRequired, b.EvidenceRequired)
}

func sameSender(before, after *catalog.Catalog, id string) bool {
	a, had := before.SenderIdentity(id)
	b, has := after.SenderIdentity(id)
	return had == has && (!had || a.Department == b.Department && a.Retired == b.Retired)
}

// reopensOtherwise reports whether some channel asks otherwise of a consent: a consent on any channel may end a hard bounce.
func reopensOtherwise(before, after *catalog.Catalog) bool {
	return slices.ContainsFunc(before.Channels, func(was catalog.Channel) bool {
		is, ok := after.Channel(was.ID)
		return !ok || !asksTheSame(&was, is)
	}) || slices.ContainsFunc(before.Declarations, func(d catalog.Declaration) bool {
		return slices.ContainsFunc(d.Versions, func(v catalog.DeclarationVersion) bool { return !hasDeclaration(after, &v) })
	})
}

// lacksDeclaration reports whether a catalog has a version of a declaration for a channel that the other lacks.
func lacksDeclaration(a, b *catalog.Catalog, channel string) bool {
	return slices.ContainsFunc(a.Declarations, func(d catalog.Declaration) bool {
		return slices.ContainsFunc(d.Versions, func(v catalog.DeclarationVersion) bool { return v.Covers(channel) && !hasDeclaration(b, &v) })
	})
}

// hasDeclaration reports whether a catalog has a version of a declaration that counts as the one given.
func hasDeclaration(c *catalog.Catalog, v *catalog.DeclarationVersion) bool {
	same, ok := c.Declaration(v.ID, v.Version)
	return ok && same.Kind == v.Kind && same.CountsAs == v.CountsAs && slices.Equal(same.Channels, v.Channels)
}
