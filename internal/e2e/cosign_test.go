package e2e

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// witness is one as another program has it: a signer and a verifier of notes after the text of C2SP tlog-cosignature, with nothing of
// this module.
type witness struct {
	name    string
	seconds uint64
	key     ed25519.PrivateKey
}

func newWitness(name string, seconds uint64) *witness {
	seed := sha256.Sum256([]byte(name))
	return &witness{name: name, seconds: seconds, key: ed25519.NewKeyFromSeed(seed[:])}
}

func (w *witness) Name() string { return w.name }

func (w *witness) material() []byte { return append([]byte{4}, w.key[ed25519.SeedSize:]...) }

func (w *witness) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.name+"\n"), w.material()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (w *witness) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", w.name, w.KeyHash(), base64.StdEncoding.EncodeToString(w.material()))
}

func (w *witness) message(text []byte, seconds uint64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text)
}

func (w *witness) Sign(text []byte) ([]byte, error) {
	return append(binary.BigEndian.AppendUint64(nil, w.seconds), ed25519.Sign(w.key, w.message(text, w.seconds))...), nil
}

func (w *witness) Verify(text, signature []byte) bool {
	seconds := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(ed25519.PublicKey(w.key[ed25519.SeedSize:]), w.message(text, seconds), signature[8:])
}

// cosign returns the note with the signature of the witness added.
func (w *witness) cosign(t *testing.T, signed, key string) string {
	t.Helper()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := note.Sign(opened, w)
	if err != nil {
		t.Fatal(err)
	}
	return string(cosigned)
}

func post(t *testing.T, r *running, path string, body any, into any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTP+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		t.Fatalf("%s: %v: %s", path, err, answer)
	}
	return response.StatusCode
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type restCosigned struct {
	Cosigned struct {
		Checkpoint   restCheckpoint
		Cosignatures []struct{ Witness, SignedTime string }
	}
}

func TestCosignatures_ThroughTheCommandLineRESTAndGRPC(t *testing.T) {
	eachStore(t, func(t *testing.T, db *database) {
		one, two, stranger := newWitness("w1.example", 1679315147), newWitness("w2.example", 1679315200), newWitness("x", 3)
		db.kept, db.witnesses = t.TempDir(), []string{one.vkey(), two.vkey()}
		r := db.serve(nil)
		client := assentv1.NewLedgerServiceClient(dial(t, r.GRPC, r.key))
		now, err := client.GetCheckpoint(t.Context(), &assentv1.GetCheckpointRequest{})
		if err != nil || now.GetCosigned() != nil {
			t.Fatalf("%v, %v", now, err)
		}
		signed, key := now.GetCheckpoint().GetNote(), now.GetCheckpoint().GetVerifierKey()
		file := write(t, filepath.Join(db.dir, "cosigned"), one.cosign(t, signed, key))
		code, stdout, stderr := command(t, r.GRPC, r.key, "ledger", "cosign", file, "--witness-key", one.vkey())
		if code != 0 || stdout != one.cosign(t, signed, key) || !strings.Contains(stderr, "cosigned by w1.example at 2023-03-20T12:25:47Z") {
			t.Errorf("cosign: exit %d: %s%s", code, stdout, stderr)
		}
		var added restCosigned
		status := post(t, r, "/v1/ledger/checkpoint:cosign", map[string]string{"note": two.cosign(t, signed, key)}, &added)
		if status != http.StatusOK || len(added.Cosigned.Cosignatures) != 2 || added.Cosigned.Cosignatures[1].Witness != "w2.example" {
			t.Errorf("status %d, %+v", status, added)
		}
		refuseStranger(t, r, stranger.cosign(t, signed, key))
		var shown restCosigned
		status = get(t, r, "/v1/ledger/checkpoint", &shown)
		both := shown.Cosigned.Checkpoint.Note
		if status != http.StatusOK || len(shown.Cosigned.Cosignatures) != 2 || shown.Cosigned.Cosignatures[0].SignedTime != "2023-03-20T12:25:47Z" {
			t.Errorf("status %d, %+v", status, shown)
		}
		verifier, err := note.NewVerifier(key)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := note.Open([]byte(both), note.VerifierList(verifier, one, two)); err != nil || len(opened.Sigs) != 3 {
			t.Errorf("another program reads %+v, %v", opened, err)
		}
		showCosigned(t, r, two, stranger)
		write(t, file, both)
		r.stop()
		verify := []string{"ledger", "verify", "--database-url", db.url, "--keys", db.keys, "--checkpoint", file}
		if code, stdout, stderr := command(t, "", "", verify...); code != 0 {
			t.Errorf("verify: exit %d: %s%s", code, stdout, stderr)
		}
	})
}

func refuseStranger(t *testing.T, r *running, cosigned string) {
	t.Helper()
	var refused struct {
		Message string
		Details []struct{ Reason string }
	}
	status := post(t, r, "/v1/ledger/checkpoint:cosign", map[string]string{"note": cosigned}, &refused)
	if status != http.StatusBadRequest || refused.Details[0].Reason != "INVALID_REQUEST" || !strings.Contains(refused.Message, "--witness-key") {
		t.Errorf("status %d, %+v", status, refused)
	}
	file := write(t, filepath.Join(t.TempDir(), "stranger"), cosigned)
	if code, stdout, _ := command(t, r.GRPC, r.key, "ledger", "cosign", file); code != 1 || stdout != "" {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

// showCosigned holds that the command line names only witnesses with lines that it has verified, if it is given a key.
func showCosigned(t *testing.T, r *running, known, stranger *witness) {
	t.Helper()
	for _, c := range []struct {
		args []string
		code int
		want string
		not  string
	}{
		{nil, 0, "w1.example at 2023-03-20T12:25:47Z (not verified", "nobody"},
		{[]string{"--witness-key", known.vkey()}, 0, "cosigned by w2.example at 2023-03-20T12:26:40Z", "w1.example"},
		{[]string{"--witness-key", stranger.vkey()}, 1, "it has no signature of a known witness", "cosigned by"},
		{[]string{"--witness-key", "nonsense"}, 2, "--witness-key", "cosigned by"},
	} {
		code, _, stderr := command(t, r.GRPC, r.key, slices.Concat([]string{"ledger", "checkpoint"}, c.args)...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Contains(stderr, c.not) {
			t.Errorf("%v: exit %d: %s", c.args, code, stderr)
		}
	}
}

func TestCheckpointDirectory_SharedByTwoServers_HasOneFileASize(t *testing.T) {
	db := newDatabase(t, "postgres")
	db.kept = t.TempDir()
	first := db.serve(nil)
	second := db.serve(nil)
	events := write(t, filepath.Join(db.dir, "events.csv"),
		"occurred_time,event,address,channels,source\n2026-01-01T10:00:00Z,refuse,anna@example.com,newsletter,phone\n")
	importFile(t, first.GRPC, first.key, events)
	for _, r := range []*running{first, second, first} {
		if status := get(t, r, "/v1/ledger/checkpoint", nil); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	first.stop()
	second.stop()
	files, err := filepath.Glob(filepath.Join(db.kept, "*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"checkpoint-00000000000000000001.txt", "checkpoint-00000000000000000002.txt", "erasures.ndjson"}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	if !slices.Equal(files, want) {
		t.Errorf("the directory has %q", files)
	}
	for _, r := range []*running{first, second} {
		if strings.Contains(r.log.String(), "checkpoint was kept") {
			t.Error(r.log.String())
		}
	}
}
