package administration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// GetCatalog returns a version of the catalog; 0 is the latest. Errors: NO_CATALOG, CATALOG_NOT_FOUND.
func (s *Admin) GetCatalog(ctx context.Context, version int64) (CatalogVersion, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return CatalogVersion{}, env.StoreFault(err)
	}
	if _, err := s.guard.Admit(ctx, &head); err != nil {
		return CatalogVersion{}, err
	}
	versions, err := s.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return CatalogVersion{}, err
	}
	if version == 0 {
		version = head.CatalogVersion
	}
	if version > head.CatalogVersion {
		return CatalogVersion{}, fault.Errorf(fault.CatalogNotFound, "version",
			"the catalog does not have this version; the latest is %d", head.CatalogVersion)
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
func (s *Admin) ApplyCatalog(ctx context.Context, in ApplyCatalog) (AppliedCatalog, error) {
	if err := access.Need(ctx, access.ScopeCatalog); err != nil {
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
	if !parsed.Policy.ClaimsPeriod.IsZero() && !s.Keys.HasClaimsKey() {
		applied.Warnings = append(applied.Warnings,
			"the policy claims_period requires that evidence of erased persons is kept for an officer, but the "+
				"key file has no officer's key; create one with `assent keys claims`. Until then every erasure is refused with NO_CLAIMS_KEY")
	}
	unlisted, err := s.unlistedRecipients(ctx, parsed)
	if err != nil {
		return AppliedCatalog{}, err
	}
	m := txn.Write{}
	return txn.Idempotent(ctx, s.engine, &m, in.Idempotency, nil, func(tx *txn.Tx) (AppliedCatalog, bool, error) {
		w, applied := s.in(tx), applied
		if len(unlisted) > 0 && w.Caller.AllDepartments { // A department does not learn of the clients of others.
			applied.Warnings = append(slices.Clone(applied.Warnings), fmt.Sprintf("recipients lacks the clients %s: the answer to a request for "+
				"access can name them by their ids only (GDPR Art. 15(1)(c)); list each with name, postal_address, role and country",
				strings.Join(unlisted, ", ")))
		}
		return w.applyCatalog(&in, parsed, applied)
	})
}

// unlistedRecipients returns the ids of the clients that may learn about persons and that a catalog does not list as recipients.
func (s *Admin) unlistedRecipients(ctx context.Context, cat *catalog.Catalog) ([]string, error) {
	_, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var ids []string
	for i := range clients {
		c := &clients[i]
		learns := slices.ContainsFunc(c.Scopes, func(scope string) bool {
			return slices.Contains([]access.Scope{access.ScopeCheck, access.ScopeRead, access.ScopeExport, access.ScopeFeed}, access.Scope(scope))
		})
		if _, listed := cat.Recipient(c.ID); learns && !listed && c.Revoked == 0 {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// invalidCatalog returns the problems of a document, one violation each.
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
func (w *transaction) mayApply(parsed *catalog.Catalog, effective consent.Instant, versions []reference.CatalogVersion) error {
	if w.Caller.AllDepartments {
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
		if errors.As(catalog.CheckDepartment(v.Parsed, parsed, w.Caller.Department), &invalid) {
			return &fault.Error{
				Code: fault.OtherDepartment, Field: "document", Violations: violationsOf(invalid),
				Message: fmt.Sprintf("a client of the department %s changes the channels, sender identities and declarations of its department only; "+
					"keep everything else as in catalog version %d, or let a client of all departments apply the document",
					w.Caller.Department, v.Version),
			}
		}
		if v.Effective <= effective {
			break
		}
	}
	return nil
}

func (w *transaction) applyCatalog(in *ApplyCatalog, parsed *catalog.Catalog, applied AppliedCatalog) (AppliedCatalog, bool, error) {
	next := storage.Catalog{
		Version: w.Head.CatalogVersion + 1, Position: w.Head.Position + 1, Recorded: w.Recorded,
		SHA256: sha256.Sum256([]byte(in.Document)), Document: in.Document,
	}
	if err := w.Caller.Need(access.ScopeCatalog); err != nil {
		return applied, false, err
	}
	if w.Head.CatalogVersion > 0 {
		versions, err := w.CatalogVersions()
		if err != nil {
			return applied, false, err
		}
		latest := &versions[len(versions)-1]
		if in.ETag != "" && in.ETag != etag(&latest.Catalog) {
			return applied, false, fault.Errorf(fault.EtagMismatch, "etag",
				"the catalog has changed since you read it; read it again and apply your change to the new version")
		}
		if latest.SHA256 == next.SHA256 {
			applied.Version, applied.ETag, applied.Unchanged = latest.Version, etag(&latest.Catalog), true
			return applied, !in.ValidateOnly, nil
		}
		if next.Effective, err = w.effectiveFrom(parsed); err != nil {
			return applied, false, err
		}
		if latest.Effective > next.Effective {
			applied.Warnings = append(applied.Warnings, fmt.Sprintf("version %d, which was planned to be in force from %s, will never be in force: "+
				"apply it again, with a later effective_time, if it is still wanted", latest.Version, latest.Effective))
		}
		if err := w.mayApply(parsed, next.Effective, versions); err != nil {
			return applied, false, err
		}
		if err := catalog.CheckSuccessor(latest.Parsed, parsed, w.refUsed); err != nil {
			return applied, false, invalidCatalog(err)
		}
	} else if in.ETag != "" {
		return applied, false, fault.Errorf(fault.EtagMismatch, "etag", "there is no catalog yet; omit the etag")
	} else if err := w.Caller.NeedAllDepartments("the first catalog applies to the whole company"); err != nil {
		return applied, false, err
	}
	if in.ValidateOnly {
		return applied, false, nil
	}
	applied.Version, applied.ETag, applied.Position = next.Version, etag(&next), next.Position
	return applied, true, w.putCatalog(&next)
}

// effectiveFrom returns from when a catalog after the first is in force: now, or later as it says.
func (w *transaction) effectiveFrom(parsed *catalog.Catalog) (consent.Instant, error) {
	if parsed.EffectiveTime == nil {
		return w.Recorded, nil
	}
	from := consent.InstantOf(*parsed.EffectiveTime)
	if from < w.Recorded {
		return 0, fault.Errorf(fault.InvalidCatalog, "document",
			"effective_time lies in the past: decisions of the past would change; leave it out for now, or name a later time")
	}
	return from, nil
}

// refUsed reports whether an event refers to a part of the catalog.
func (w *transaction) refUsed(ref catalog.Ref) bool {
	kind, ok := map[catalog.RefKind]consent.RefKind{
		catalog.RefChannel: consent.RefChannel, catalog.RefSenderIdentity: consent.RefSender,
		catalog.RefDepartment: consent.RefDepartment, catalog.RefController: consent.RefController,
		catalog.RefDeclarationVersion: consent.RefDeclaration,
	}[ref.Kind]
	if !ok {
		return true // What is not known to be unused is not let go.
	}
	_, used := w.Names.Number(kind, ref.Name)
	return used
}

// putCatalog records a version of the catalog.
func (w *transaction) putCatalog(c *storage.Catalog) error {
	facts := consent.Facts{
		Kind: consent.KindCatalog, CatalogVersion: c.Version, Effective: c.Effective, Document256: c.SHA256,
	}
	event := consent.Event{Occurred: w.Recorded, Facts: facts}
	var err error
	if event.Key, err = w.admin.Keys.EventKey(codec.EventKeyInput(w.Recorded, &facts, "", &consent.Evidence{})); err != nil {
		return err
	}
	return w.PutCatalog(c, &event)
}

// Admin keeps the catalog and the clients.
type Admin struct {
	*env.Env
	*reference.Reference

	guard  *access.Guard
	engine *txn.Engine
}

// New returns what keeps the catalog and the clients.
func New(env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine) *Admin {
	return &Admin{Env: env, Reference: reference, guard: guard, engine: engine}
}

// transaction is a transaction as the keeping of catalog and clients uses it.
type transaction struct {
	*txn.Tx

	admin *Admin
}

func (s *Admin) in(tx *txn.Tx) *transaction { return &transaction{tx, s} }

// CatalogVersion is a version of the catalog.
type CatalogVersion struct {
	Version   int64
	Document  string
	ETag      string
	Effective consent.Instant // zero: for all time before
	Recorded  consent.Instant
	Position  int64
}

// ApplyCatalog is a catalog to apply.
type ApplyCatalog struct {
	Name         string // for messages: the file's name, or catalog
	Document     string
	ETag         string // of the version it is to follow; empty: whichever
	ValidateOnly bool
	txn.Idempotency
}

// AppliedCatalog is what became of a catalog.
type AppliedCatalog struct {
	Version   int64
	ETag      string
	Position  int64
	Unchanged bool
	Warnings  []string
}
