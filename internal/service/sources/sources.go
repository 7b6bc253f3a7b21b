// Package sources manages the accounts of providers that tell by webhook what became of messages, and takes in what they tell: each request is
// proved before it is read, and what it reports is handed on to what decides about reports.
package sources

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	report "github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/intake/provider/verify"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/webhook"
)

const (
	// priorLasts is how long the secret before a new one is taken: an operator enters the new one by hand, and providers repeat for a day.
	priorLasts = 7 * 24 * time.Hour
	// fetchTimeout is how long the fetching of a certificate or of a confirmation lasts at most: SNS waits 15 seconds for an answer.
	fetchTimeout = 8 * time.Second
	// pathPrefix is what paths of sources begin with.
	pathPrefix = "/hooks/"
	// ownUser is the user of addresses with a password, unless another one is given.
	ownUser = "assent"
)

// Taker carries out reports.
type Taker interface {
	Take(ctx context.Context, from intake.From, reports []report.Report) ([]intake.Outcome, error)
}

// Options say how sources are read. The zero value is safe.
type Options struct {
	// Client fetches certificates and confirmations of SNS; nil: one that reaches public addresses only.
	Client *http.Client
	// Counted is told of every event, and what became of it; Refused, of every request that was not taken in. The words are from closed lists.
	// They may be nil.
	Counted func(kind, event, outcome string)
	Refused func(kind, reason string)
}

// Sources is the use cases about sources.
type Sources struct {
	*env.Env

	reference    *reference.Reference
	guard        *access.Guard
	engine       *txn.Engine
	taker        Taker
	allowed      *Allowed
	reader       *provider.Reader
	client       *http.Client
	certificates verify.Certificates
	counted      func(kind, event, outcome string)
	refused      func(kind, reason string)
}

// New returns the use cases about sources.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine, taker Taker, allowed *Allowed, opts Options,
) *Sources {
	if opts.Client == nil {
		opts.Client = webhook.HTTPClient(fetchTimeout)
	}
	if opts.Counted == nil {
		opts.Counted = func(string, string, string) {}
	}
	if opts.Refused == nil {
		opts.Refused = func(string, string) {}
	}
	return &Sources{
		Env: env, reference: reference, guard: guard, engine: engine, taker: taker, allowed: allowed, reader: provider.NewReader(),
		client: opts.Client, certificates: verify.NewFetcher(opts.Client), counted: opts.Counted, refused: opts.Refused,
	}
}

// Source is a source as it is shown.
type Source struct {
	ID         string
	Kind       provider.Kind
	Client     string
	Department string // empty: all
	Path       string // empty: the caller may not know it
	User       string
	URL        string
	Topics     []string
	HasSecret  bool
	PriorUntil consent.Instant // zero: no secret before this one is taken
	Created    consent.Instant
	CreatedBy  string
	Held       consent.Instant // zero: it is not
	HeldReason string
}

// Why a source is held.
const (
	ReasonHeld      = "SOURCE_HELD" // it reported more complaints than a person would believe
	ReasonRequested = "REQUESTED"   // by a client
)

// settings is what is sealed in the row of a source. The names stay.
type settings struct {
	Path   string   `json:"path"`
	Secret string   `json:"secret,omitempty"`
	Prior  string   `json:"prior,omitempty"`
	User   string   `json:"user,omitempty"`
	URL    string   `json:"url,omitempty"`
	Topics []string `json:"topics,omitempty"`
}

// showsPassword reports whether a provider signs nothing and shows a password.
func showsPassword(kind provider.Kind) bool {
	return slices.Contains([]provider.Kind{provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost}, kind)
}

// newPath returns the path of a source below the prefix. Where the provider signs nothing it is hard to guess.
func newPath(id string, kind provider.Kind) string {
	if showsPassword(kind) {
		return id + "." + strings.ToLower(rand.Text()) // At least 128 bits.
	}
	return id
}

// newPassword returns a password for providers that show one.
func newPassword() string {
	secret := make([]byte, 24)
	rand.Read(secret) // It never fails.
	return base64.RawURLEncoding.EncodeToString(secret)
}

// verifier returns what proves the requests of a source; nil: it has no secret yet. The error is a *fault.Error that names the field.
func (s *Sources) verifier(kind provider.Kind, in *settings, priorToo bool) (*verify.Source, error) {
	if err := in.fits(kind); err != nil {
		return nil, err
	}
	proof := verify.Settings{Kind: kind, User: in.User, URL: in.URL, Topics: in.Topics, Certificates: s.certificates}
	for _, secret := range []string{in.Secret, in.Prior} {
		if secret != "" && (priorToo || secret == in.Secret) {
			proof.Secrets = append(proof.Secrets, []byte(secret))
		}
	}
	if len(proof.Secrets) == 0 && kind != provider.SES {
		if kind != provider.Mandrill {
			return nil, nil
		}
		// Mandrill tries the address before it makes the key: until then nothing but that fits.
		proof.Secrets = [][]byte{[]byte(newPassword())}
	}
	return verify.New(proof)
}

// fits refuses what a kind does not have.
func (in *settings) fits(kind provider.Kind) error {
	refuse := func(field, format string, args ...any) error {
		return fault.Errorf(fault.InvalidRequest, field, format, args...)
	}
	switch {
	case !slices.Contains(provider.Kinds(), kind):
		words := make([]string, 0, len(provider.Kinds()))
		for _, k := range provider.Kinds() {
			words = append(words, string(k))
		}
		return refuse("kind", "a kind must be one of %s", strings.Join(words, ", "))
	case in.URL != "" && kind != provider.Mandrill:
		return refuse("url", "a source of the kind %s has no address: only Mandrill signs it", kind)
	case len(in.Topics) > 0 && kind != provider.SES:
		return refuse("topics", "a source of the kind %s has no topics: only ses has", kind)
	case in.User != "" && !showsPassword(kind):
		return refuse("user", "a source of the kind %s has no user, for the provider signs what it sends", kind)
	}
	return nil
}

func (s *Sources) seal(id string, in *settings) ([]byte, error) {
	plain, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("the settings of a source: %w", err)
	}
	return s.Keys.Seal(seal.PurposeSource, []byte(id), plain)
}

// unseal returns the settings of a source at an instant.
func (s *Sources) unseal(row *tables.Source, now consent.Instant) (*settings, error) {
	plain, err := s.Keys.Open(seal.PurposeSource, []byte(row.ID), row.Settings)
	if err != nil {
		return nil, fmt.Errorf("the settings of a source: %w", err)
	}
	in := &settings{}
	if err := json.Unmarshal(plain, in); err != nil {
		return nil, fmt.Errorf("the settings of a source: %w", err)
	}
	if now >= row.PriorUntil {
		in.Prior = ""
	}
	return in, nil
}

func pathHash(path string) [32]byte { return sha256.Sum256([]byte(path)) }

// shown returns a source as a client sees it.
func (s *Sources) shown(row *tables.Source, who *access.Caller) (Source, error) {
	in, err := s.unseal(row, s.Instant())
	if err != nil {
		return Source{}, err
	}
	kind := provider.Kind(row.Kind)
	source := Source{
		ID: row.ID, Kind: kind, Client: row.Client, Department: row.Department, User: in.User, URL: in.URL, Topics: in.Topics,
		HasSecret: in.Secret != "" || kind == provider.SES, Created: row.Created, CreatedBy: row.CreatedBy, Held: row.Held,
	}
	if !showsPassword(kind) || who.Has(access.ScopeClients) {
		source.Path = pathPrefix + in.Path
	}
	if in.Prior != "" {
		source.PriorUntil = row.PriorUntil
	}
	switch {
	case row.Held == 0:
	case row.HeldBy == "":
		source.HeldReason = ReasonHeld
	default:
		source.HeldReason = ReasonRequested
	}
	return source, nil
}

func missing() error {
	return fault.Errorf(fault.SourceMissing, "id", "the source does not exist, or it is not one of the client's department")
}
