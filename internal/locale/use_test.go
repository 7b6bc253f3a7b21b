package locale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/sends"
)

// sets are the keys that are made of the members of closed sets, without their beginning.
func sets() map[string][]string {
	of := map[string][]string{
		"basis.": texts(catalog.BasisConsent, catalog.BasisExistingCustomer, catalog.BasisTerms, catalog.BasisContract,
			catalog.BasisLegalObligation),
		"class.": texts(catalog.ClassMarketing, catalog.ClassTransactional, catalog.ClassLegalNotice),
		"suppression.": texts(consent.ReasonLegalBlock, consent.ReasonProcessingRestricted, consent.ReasonHardBounce,
			consent.ReasonManual, consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased, consent.ReasonExternalList,
			consent.ReasonUnsubscribeUnclear),
		"source.": texts(consent.SourceWebForm, consent.SourceDoubleOptIn, consent.SourceAPI, consent.SourceImport, consent.SourcePaper,
			consent.SourceInPerson, consent.SourcePhone),
		"scope.": texts(string(consent.ScopeAll), string(consent.ScopeMarketing), consent.ScopeController, consent.ScopeDepartment, consent.ScopeSender),
		"form.":  {"exact", "folded", "mail", "domain"},
		"of.":    {"spelling", "domain"},
		"retention.": {
			"evidence.period", "requests.period", "disclosures.period", "hard_bounces.period",
			"evidence.noEnd", "requests.noEnd", "disclosures.noEnd", "hard_bounces.noEnd", "claims",
		},
		"message.":    texts(campaign.ContactSent, campaign.ContactReserved, campaign.ContactPlanned),
		"case.kind.":  texts(casework.Kinds()...),
		"case.state.": texts(casework.States()...),
		"notice.": texts(sends.SendConcerns, alarm.Opened, alarm.Assigned, alarm.HandedOver, alarm.Returned, alarm.Deputy, alarm.Silent, alarm.DueSoon,
			alarm.Overdue, alarm.Escalated, alarm.LawDueSoon, alarm.LawOverdue),
		"role.": texts(catalog.RoleOwnDepartment, catalog.RoleProcessor, catalog.RoleOtherController),
	}
	for _, kind := range casework.Kinds() {
		of["case.outcome."] = append(of["case.outcome."], texts(casework.Outcomes(kind)...)...)
	}
	of["event.grant."], of["records.persons."], of["records.purpose."] = of["basis."], of["basis."], of["class."]
	of["draft.allowed."] = of["basis."]
	of["records.role."] = texts(catalog.RoleOwnDepartment, catalog.RoleProcessor, catalog.RoleOtherController)
	of["proof.verdict."] = []string{"ALLOW", "DENY", "DEFER"}
	for _, beginning := range []string{"records.own.", "records.ownPurpose.", "records.ownBasis."} {
		of[beginning] = []string{"proof", "block", "log", "delivery", "lists", "rights"}
	}
	for _, code := range consent.AllCodes() {
		of["reason."] = append(of["reason."], string(code)+".explanation")
		if !strings.HasPrefix(string(code), "ALLOW_") {
			of["reason."] = append(of["reason."], string(code)+".remedy")
		}
	}
	of["reason."] = append(of["reason."], "CONSENT_LAPSED.contact.explanation") // Where contacts have a part in it.
	for _, kind := range consent.Kinds() {
		of["kind."] = append(of["kind."], kind.String())
	}
	return of
}

func texts[T ~string](members ...T) []string {
	list := make([]string, len(members))
	for i, member := range members {
		list[i] = string(member)
	}
	return list
}

func TestKeys_EachMemberOfAClosedSetHasItsOwn(t *testing.T) {
	keys := locale.Keys()
	for beginning, members := range sets() {
		for _, member := range members {
			if !slices.Contains(keys, beginning+member) {
				t.Errorf("%s%s is missing", beginning, member)
			}
		}
	}
	var reasons []string
	for _, key := range keys {
		if strings.HasPrefix(key, "reason.") {
			reasons = append(reasons, strings.TrimPrefix(key, "reason."))
		}
	}
	want := slices.Sorted(slices.Values(sets()["reason."]))
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("the reasons in the files are not those of decisions:\n%s", diff)
	}
}

// source is what the program says of keys.
type source struct {
	literals map[string]bool
	calls    []call
}

// call is one of [locale.Fill] or [locale.Count], or of the same name for the pages of recipients, with a key and values that are written out.
type call struct {
	where  token.Position
	key    string
	values []string
}

// readSource reads the Go files of the program and the templates beside them.
func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{literals: map[string]bool{}}
	root, files := filepath.Join("..", ".."), token.NewFileSet()
	inTemplate := regexp.MustCompile(`\bt "([^"]+)"`)
	for _, folder := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(path, ".html"), strings.HasSuffix(path, ".html.tmpl"):
				document, err := os.ReadFile(path)
				for _, match := range inTemplate.FindAllSubmatch(document, -1) {
					s.literals[string(match[1])] = true
					s.calls = append(s.calls, call{token.Position{Filename: path}, string(match[1]), nil})
				}
				return err
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
				if err == nil {
					ast.Inspect(file, func(n ast.Node) bool { s.see(files, n); return true })
				}
				return err
			default:
				return nil
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func literal(n ast.Node) (string, bool) {
	if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
		text, err := strconv.Unquote(l.Value)
		return text, err == nil
	}
	return "", false
}

// names returns the keys of a map that is written out.
func names(written *ast.CompositeLit) []string {
	var list []string
	for _, element := range written.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if name, ok := literal(pair.Key); ok {
				list = append(list, name)
			}
		}
	}
	return list
}

func (s *source) see(files *token.FileSet, n ast.Node) {
	if text, ok := literal(n); ok {
		s.literals[text] = true
	}
	c, ok := n.(*ast.CallExpr)
	if !ok || len(c.Args) == 0 {
		return
	}
	function, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	switch of := function.X.(type) {
	case *ast.Ident:
		ok = of.Name == "locale"
	case *ast.SelectorExpr:
		ok = of.Sel.Name == "texts" // of the pages of recipients, which have the same methods
	default:
		ok = false
	}
	if !ok {
		return
	}
	key, ok := literal(c.Args[0])
	if !ok {
		return
	}
	seen := call{where: files.Position(c.Pos()), key: key}
	switch function.Sel.Name {
	case "Get":
	case "Fill", "Count":
		if function.Sel.Name == "Count" {
			seen.key, seen.values = key+".other", []string{"n"}
		}
		values := c.Args[len(c.Args)-1]
		if written, ok := values.(*ast.CompositeLit); ok {
			seen.values = append(seen.values, names(written)...)
		} else if name, ok := values.(*ast.Ident); !ok || name.Name != "nil" {
			return
		}
	default:
		return
	}
	slices.Sort(seen.values)
	s.calls = append(s.calls, seen)
}

func TestKeys_WhatTheProgramAsksFor_IsThereWithItsPlaceholders(t *testing.T) {
	calls := readSource(t).calls
	if len(calls) < 100 {
		t.Fatalf("only %d uses of texts were found", len(calls))
	}
	for _, c := range calls {
		text, ok := locale.Find(c.key)
		if !ok {
			t.Errorf("%s: there is no text %s", c.where, c.key)
		} else if diff := cmp.Diff(placeholders(text.EN), c.values); diff != "" {
			t.Errorf("%s: %s is filled with other values (-placeholders +values):\n%s", c.where, c.key, diff)
		}
	}
}

func TestKeys_EachIsUsed(t *testing.T) {
	used := readSource(t).literals
	for beginning, members := range sets() {
		for _, member := range members {
			used[beginning+member] = true
		}
	}
	for _, key := range locale.Keys() {
		counted := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		if !used[key] && !used[counted] && (counted == key || !strings.HasPrefix(key, "kind.")) && !describesRest(key) {
			t.Errorf("%s is not used", key)
		}
	}
}

// describesRest reports whether the key is that of an event that says no more than its kind.
func describesRest(key string) bool {
	kind, ok := strings.CutPrefix(key, "event.")
	return ok && slices.Contains(sets()["kind."], kind)
}
