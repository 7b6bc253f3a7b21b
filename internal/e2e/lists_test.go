package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSuppressionFiles_CommandsWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	if code, _, stderr := command(t, r.GRPC, r.key, "withdraw", "anna@firma.example", "--channel", "newsletter"); code != 0 {
		t.Fatal(stderr)
	}
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	for _, line := range block(t, "docs/suppression-files.md", "Export a list", 1) {
		runAsWritten(t, db.dir, env, line)
	}
	text, err := os.ReadFile(filepath.Join(db.dir, "lists", "newsletter.listmonk.csv"))
	if err != nil || string(text) != "email,name,attributes\nanna@firma.example,anna,{}\n" {
		t.Errorf("%q, %v", text, err)
	}
}
