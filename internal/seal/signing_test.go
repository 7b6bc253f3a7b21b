package seal

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestSigner_IsVerifiedByAnotherImplementation_AfterReopening(t *testing.T) {
	k, path := create(t)
	signer, err := k.Signer("assent.io/test")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: "hello\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := again.VerifierKeys("assent.io/test")
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	verifier, err := note.NewVerifier(keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := note.Open(signed, note.VerifierList(verifier)); err != nil || len(opened.Sigs) != 1 {
		t.Errorf("opened %+v, %v", opened, err)
	}
	if _, err := k.Signer("two words"); err == nil {
		t.Error("a name with a space was taken")
	}
}

func TestOpen_WithoutSigningKeyset_SaysWhatToDo(t *testing.T) {
	_, path := create(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	older := regexp.MustCompile(`(?s),\s*"signing": .*\}`).ReplaceAllString(string(data), "}")
	if err := os.WriteFile(path, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "signing keyset: it is missing") {
		t.Errorf("got %v", err)
	}
}

func TestOpen_SigningKeysetOfAnotherKind_IsRefused(t *testing.T) {
	_, path := create(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	file["signing"] = file["digest"]
	delete(file, "checksum")
	if data, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "signing keyset") {
		t.Errorf("got %v", err)
	}
}
