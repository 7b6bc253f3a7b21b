package cli_test

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/ledger"
)

// honest returns what a server answers that proves position 2 of 2.
func honest(t *testing.T) *assentv1.ProveEntryResponse {
	t.Helper()
	origin := ledger.Origin([16]byte{1})
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := ledger.ParseTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second := ledger.LeafHash([]byte("one")), ledger.LeafHash([]byte("two"))
	tree.Append(first)
	tree.Append(second)
	c := ledger.Checkpoint{Origin: origin, Size: 2, Root: tree.Root()}
	signed, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	return &assentv1.ProveEntryResponse{
		Position: 2, Header: []byte("two"), LeafHash: second[:], Hashes: [][]byte{first[:]},
		Checkpoint: &assentv1.Checkpoint{Note: string(signed), Origin: origin, Size: 2, RootHash: c.Root[:], VerifierKey: public},
	}
}

// gives lets the server answer with a message from now on.
func (f *fake) gives(m proto.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func(proto.Message) (proto.Message, error) { return m, nil }
}

// lies are answers that no honest server gives.
func lies() map[string]func(m *assentv1.ProveEntryResponse) {
	return map[string]func(m *assentv1.ProveEntryResponse){
		"header":     func(m *assentv1.ProveEntryResponse) { m.Header = []byte("three") },
		"leaf hash":  func(m *assentv1.ProveEntryResponse) { m.LeafHash[0] ^= 1 },
		"hash":       func(m *assentv1.ProveEntryResponse) { m.Hashes[0][0] ^= 1 },
		"short hash": func(m *assentv1.ProveEntryResponse) { m.Hashes[0] = m.Hashes[0][:31] },
		"no hash":    func(m *assentv1.ProveEntryResponse) { m.Hashes = nil },
		"no note":    func(m *assentv1.ProveEntryResponse) { m.Checkpoint = nil },
		"note": func(m *assentv1.ProveEntryResponse) {
			m.Checkpoint.Note = strings.Replace(m.Checkpoint.Note, "\n2\n", "\n3\n", 1)
		},
		"key":          func(m *assentv1.ProveEntryResponse) { m.Checkpoint.VerifierKey = "nonsense" },
		"other origin": func(m *assentv1.ProveEntryResponse) { m.Checkpoint.Origin = "elsewhere" },
	}
}

func TestLedgerProve_WritesOnlyWhatHolds(t *testing.T) {
	f := startFake(t)
	good := honest(t)
	f.gives(good)
	got := f.run(t, "ledger", "prove", "2", "--verifier-key", good.GetCheckpoint().GetVerifierKey()).must(t, 0)
	if !strings.HasSuffix(got.stdout, good.GetCheckpoint().GetNote()) {
		t.Errorf("stdout %q", got.stdout)
	}
	for _, args := range [][]string{{"1"}, {"2", "--size", "1"}, {"2", "--verifier-key", honest(t).GetCheckpoint().GetVerifierKey()}} {
		if got := f.run(t, append([]string{"ledger", "prove"}, args...)...).must(t, 1); got.stdout != "" {
			t.Errorf("%v: stdout %q", args, got.stdout)
		}
	}
	for name, lie := range lies() {
		answer := proto.CloneOf(good)
		lie(answer)
		f.gives(answer)
		for _, format := range []string{"text", "json"} {
			got := f.run(t, "ledger", "prove", "2", "--format", format)
			if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "is not valid") {
				t.Errorf("%s: exit %d, stdout %q, stderr %q", name, got.code, got.stdout, got.stderr)
			}
		}
	}
}

func TestLedgerProve_EventThatAnErasureBlanked_SaysThatTheLeafIsProven(t *testing.T) {
	f := startFake(t)
	blank := honest(t)
	blank.Header = nil
	f.gives(blank)
	got := f.run(t, "ledger", "prove", "2").must(t, 0)
	if !strings.HasSuffix(got.stdout, blank.GetCheckpoint().GetNote()) || !strings.Contains(got.stderr, "An erasure removed the header") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	f.run(t, "ledger", "prove", "2", "--format", "json").must(t, 0)
	for name, alter := range map[string]func(m *assentv1.ProveEntryResponse){
		"another leaf": func(m *assentv1.ProveEntryResponse) { m.LeafHash[0] ^= 1 },
		"short leaf":   func(m *assentv1.ProveEntryResponse) { m.LeafHash = m.LeafHash[:31] },
		"no leaf":      func(m *assentv1.ProveEntryResponse) { m.LeafHash = nil },
	} {
		answer := proto.CloneOf(blank)
		alter(answer)
		f.gives(answer)
		if got := f.run(t, "ledger", "prove", "2").must(t, 1); !strings.Contains(got.stderr, "is not valid") || got.stdout != "" {
			t.Errorf("%s: stdout %q, stderr %q", name, got.stdout, got.stderr)
		}
	}
}

func TestLedgerCheckpoint_WritesOnlyWhatIsSigned_AndReplacesNothing(t *testing.T) {
	f := startFake(t)
	c := honest(t).GetCheckpoint()
	f.gives(&assentv1.GetCheckpointResponse{Checkpoint: c})
	path := filepath.Join(t.TempDir(), "checkpoint")
	f.run(t, "ledger", "checkpoint", "--out", path).must(t, 0)
	if read(t, path) != c.GetNote() {
		t.Errorf("the file has %q", read(t, path))
	}
	if got := f.run(t, "ledger", "checkpoint").must(t, 0); got.stdout != c.GetNote() {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "ledger", "checkpoint", "--out", path).must(t, 1)
	altered := proto.CloneOf(c)
	altered.Note = strings.Replace(altered.Note, "\n2\n", "\n3\n", 1)
	f.gives(&assentv1.GetCheckpointResponse{Checkpoint: altered})
	if got := f.run(t, "ledger", "checkpoint").must(t, 1); got.stdout != "" {
		t.Errorf("a checkpoint that was altered was written: %q", got.stdout)
	}
}
