package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A user who follows docs/providers.md has a source of each kind that takes requests.
func TestProviders_CommandsMakeASourceOfEachKind(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{
		"mailgun": "key-55c5c5c5c55f55ca5cd5f55d5c555c55", "sendgrid": base64.StdEncoding.EncodeToString(der), "mandrill": "mandrill-webhook-key-22",
		"resend": "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 24))),
	} {
		if err := os.WriteFile(filepath.Join(db.dir, name+".secret"), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for nth := range 2 {
		for _, command := range block(t, "docs/providers.md", "Set one up", nth+1) {
			runAsWritten(t, db.dir, env, command)
		}
	}
	list := must(t, r, "sources", "list")
	var active []string
	for line := range strings.Lines(list) {
		if strings.Contains(line, "  active  ") {
			active = append(active, strings.Fields(line)[1])
		}
	}
	want := []string{"brevo", "mailgun", "mailjet", "mandrill", "postmark", "resend", "sendgrid", "ses", "sparkpost"}
	if diff := cmp.Diff(want, active); diff != "" {
		t.Errorf("kinds with an active source (-want +got):\n%s", diff)
	}
}
