package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// GetCatalog returns a version of the catalog; 0 is the latest. Errors: NO_CATALOG, CATALOG_NOT_FOUND.
func (s *Service) GetCatalog(ctx context.Context, version int64) (CatalogVersion, error) {
	head, err := s.store.Head(ctx)
	if err != nil {
		return CatalogVersion{}, faultOf(err)
	}
	if _, err := s.admit(ctx, &head); err != nil {
		return CatalogVersion{}, err
	}
	versions, err := s.catalogs.upTo(ctx, &head)
	if err != nil {
		return CatalogVersion{}, err
	}
	if version == 0 {
		version = head.CatalogVersion
	}
	if version > head.CatalogVersion {
		return CatalogVersion{}, fault.Errorf(fault.CatalogNotFound, "version",
			"there is no such version; the latest is %d", head.CatalogVersion)
	}
	c := versions[version-1]
	return CatalogVersion{
		Version: c.Version, Document: c.Document, ETag: etag(&c.Catalog), Effective: c.Effective, Recorded: c.Recorded,
		Position: c.Position,
	}, nil
}

// etag names a version of the catalog.
func etag(c *storage.Catalog) string {
	return fmt.Sprintf("%d-%s", c.Version, hex.EncodeToString(c.SHA256[:8]))
}

// CheckCatalog says what is wrong with a document by itself, as ApplyCatalog would. Error: INVALID_CATALOG.
func CheckCatalog(name, document string) error {
	_, _, err := catalog.Parse(name, []byte(document))
	return invalidCatalog(err)
}

// ApplyCatalog applies a document as the next version. One that is the latest already changes nothing. A client of one department
// changes the parts of its department only, see [catalog.CheckDepartment], and no first catalog. Errors: INVALID_CATALOG, VERSION_IN_USE,
// IN_USE, ETAG_MISMATCH, OTHER_DEPARTMENT.
func (s *Service) ApplyCatalog(ctx context.Context, in ApplyCatalog) (AppliedCatalog, error) {
	if err := Need(ctx, ScopeCatalog); err != nil {
		return AppliedCatalog{}, err
	}
	if in.Name == "" {
		in.Name = "catalog"
	}
	parsed, warnings, err := catalog.Parse(in.Name, []byte(in.Document))
	if err != nil {
		return AppliedCatalog{}, invalidCatalog(err)
	}
	applied := AppliedCatalog{}
	for _, w := range warnings {
		applied.Warnings = append(applied.Warnings, w.String())
	}
	if !parsed.Policy.ClaimsPeriod.IsZero() && !s.keys.HasClaimsKey() {
		applied.Warnings = append(applied.Warnings, "the policy claims_period wants evidence of erased persons kept for an officer, and the "+
			"key file has no officer's key: until there is one, made with `assent keys claims`, every erasure is refused with NO_CLAIMS_KEY")
	}
	m := member{}
	return idempotent(ctx, s, &m, in.Idempotency, nil, func(w *work) (AppliedCatalog, bool, error) {
		return w.applyCatalog(&in, parsed, applied)
	})
}

// invalidCatalog tells the problems of a document, one violation each.
func invalidCatalog(err error) error {
	var invalid *catalog.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	e := &fault.Error{Code: fault.InvalidCatalog, Field: "document", Message: "the catalog has problems; nothing was applied"}
	e.Violations = violationsOf(invalid)
	for _, p := range invalid.Problems {
		switch p.Code {
		case catalog.CodeVersionInUse:
			e.Code = fault.VersionInUse
		case catalog.CodeInUse:
			e.Code = fault.InUse
		case catalog.CodeOtherDepartment: // CheckDepartment alone gives it; see mayApply.
			e.Code = fault.OtherDepartment
		}
	}
	return e
}

// violationsOf returns a violation for each problem of a document: its file, line and path, and what would be right.
func violationsOf(invalid *catalog.Invalid) []fault.Violation {
	list := make([]fault.Violation, len(invalid.Problems))
	for i, p := range invalid.Problems {
		list[i] = fault.Violation{Field: "document", Message: p.String()}
	}
	return list
}

// mayApply returns an error unless the caller may put the document in the place of the versions that it would end. A client of one department
// is held to each of them: to the one that is in force when the document begins to be, and to those that are still to come and never would.
func (w *work) mayApply(parsed *catalog.Catalog, effective consent.Instant, versions []catalogVersion) error {
	if w.who.AllDepartments {
		return nil
	}
	begin := consent.Instant(math.MaxInt64)
	for i := len(versions) - 1; i >= 0; i-- {
		v := &versions[i]
		if v.Effective >= begin { // A later version took its place before it came into force.
			continue
		}
		begin = v.Effective
		var invalid *catalog.Invalid
		if errors.As(catalog.CheckDepartment(v.parsed, parsed, w.who.Department), &invalid) {
			return &fault.Error{
				Code: fault.OtherDepartment, Field: "document", Violations: violationsOf(invalid),
				Message: fmt.Sprintf("a client of the department %s changes the channels, sender identities and declarations of its department only; "+
					"put everything else as catalog version %d has it, or let a client of all departments apply the document", w.who.Department, v.Version),
			}
		}
		if v.Effective <= effective {
			break
		}
	}
	return nil
}

func (w *work) applyCatalog(in *ApplyCatalog, parsed *catalog.Catalog, applied AppliedCatalog) (AppliedCatalog, bool, error) {
	next := storage.Catalog{
		Version: w.head.CatalogVersion + 1, Position: w.head.Position + 1, Recorded: w.recorded,
		SHA256: sha256.Sum256([]byte(in.Document)), Document: in.Document,
	}
	if err := w.who.need(ScopeCatalog); err != nil {
		return applied, false, err
	}
	if w.head.CatalogVersion > 0 {
		versions, err := w.service.catalogs.upTo(w.ctx, &w.head)
		if err != nil {
			return applied, false, err
		}
		latest := &versions[len(versions)-1]
		if in.ETag != "" && in.ETag != etag(&latest.Catalog) {
			return applied, false, fault.Errorf(fault.EtagMismatch, "etag",
				"the catalog has changed since; read it again and apply your change to that")
		}
		if latest.SHA256 == next.SHA256 {
			applied.Version, applied.ETag, applied.Unchanged = latest.Version, etag(&latest.Catalog), true
			return applied, !in.ValidateOnly, nil
		}
		if next.Effective, err = w.effectiveFrom(parsed); err != nil {
			return applied, false, err
		}
		if latest.Effective > next.Effective {
			applied.Warnings = append(applied.Warnings, fmt.Sprintf("version %d, which was to be in force from %s, never will be: "+
				"apply it again, with a later effective_time, if it is still wanted", latest.Version, latest.Effective))
		}
		if err := w.mayApply(parsed, next.Effective, versions); err != nil {
			return applied, false, err
		}
		if err := catalog.CheckSuccessor(latest.parsed, parsed, w.refUsed); err != nil {
			return applied, false, invalidCatalog(err)
		}
	} else if in.ETag != "" {
		return applied, false, fault.Errorf(fault.EtagMismatch, "etag", "there is no catalog yet; leave the etag out")
	} else if err := w.who.needAllDepartments("the first catalog says for the whole company"); err != nil {
		return applied, false, err
	}
	if in.ValidateOnly {
		return applied, false, nil
	}
	applied.Version, applied.ETag, applied.Position = next.Version, etag(&next), next.Position
	return applied, true, w.putCatalog(&next)
}

// effectiveFrom returns from when a catalog after the first is in force: now, or later as it says.
func (w *work) effectiveFrom(parsed *catalog.Catalog) (consent.Instant, error) {
	if parsed.EffectiveTime == nil {
		return w.recorded, nil
	}
	from := consent.InstantOf(*parsed.EffectiveTime)
	if from < w.recorded {
		return 0, fault.Errorf(fault.InvalidCatalog, "document",
			"effective_time lies in the past: decisions of the past would change; leave it out for now, or name a later time")
	}
	return from, nil
}

// refUsed reports whether an event refers to a part of the catalog.
func (w *work) refUsed(ref catalog.Ref) bool {
	kind, ok := map[catalog.RefKind]consent.RefKind{
		catalog.RefChannel: consent.RefChannel, catalog.RefSenderIdentity: consent.RefSender,
		catalog.RefDepartment: consent.RefDepartment, catalog.RefController: consent.RefController,
		catalog.RefDeclarationVersion: consent.RefDeclaration,
	}[ref.Kind]
	if !ok {
		return true // What is not known to be unused is not let go.
	}
	_, used := w.names.Number(kind, ref.Name)
	return used
}

// putCatalog records a version of the catalog, and gives its names their numbers.
func (w *work) putCatalog(c *storage.Catalog) error {
	facts := consent.Facts{
		Kind: consent.KindCatalog, CatalogVersion: c.Version, Effective: c.Effective, Document256: c.SHA256,
	}
	event := consent.Event{Occurred: w.recorded, Facts: facts}
	var err error
	if event.Key, err = w.service.keys.EventKey(codec.EventKeyInput(w.recorded, &facts, "", &consent.Evidence{})); err != nil {
		return err
	}
	var sum [32]byte
	if w.head.CatalogVersion > 0 {
		versions, err := w.service.catalogs.upTo(w.ctx, &w.head)
		if err != nil {
			return err
		}
		sum = versions[len(versions)-1].sum
	}
	w.append(&event, nil)
	w.head.CatalogVersion, w.head.CatalogsSum = c.Version, sumCatalog(sum, c)
	w.catalogs = append(w.catalogs, *c)
	return nil
}
