package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/assent-io/assent/internal/catalog/problem"
	"github.com/assent-io/assent/internal/yamltext"
)

// CheckDepartment reports whether a client of one department may replace old by next, both from Parse. Such a client changes
// the channels and sender identities of its department, and the declarations that cover no other channels. Everything else
// has to mean what it meant: a field that is added to a catalog later is compared without further work. Comments and the
// order of the parts are free, for no decision reads them.
//
// Some fields of the department's own parts concern another department, too, and stay as they are: the department itself,
// the channels of others that a channel honours, the acceptance of a likeness to another department's identity and what a
// person sees of an identity under such an acceptance. A channel may not take up another department's sender identity.
//
// The error is an *Invalid; its problems have the code OTHER_DEPARTMENT, with lines of the next document where it has the
// part.
//
// An effective_time may be left out, or be that of old.
func CheckDepartment(old, next *Catalog, department string) error {
	c := &departmentCheck{old: old, next: next, department: department}
	c.shared()
	c.effectiveTime()
	c.channels()
	c.senderIdentities()
	c.declarations()
	if len(c.problems) > 0 {
		return &Invalid{Problems: problem.InOrder(c.problems)}
	}
	return nil
}

// departmentCheck compares two catalogs on behalf of a department.
type departmentCheck struct {
	old, next  *Catalog
	department string
	problems   []Problem
}

func (c *departmentCheck) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		File: c.next.file, Line: c.next.lines.Of(path), Path: path, Message: fmt.Sprintf(format, args...), Code: CodeOtherDepartment,
	})
}

// shared compares what belongs to no department, the departments among it.
func (c *departmentCheck) shared() {
	old, next := reflect.ValueOf(*c.old), reflect.ValueOf(*c.next)
	for _, field := range reflect.VisibleFields(old.Type()) {
		switch field.Name {
		case "Channels", "SenderIdentities", "Declarations", "EffectiveTime":
			continue
		}
		if field.IsExported() {
			c.same(keyOf(field.Name), old.FieldByIndex(field.Index), next.FieldByIndex(field.Index), "it applies to the whole company")
		}
	}
}

// effectiveTime refuses a time of the document's own: until then no other department could change anything without ending it.
func (c *departmentCheck) effectiveTime() {
	if next, old := c.next.EffectiveTime, c.old.EffectiveTime; next != nil && (old == nil || !next.Equal(*old)) {
		c.add("effective_time", "it applies to the whole company; omit it, or give the time of a version that is not in force yet")
	}
}

func (c *departmentCheck) channels() {
	pairs(c.old.Channels, c.next.Channels, func(x *Channel) string { return x.ID }, func(i int, old, next *Channel) {
		if c.ownsChannel(either(old, next).ID) {
			c.ownChannel(at("channels", i), old, next)
			return
		}
		c.part("channels", i, old, next, either(old, next).ID, ofDepartments(
			old, next, func(x *Channel) string { return x.Department }))
	})
}

// ownsChannel reports whether the channel is of the department in both catalogs, as far as they have it.
func (c *departmentCheck) ownsChannel(id string) bool {
	old, was := c.old.Channel(id)
	next, is := c.next.Channel(id)
	return (was || is) && (!was || old.Department == c.department) && (!is || next.Department == c.department)
}

func (c *departmentCheck) ownsSender(id string) bool {
	old, was := c.old.SenderIdentity(id)
	next, is := c.next.SenderIdentity(id)
	return (was || is) && (!was || old.Department == c.department) && (!is || next.Department == c.department)
}

// ownChannel compares what a channel of the department says of other departments.
func (c *departmentCheck) ownChannel(path string, old, next *Channel) {
	if next == nil {
		return
	}
	if old == nil {
		old = &Channel{}
	}
	for _, id := range next.Honours {
		if !c.ownsChannel(id) && !slices.Contains(old.Honours, id) {
			c.add(path+".honours", "it newly honours %s, a channel of another department, and would show the refusals of that channel",
				yamltext.Quote(id))
		}
	}
	for _, id := range old.Honours {
		if !c.ownsChannel(id) && !slices.Contains(next.Honours, id) {
			c.add(path+".honours", "it no longer honours %s, a channel of another department", yamltext.Quote(id))
		}
	}
	for _, id := range next.SenderIdentities {
		if !c.ownsSender(id) && !slices.Contains(old.SenderIdentities, id) {
			c.add(path+".sender_identities", "it newly uses %s, a sender identity of another department", yamltext.Quote(id))
		}
	}
}

func (c *departmentCheck) senderIdentities() {
	pairs(c.old.SenderIdentities, c.next.SenderIdentities, func(x *SenderIdentity) string { return x.ID },
		func(i int, old, next *SenderIdentity) {
			if c.ownsSender(either(old, next).ID) {
				c.ownSender(at("sender_identities", i), old, next)
				return
			}
			c.part("sender_identities", i, old, next, either(old, next).ID, ofDepartments(
				old, next, func(x *SenderIdentity) string { return x.Department }))
		})
}

// ownSender holds an identity of the department to the likenesses that were accepted.
func (c *departmentCheck) ownSender(path string, old, next *SenderIdentity) {
	if next == nil {
		return
	}
	if old == nil {
		old = &SenderIdentity{}
	}
	was, is := c.likeOther(old), c.likeOther(next)
	if !reflect.DeepEqual(was, is) {
		c.add(path+".lookalike_accepted", "this department cannot allow a likeness to a sender identity of another department")
		return
	}
	if old.ID != "" && (was != nil || c.acceptedByOther(old.ID)) && (old.From != next.From || old.ReplyTo != next.ReplyTo) {
		c.add(path+".from", "its name and addresses cannot change, because lookalike_accepted names a sender identity of another department")
	}
}

// likeOther returns the acceptance of a likeness to another department's identity; nil without one.
func (c *departmentCheck) likeOther(s *SenderIdentity) *LookalikeAcceptance {
	if s.LookalikeAccepted == nil || c.ownsSender(s.LookalikeAccepted.With) {
		return nil
	}
	return s.LookalikeAccepted
}

// acceptedByOther reports whether another department's identity may look like that of the id.
func (c *departmentCheck) acceptedByOther(id string) bool {
	return slices.ContainsFunc(c.old.SenderIdentities, func(s SenderIdentity) bool {
		return s.LookalikeAccepted != nil && s.LookalikeAccepted.With == id && !c.ownsSender(s.ID)
	})
}

func (c *departmentCheck) declarations() {
	pairs(c.old.Declarations, c.next.Declarations, func(x *Declaration) string { return x.ID }, func(i int, old, next *Declaration) {
		if !c.ownsDeclaration(old) || !c.ownsDeclaration(next) {
			c.part("declarations", i, old, next, either(old, next).ID, "it covers channels of other departments")
		}
	})
}

// ownsDeclaration reports whether every version covers channels of the department only.
func (c *departmentCheck) ownsDeclaration(d *Declaration) bool {
	return d == nil || !slices.ContainsFunc(d.Versions, func(v DeclarationVersion) bool {
		return len(v.Channels) == 0 || slices.ContainsFunc(v.Channels, func(id string) bool { return !c.ownsChannel(id) })
	})
}

// part compares a part that is not the department's own. Either pointer may be nil.
func (c *departmentCheck) part(list string, i int, old, next any, id, whose string) {
	was, is := reflect.ValueOf(old), reflect.ValueOf(next)
	switch {
	case was.IsNil():
		c.add(at(list, i), "%s is new, and %s", yamltext.Quote(id), whose)
	case is.IsNil():
		c.add(list, "%s was removed, and %s", yamltext.Quote(id), whose)
	default:
		c.same(at(list, i), was.Elem(), is.Elem(), whose)
	}
}

// same compares two values of one type and names the parts that differ. What has a place of its own further up is left out:
// the controller of a channel is that of its department.
func (c *departmentCheck) same(path string, old, next reflect.Value, whose string) {
	switch {
	case reflect.DeepEqual(meaningOf(old), meaningOf(next)):
	case old.Kind() == reflect.Slice && old.Type().Elem().Kind() == reflect.Struct && hasName(old.Type().Elem()):
		c.sameList(path, old, next, whose)
	case old.Kind() == reflect.Struct && hasExported(old.Type()):
		for _, field := range reflect.VisibleFields(old.Type()) {
			if field.IsExported() && !isDerived(old.Type(), field.Name) {
				c.same(path+"."+keyOf(field.Name), old.FieldByIndex(field.Index), next.FieldByIndex(field.Index), whose)
			}
		}
	case old.Kind() == reflect.Pointer && !old.IsNil() && !next.IsNil() && hasExported(old.Type().Elem()):
		c.same(path, old.Elem(), next.Elem(), whose)
	default:
		c.add(path, "it differs from the current catalog, and %s", whose)
	}
}

// namesOfParts returns the fields that may name the parts of a list, the first that a part has. Quiet hours and freezes have none.
func namesOfParts() []string { return []string{"Version", "Client", "ID"} }

func hasName(part reflect.Type) bool {
	return slices.ContainsFunc(namesOfParts(), func(field string) bool { _, ok := part.FieldByName(field); return ok })
}

// sameList compares two lists of parts by the names of these.
func (c *departmentCheck) sameList(path string, old, next reflect.Value, whose string) {
	name := func(v reflect.Value) string {
		for _, field := range namesOfParts() {
			if named := v.FieldByName(field); named.IsValid() {
				return named.String()
			}
		}
		return ""
	}
	for i := range next.Len() {
		was := -1
		for j := range old.Len() {
			if name(old.Index(j)) == name(next.Index(i)) {
				was = j
			}
		}
		if was < 0 {
			c.add(at(path, i), "%s is new, and %s", yamltext.Quote(name(next.Index(i))), whose)
			continue
		}
		c.same(at(path, i), old.Index(was), next.Index(i), whose)
	}
	for j := range old.Len() {
		kept := false
		for i := range next.Len() {
			kept = kept || name(old.Index(j)) == name(next.Index(i))
		}
		if !kept {
			c.add(path, "%s was removed, and %s", yamltext.Quote(name(old.Index(j))), whose)
		}
	}
}

// meaningOf returns the value without what is derived or made ready: an empty list is none, a compiled pattern is its text.
func meaningOf(v reflect.Value) any {
	if v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil
	}
	if channel, ok := v.Interface().(Channel); ok {
		channel.reference, channel.Controller = nil, ""
		return channel
	}
	return v.Interface()
}

// isDerived reports whether a field repeats what stands elsewhere in the document.
func isDerived(t reflect.Type, field string) bool {
	switch t {
	case reflect.TypeFor[Channel]():
		return field == "Controller"
	case reflect.TypeFor[DeclarationVersion]():
		return field == "ID" || field == "Kind"
	default:
		return false
	}
}

func hasExported(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.IsExported() })
}

// keyOf returns the key that a field has in a document: LegalBases is legal_bases, DecisionTTL is decision_ttl.
func keyOf(field string) string {
	var b strings.Builder
	runes := []rune(field)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// pairs calls f for each part of either list with its index in the next one: -1, and nil for next, if it is gone; nil for old
// if it is new.
func pairs[T any](old, next []T, id func(*T) string, f func(i int, old, next *T)) {
	was, is := byID(old, id), byID(next, id)
	for i := range next {
		f(i, was[id(&next[i])], &next[i])
	}
	for i := range old {
		if is[id(&old[i])] == nil {
			f(-1, &old[i], nil)
		}
	}
}

func either[T any](old, next *T) *T {
	if next != nil {
		return next
	}
	return old
}

// ofDepartments says which department a part belongs to, or did.
func ofDepartments[T any](old, next *T, department func(*T) string) string {
	if old == nil || next != nil && department(old) == department(next) {
		return "it belongs to the department " + yamltext.Quote(department(next))
	}
	if next == nil {
		return "it belongs to the department " + yamltext.Quote(department(old))
	}
	return fmt.Sprintf("it would move from the department %s to %s", yamltext.Quote(department(old)), yamltext.Quote(department(next)))
}
