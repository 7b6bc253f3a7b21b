package checkpoint

import (
	"context"
	"fmt"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Checkpoints signs checkpoints of the ledger, proves what is in it, and takes cosignatures.
type Checkpoints struct {
	*env.Env

	guard     *access.Guard
	keeper    Keeper // nil: none
	witnesses []*ledger.Witness
}

// NewCheckpoints returns the checkpoints of the ledger; the keeper may be nil.
func NewCheckpoints(env *env.Env, guard *access.Guard, keeper Keeper, witnesses []*ledger.Witness) *Checkpoints {
	return &Checkpoints{Env: env, guard: guard, keeper: keeper, witnesses: witnesses}
}

// Checkpoint is a signed checkpoint of the ledger.
type Checkpoint struct {
	ledger.Checkpoint

	Signed      []byte // the signed note
	VerifierKey string // of the key that signed it, in the form of note.NewVerifier
}

// EntryProof shows that an event is in the ledger that a checkpoint commits to.
type EntryProof struct {
	Checkpoint

	Position int64
	Header   []byte // the bytes of the leaf; empty for an event that an erasure blanked
	Leaf     [ledger.HashSize]byte
	Hashes   [][ledger.HashSize]byte
}

// ConsistencyProof shows that the ledger that a checkpoint commits to begins with that of a smaller size.
type ConsistencyProof struct {
	Checkpoint

	From   int64
	Hashes [][ledger.HashSize]byte
}

// Checkpoint returns a checkpoint of the ledger as it is now. Where checkpoints are kept, this one is kept, too. If
// that fails, the keeper logs it, and the checkpoint is valid all the same.
func (p *Checkpoints) Checkpoint(ctx context.Context) (Checkpoint, error) {
	c, err := p.checkpointOfNow(ctx)
	if err == nil {
		_ = p.storeCheckpoint(ctx, &c)
	}
	return c, err
}

func (p *Checkpoints) checkpointOfNow(ctx context.Context) (Checkpoint, error) {
	head, _, err := p.Head(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	return p.At(ctx, &head, head.Position)
}

// ProveEntry proves that the event at the position is in the ledger when it had the size; 0 is the size of now. Of an event that an
// erasure blanked, it proves the leaf that was kept: such a proof has no header, so it does not tell what the event was. Errors:
// POSITION_UNKNOWN, INVALID_REQUEST, and OTHER_DEPARTMENT for a client of one department: a header names subjects and channels of all.
func (p *Checkpoints) ProveEntry(ctx context.Context, position, size int64) (EntryProof, error) {
	head, who, err := p.Head(ctx)
	if err != nil {
		return EntryProof{}, err
	}
	if err := who.NeedAllDepartments("an entry of the ledger names channels of every department"); err != nil {
		return EntryProof{}, err
	}
	if size == 0 {
		size = max(head.Position, position)
	}
	if position < 1 || position > size {
		return EntryProof{}, fault.Errorf(fault.InvalidRequest, "position", "it must be from 1 to the size, which is %d", size)
	}
	if err := Reached(&head, size, "position"); err != nil {
		return EntryProof{}, err
	}
	proof := EntryProof{Position: position}
	if proof.Checkpoint, err = p.At(ctx, &head, size); err != nil {
		return EntryProof{}, err
	}
	if proof.Hashes, err = p.Hashes(ctx).ProveEntry(position, size); err != nil {
		return EntryProof{}, env.StoreFault(err)
	}
	_, records, err := p.Store.Ledger(ctx, position-1, 1)
	if err != nil {
		return EntryProof{}, env.StoreFault(err)
	}
	if len(records) == 0 || records[0].Event.Position != position {
		return EntryProof{}, fmt.Errorf("position %d is missing from the ledger: run `assent ledger verify`", position)
	}
	proof.Header, proof.Leaf = records[0].Header, ledger.LeafHash(records[0].Header)
	if records[0].Event.IsBlank() {
		proof.Leaf = records[0].LeafHash
	}
	err = ledger.CheckEntry(proof.Hashes, position, proof.Leaf, size, proof.Root)
	if err != nil {
		return EntryProof{}, fmt.Errorf("the stored ledger is not consistent: run `assent ledger verify`: %w", err)
	}
	return proof, nil
}

// ProveConsistency proves that the ledger of size to, 0 for now, begins with that of size from. Errors: POSITION_UNKNOWN,
// INVALID_REQUEST.
func (p *Checkpoints) ProveConsistency(ctx context.Context, from, to int64) (ConsistencyProof, error) {
	head, _, err := p.Head(ctx)
	if err != nil {
		return ConsistencyProof{}, err
	}
	if to == 0 {
		to = max(head.Position, from)
	}
	if from < 1 || from > to {
		return ConsistencyProof{}, fault.Errorf(fault.InvalidRequest, "fromSize", "it must be from 1 to toSize, which is %d", to)
	}
	if err := Reached(&head, to, "toSize"); err != nil {
		return ConsistencyProof{}, err
	}
	proof := ConsistencyProof{From: from}
	if proof.Checkpoint, err = p.At(ctx, &head, to); err != nil {
		return ConsistencyProof{}, err
	}
	hashes := p.Hashes(ctx)
	if proof.Hashes, err = hashes.ProveConsistency(from, to); err != nil {
		return ConsistencyProof{}, env.StoreFault(err)
	}
	before, err := hashes.Root(from)
	if err != nil {
		return ConsistencyProof{}, env.StoreFault(err)
	}
	if err := ledger.CheckConsistency(proof.Hashes, from, before, to, proof.Root); err != nil {
		return ConsistencyProof{}, fmt.Errorf("the stored ledger is not consistent: run `assent ledger verify`: %w", err)
	}
	return proof, nil
}

// Reached returns an error if the ledger has not come to the size.
func Reached(head *storage.Head, size int64, field string) error {
	if size <= head.Position {
		return nil
	}
	return fault.Errorf(fault.PositionUnknown, field, "the ledger has only %d events", head.Position)
}

// Head reads the head for a caller that may read or export.
func (p *Checkpoints) Head(ctx context.Context) (storage.Head, access.Caller, error) {
	return p.guard.AdmitNow(ctx, access.ScopeRead, access.ScopeExport)
}

// Hashes returns the reader of the stored hashes.
func (p *Checkpoints) Hashes(ctx context.Context) ledger.Reader {
	return func(positions []int64) (map[int64]ledger.NodeHashes, error) {
		_, hashes, err := p.Store.Hashes(ctx, positions)
		return hashes, err
	}
}

// At signs the root of the ledger at a size that the head has reached. One of an earlier size is signed only if the tree of
// the head begins with it.
func (p *Checkpoints) At(ctx context.Context, head *storage.Head, size int64) (Checkpoint, error) {
	root, err := p.RootAt(ctx, head, size)
	if err != nil {
		return Checkpoint{}, err
	}
	return Signed(p.Keys, Checkpoint{Checkpoint: ledger.Checkpoint{Origin: ledger.Origin(head.StoreID), Size: size, Root: root}})
}

// RootAt returns the root of the ledger at a size that the head has reached, once it is proven that the tree of the head begins
// with it.
func (p *Checkpoints) RootAt(ctx context.Context, head *storage.Head, size int64) (root [ledger.HashSize]byte, err error) {
	tree, err := ledger.ParseTree(head.Position, head.Tree)
	if err != nil {
		return root, err
	}
	if size == head.Position {
		return tree.Root(), nil
	}
	hashes := p.Hashes(ctx)
	if root, err = hashes.Root(size); err != nil || size == 0 {
		return root, env.StoreFault(err)
	}
	proof, err := hashes.ProveConsistency(size, head.Position)
	if err != nil {
		return root, env.StoreFault(err)
	}
	if err := ledger.CheckConsistency(proof, size, root, head.Position, tree.Root()); err != nil {
		return root, fmt.Errorf("the stored ledger is not consistent: run `assent ledger verify`: %w", err)
	}
	return root, nil
}

// Signed returns the checkpoint with the signature of the newest signing key, under the origin that it names.
func Signed(keys *seal.Keys, c Checkpoint) (Checkpoint, error) {
	signer, err := keys.Signer(c.Origin)
	if err != nil {
		return Checkpoint{}, err
	}
	verifiers, err := keys.VerifierKeys(c.Origin)
	if err != nil {
		return Checkpoint{}, err
	}
	c.VerifierKey = verifiers[0]
	c.Signed, err = c.Sign(signer)
	return c, err
}
