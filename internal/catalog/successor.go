package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog/problem"
	"github.com/assent-io/assent/internal/yamltext"
)

// RefKind is a kind of thing in a catalog that events refer to.
type RefKind string

// The kinds of references. The name of a declaration version is id@version.
const (
	RefController         RefKind = "controller"
	RefDepartment         RefKind = "department"
	RefChannel            RefKind = "channel"
	RefSenderIdentity     RefKind = "sender_identity"
	RefDeclarationVersion RefKind = "declaration_version"
)

// Ref names a thing in a catalog.
type Ref struct {
	Kind RefKind
	Name string
}

// CheckSuccessor reports whether next may follow old, both from Parse. What
// events refer to, as used says, has to stay what it was: a declaration
// version that a grant names, be it as the notice that was shown, keeps its
// kind, its channels and its text to the letter, and a notice where it stood
// and that a refusal was offered; a channel keeps class and medium; channels and sender identities
// may be retired but not removed; departments and controllers, which scopes
// name, may not be removed.
//
// The error is an *Invalid; its problems have the code VERSION_IN_USE or
// IN_USE, with lines of the next document: those of the part, or of the list that lacks it.
func CheckSuccessor(old, next *Catalog, used func(Ref) bool) error {
	s := &succession{old: old, next: next, used: used}
	for i := range old.Controllers {
		_, kept := next.Controller(old.Controllers[i].ID)
		s.keep(RefController, old.Controllers[i].ID, kept, "scopes of recorded events name it; put it back")
	}
	for i := range old.Departments {
		_, kept := next.Department(old.Departments[i].ID)
		s.keep(RefDepartment, old.Departments[i].ID, kept, "scopes of recorded events name it; put it back")
	}
	for i := range old.Channels {
		s.channel(&old.Channels[i])
	}
	for i := range old.SenderIdentities {
		_, kept := next.SenderIdentity(old.SenderIdentities[i].ID)
		s.keep(RefSenderIdentity, old.SenderIdentities[i].ID, kept, "recorded events name it; put it back with retired: true")
	}
	for i := range old.Declarations {
		for j := range old.Declarations[i].Versions {
			s.version(&old.Declarations[i].Versions[j])
		}
	}
	if len(s.problems) > 0 {
		return &Invalid{Problems: problem.InOrder(s.problems)}
	}
	return nil
}

type succession struct {
	old, next *Catalog
	used      func(Ref) bool
	problems  []Problem
}

func (s *succession) add(code Code, path, format string, args ...any) {
	s.problems = append(s.problems, Problem{
		File: s.next.file, Line: s.next.lines.Of(path), Path: path, Message: fmt.Sprintf(format, args...), Code: code,
	})
}

// listOf returns the path of the list that holds the parts of a kind: where one that is gone has to be put back.
func listOf(kind RefKind) string {
	switch kind {
	case RefController:
		return "controllers"
	case RefDepartment:
		return "departments"
	case RefChannel:
		return "channels"
	case RefSenderIdentity:
		return "sender_identities"
	default:
		return "declarations"
	}
}

// keep reports a thing that is gone although events refer to it.
func (s *succession) keep(kind RefKind, id string, kept bool, remedy string) {
	if !kept && s.used(Ref{Kind: kind, Name: id}) {
		s.add(CodeInUse, listOf(kind), "the %s %s was removed, but %s", kindName(kind), yamltext.Quote(id), remedy)
	}
}

func kindName(kind RefKind) string { return strings.ReplaceAll(string(kind), "_", " ") }

func (s *succession) channel(old *Channel) {
	next, kept := s.next.Channel(old.ID)
	s.keep(RefChannel, old.ID, kept, "recorded events name it; put it back with retired: true")
	if !kept || next.Class == old.Class && next.Medium == old.Medium || !s.used(Ref{Kind: RefChannel, Name: old.ID}) {
		return
	}
	path := at("channels", slices.IndexFunc(s.next.Channels, func(c Channel) bool { return c.ID == old.ID }))
	if next.Class != old.Class {
		s.add(CodeInUse, path+".class", "the class of the channel %s was %s, and recorded events rely on it; make a new channel for %s",
			yamltext.Quote(old.ID), old.Class, next.Class)
	}
	if next.Medium != old.Medium {
		s.add(CodeInUse, path+".medium", "the medium of the channel %s was %s, and recorded events rely on it; make a new channel for %s",
			yamltext.Quote(old.ID), old.Medium, next.Medium)
	}
}

func (s *succession) version(old *DeclarationVersion) {
	next, kept := s.next.Declaration(old.ID, old.Version)
	if kept && next.Kind == old.Kind && next.Text == old.Text && sameSet(next.Channels, old.Channels) && sameNotice(next, old) {
		return
	}
	if !s.used(Ref{Kind: RefDeclarationVersion, Name: old.Ref()}) {
		return
	}
	if !kept {
		s.add(CodeVersionInUse, s.placeOfVersions(old.ID),
			"the declaration version %s was removed, but grants refer to it; put it back unchanged", yamltext.Quote(old.Ref()))
		return
	}
	path := s.pathOfVersion(next)
	const remedy = "grants refer to it; put it back unchanged and add a new version"
	if next.Kind != old.Kind {
		s.add(CodeVersionInUse, path, "the kind of %s was %s; %s", yamltext.Quote(old.Ref()), old.Kind, remedy)
	}
	if next.Text != old.Text {
		s.add(CodeVersionInUse, path+".text", "the text of %s changed; %s", yamltext.Quote(old.Ref()), remedy)
	}
	if !sameSet(next.Channels, old.Channels) {
		s.add(CodeVersionInUse, path+".channels", "the channels of %s changed; %s", yamltext.Quote(old.Ref()), remedy)
	}
	if next.Kind != old.Kind {
		return // Another kind has no place, and offers no refusal.
	}
	if next.Place != old.Place {
		s.add(CodeVersionInUse, path+".place", "the place of %s changed, and %s", yamltext.Quote(old.Ref()), remedy)
	}
	if next.RefusalOffered != old.RefusalOffered {
		s.add(CodeVersionInUse, path+".refusal_offered", "the refusal_offered of %s changed, and %s", yamltext.Quote(old.Ref()), remedy)
	}
}

// sameNotice reports whether two versions say the same of where a notice stood, and whether a refusal was offered.
func sameNotice(a, b *DeclarationVersion) bool {
	return a.Place == b.Place && a.RefusalOffered == b.RefusalOffered
}

// placeOfVersions returns the path of the versions of a declaration; that of all declarations if the next document lacks it.
func (s *succession) placeOfVersions(id string) string {
	i := slices.IndexFunc(s.next.Declarations, func(d Declaration) bool { return d.ID == id })
	if i < 0 {
		return listOf(RefDeclarationVersion)
	}
	return at("declarations", i) + ".versions"
}

func (s *succession) pathOfVersion(v *DeclarationVersion) string {
	for i := range s.next.Declarations {
		for j := range s.next.Declarations[i].Versions {
			if &s.next.Declarations[i].Versions[j] == v {
				return at(at("declarations", i)+".versions", j)
			}
		}
	}
	return "declarations"
}

// sameSet reports whether both lists, each without repetition, hold the same.
func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}
