package scenario

import (
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // The form of the lists.
	"crypto/sha512"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

// externalList reads an external list.
func (d *decoder) externalList(node ast.Node) *List {
	o := d.object(node, "a list", "id", "binds", "freshness", "when_stale", "versions")
	if o == nil || !o.require("id", "binds", "versions") {
		return nil
	}
	l := &List{
		Line: o.line, ID: o.text("id"),
		Binds:       consent.Binds(o.oneOf("binds", string(consent.BindsAll), string(consent.BindsExistingCustomer))),
		StaleDenies: o.oneOf("when_stale", "deny", "ignore", "") == "deny",
	}
	if o.has("freshness") {
		p, err := period.Parse(o.text("freshness"))
		if err != nil {
			o.fail("freshness", "%s", err)
		}
		l.Freshness = p
	}
	for _, node := range o.list("versions") {
		if v := d.listVersion(node); v != nil {
			l.Versions = append(l.Versions, *v)
		}
	}
	slices.SortStableFunc(l.Versions, func(a, b ListVersion) int { return cmp.Compare(a.At, b.At) })
	return l
}

func (d *decoder) listVersion(node ast.Node) *ListVersion {
	o := d.object(node, "a version of a list", "at", "obtained_at", "entries", "asked")
	if o == nil || !o.require("at", "entries") {
		return nil
	}
	v := &ListVersion{At: o.instant("at"), Obtained: o.instant("obtained_at"), HasAsked: o.has("asked")}
	if !o.has("obtained_at") {
		v.Obtained = v.At
	}
	v.Entries, v.Asked = o.entries("entries", true), o.entries("asked", false)
	return v
}

// entries reads addresses, and domains after an @ where they may be.
func (o *object) entries(key string, domains bool) []string {
	var list []string
	for _, text := range o.texts(key) {
		domain, isDomain := strings.CutPrefix(text, "@")
		a, err := address.Parse(text)
		canonical := a.Exact()
		if isDomain && domains {
			canonical, err = address.CanonicalDomain(domain)
			canonical = "@" + canonical
		}
		if err != nil {
			o.fail(key, "%s is no address, and no domain after an @", yamltext.Quote(text))
			continue
		}
		list = append(list, canonical)
	}
	return list
}

// Upload returns the version as a file that can be uploaded, and its form.
func (v *ListVersion) Upload() (extlist.Form, []byte) {
	if !v.HasAsked {
		var file []byte
		for _, entry := range v.Entries {
			sum := sha1.Sum([]byte(entry)) //nolint:gosec // As above.
			file = append(file, sum[:]...)
		}
		return extlist.ECGFile, file
	}
	var file bytes.Buffer
	for _, asked := range v.Asked {
		fmt.Fprintf(&file, "asked %x\n", sha512.Sum512([]byte(asked)))
	}
	for _, entry := range v.Entries {
		fmt.Fprintf(&file, "listed %x\n", sha512.Sum512([]byte(strings.TrimPrefix(entry, "@"))))
	}
	return extlist.ECGService, file.Bytes()
}

// consulted returns the external lists as they are at a time.
func (s *Scenario) consulted(at consent.Instant) *extlist.Consulted {
	var inForce []consent.Event
	var versions []*ListVersion
	for i := range s.Lists {
		l := &s.Lists[i]
		for n := range l.Versions {
			v := &l.Versions[n]
			inForce = append(inForce, consent.Event{Position: int64(len(versions)), Occurred: v.At, Facts: consent.Facts{
				Kind: consent.KindList, List: l.ID, Binds: l.Binds, Obtained: v.Obtained, Freshness: l.Freshness, StaleDenies: l.StaleDenies,
			}})
			versions = append(versions, v)
		}
	}
	c, _ := extlist.Consult(extlist.InForce(inForce, at), func(e *consent.Event) (*extlist.Version, error) {
		form, file := versions[e.Position].Upload()
		body, err := extlist.Read(form, bytes.NewReader(file))
		if err != nil {
			body = make([]byte, 8) // A version without entries, which no upload may be.
			form = extlist.ECGService
			if !versions[e.Position].HasAsked {
				body, form = nil, extlist.ECGFile
			}
		}
		return extlist.Parse(form, body)
	})
	return c
}
