package lists

import (
	"cmp"
	"context"
	"crypto/md5"  //nolint:gosec // A form that tools take, not a protection.
	"crypto/sha1" //nolint:gosec // As above.
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/internal/suppressionfile/filterform"
)

// errIncomplete is of a list that the server did not send as a whole.
var errIncomplete = errors.New("the server ended the list before it was complete")

// errStopped ends a stream of which no more is wanted.
var errStopped = errors.New("no more is wanted")

// The forms of consumers that the command tells apart.
const (
	plain = "plain"
	keyed = "keyed"
)

// list is a block list that is being received.
type list struct {
	next    func() (*assentv1.ExportBlockListResponse, error, bool)
	close   func()
	start   *assentv1.BlockListStart
	storeID [16]byte
	end     *assentv1.BlockListEnd   // once all entries were read
	sum     func(text string) []byte // of addresses in clear; nil: the server makes the hashes, or there are none
	partial bool                     // partial entries are wanted
	typed   bool                     // addresses are wanted as people typed them
}

// open begins to receive the list.
func (x *export) open(ctx context.Context) (*list, error) {
	in := &assentv1.ExportBlockListRequest{Channel: x.flags.channel, Consumer: x.flags.consumer}
	next, stop := iter.Pull2(func(yield func(*assentv1.ExportBlockListResponse, error) bool) {
		err := connect.Receive(ctx, x.server, assentv1.NewFeedServiceClient(x.server).ExportBlockList, in,
			func(part *assentv1.ExportBlockListResponse) error {
				if !yield(part, nil) {
					return errStopped
				}
				return nil
			})
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	})
	l := &list{next: next, close: stop, partial: x.flags.form == filterform.Name, typed: x.flags.isForTool()}
	first, err, ok := next()
	switch {
	case err != nil:
	case !ok || first.GetStart() == nil:
		err = errIncomplete
	default:
		l.start = first.GetStart()
		var n int
		n, err = hex.Decode(l.storeID[:], []byte(l.start.GetStoreId())[:min(2*len(l.storeID), len(l.start.GetStoreId()))])
		if err != nil || n != len(l.storeID) {
			err = errors.New("the server says an id of the database that is none")
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	return l, nil
}

// hashing says how the hashes of the list are made, and refuses a list that does not fit the form of the files.
func (x *export) hashing(l *list) (*suppressionfile.Hashing, error) {
	f, form := x.flags, l.start.GetForm()
	const input = "the exact form of an address, the folded form of a mailbox, or a domain"
	switch {
	case f.form == filterform.Name && form != keyed:
		return nil, terminal.Usagef("--as filter needs a consumer of the form keyed; %s has the form %s", f.consumer, form)
	case f.form == filterform.Name && l.start.GetKeyId() != x.key.ID().String():
		return nil, terminal.Usagef("--key-file has the key %s, and that of the consumer %s is %s: give the file with the key that it was given",
			x.key.ID(), f.consumer, l.start.GetKeyId())
	case form == keyed && (f.form == formHashes || f.form == filterform.Name):
		return &suppressionfile.Hashing{Algorithm: suppressionfile.AlgorithmList, Key: l.start.GetKeyId(), Input: input}, nil
	case f.form == formHashes && form == plain && f.algorithm == "":
		return nil, terminal.Usagef("--as hashes needs a consumer whose form has hashes; %s sees addresses in clear (use --algorithm without --consumer)",
			f.consumer)
	case f.form == formHashes && form == plain:
		form = f.algorithm
		l.sum = sums(form)
	case f.form != formHashes && form != plain:
		return nil, terminal.Usagef("--as %s needs addresses in clear; the consumer %s sees hashes (%s): leave out --consumer, or use --as hashes",
			f.form, f.consumer, form)
	case f.form != formHashes:
		return nil, nil
	}
	names := map[string]string{"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
	if names[form] == "" {
		return nil, fmt.Errorf("the server sends hashes of the form %q, which this program does not know", form)
	}
	return &suppressionfile.Hashing{Algorithm: names[form], Input: input + ", in UTF-8"}, nil
}

// sums returns the function that hashes addresses.
func sums(algorithm string) func(string) []byte {
	switch algorithm {
	case "md5":
		return func(text string) []byte { sum := md5.Sum([]byte(text)); return sum[:] } //nolint:gosec // As above.
	case "sha1":
		return func(text string) []byte { sum := sha1.Sum([]byte(text)); return sum[:] } //nolint:gosec // As above.
	case "sha256":
		return func(text string) []byte { sum := sha256.Sum256([]byte(text)); return sum[:] }
	default:
		return func(text string) []byte { sum := sha512.Sum512([]byte(text)); return sum[:] }
	}
}

// entries returns the entries of the list. Those that the server could not make come last, without an address.
func (l *list) entries(done func(int64)) iter.Seq2[suppressionfile.Entry, error] {
	return func(yield func(suppressionfile.Entry, error) bool) {
		var n int64
		for l.end == nil {
			part, err, ok := l.next()
			if err == nil && !ok {
				err = errIncomplete
			}
			if err != nil {
				yield(suppressionfile.Entry{}, err)
				return
			}
			for _, m := range part.GetEntries() {
				n++
				if m.GetPartial() && !l.partial || m.GetDerived() && l.typed {
					continue
				}
				if !yield(l.entry(m)) {
					return
				}
			}
			done(n)
			l.end = part.GetEnd()
		}
		if n != l.end.GetEntries() {
			yield(suppressionfile.Entry{}, errIncomplete)
			return
		}
		lost := suppressionfile.Entry{Match: suppressionfile.Folded, Kind: suppressionfile.Suppression, Scope: "all", Reason: "SUPPRESSED"}
		for range l.end.GetMissing() {
			if !yield(lost, nil) {
				return
			}
		}
	}
}

// entry returns an entry as the files have it.
func (l *list) entry(m *assentv1.BlockListEntry) (suppressionfile.Entry, error) {
	e := suppressionfile.Entry{
		Scope: m.GetScope(), Reason: m.GetReason(), Kind: suppressionfile.Suppression, Since: timeOf(m.GetSinceTime()), Until: timeOf(m.GetUntilTime()),
	}
	if m.GetKind() == assentv1.RuleKind_RULE_KIND_REFUSAL {
		e.Kind = suppressionfile.Refusal
	}
	switch m.GetMatch() {
	case assentv1.AddressMatch_ADDRESS_MATCH_EXACT:
		e.Match, e.Address = suppressionfile.Exact, m.GetAddress()
	case assentv1.AddressMatch_ADDRESS_MATCH_FOLDED:
		e.Match, e.Address = suppressionfile.Folded, m.GetAddress()
	case assentv1.AddressMatch_ADDRESS_MATCH_DOMAIN:
		e.Match, e.Domain = suppressionfile.Domain, m.GetAddress()
	case assentv1.AddressMatch_ADDRESS_MATCH_UNSPECIFIED:
		return e, errors.New("the server sent an entry that matches nothing")
	}
	var err error
	switch {
	case m.GetHash() != "":
		e.FoldVersion = int(cmp.Or(m.GetFoldVersion(), l.start.GetFoldVersion()))
		if e.Hash, err = hex.DecodeString(m.GetHash()); err != nil {
			err = errors.New("the server sent a hash that is not hexadecimal")
		}
	case l.sum != nil:
		e.Hash = l.sum(m.GetAddress())
	}
	return e, err
}

func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
