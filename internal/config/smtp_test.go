package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/config"
)

func TestLoad_MailServer(t *testing.T) {
	for url, want := range map[string]config.SMTP{
		"smtp://Mail.example":                {Host: "mail.example", Port: 587},
		"smtp://localhost:25/":               {Host: "localhost", Port: 25},
		"smtp://[::1]:2525":                  {Host: "::1", Port: 2525},
		"smtps://ann%40acme.example@mx.test": {Host: "mx.test", Port: 465, ImplicitTLS: true, User: "ann@acme.example"},
		"smtp://assent@mail.example:587":     {Host: "mail.example", Port: 587, User: "assent"},
	} {
		env := map[string]string{"ASSENT_SMTP_FROM": "assent@acme.example", "ASSENT_SMTP_OFFICERS": "dpo@acme.example"}
		if want.User != "" {
			env["ASSENT_SMTP_PASSWORD_FILE"] = filepath.Join(t.TempDir(), "password")
			if err := os.WriteFile(env["ASSENT_SMTP_PASSWORD_FILE"], []byte("s3cret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := mustLoad(t, []string{"--smtp-url", url}, env, "")
		if diff := cmp.Diff(want, got.SMTP); diff != "" || got.SMTPFrom != "assent@acme.example" || got.SMTPOfficers != "dpo@acme.example" {
			t.Errorf("%s: %s, %q, %q", url, diff, got.SMTPFrom, got.SMTPOfficers)
		}
		if password := got.SMTPPassword.Reveal(); (password == "s3cret") != (want.User != "") {
			t.Errorf("%s: the password is %q", url, password)
		}
	}
}

func TestLoad_MailSettingsThatCannotBeUsed_AreRefused(t *testing.T) {
	right := []string{"--smtp-url=smtp://mail.example", "--smtp-from=assent@acme.example"}
	if _, err := load(t, right, nil, ""); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"another scheme":          {[]string{"--smtp-url=https://mail.example"}, "it must be smtp://"},
		"no scheme":               {[]string{"--smtp-url=mail.example:587"}, "it must be smtp://"},
		"no host":                 {[]string{"--smtp-url=smtp://:587"}, "it must be smtp://"},
		"a path":                  {[]string{"--smtp-url=smtp://mail.example/x"}, "it must be smtp://"},
		"parameters":              {[]string{"--smtp-url=smtp://mail.example?tls=off"}, "it must be smtp://"},
		"port 0":                  {[]string{"--smtp-url=smtp://mail.example:0"}, "the port must be"},
		"a password in the URL":   {[]string{"--smtp-url=smtp://assent:s3cret@mail.example"}, "must not hold the password"},
		"a sign that is a host's": {[]string{"--smtp-url=smtp://assent:s3cret#@mail.example"}, "it must be smtp://"},
		"a user alone":            {[]string{"--smtp-url=smtp://assent@mail.example", right[1]}, "needs a password"},
		"a password alone":        {append([]string{"--smtp-password=s3cret"}, right...), "needs a user"},
		"no sender":               {right[:1], "needs smtp_from"},
		"a sender alone":          {right[1:], "without smtp_url"},
		"officers alone":          {[]string{"--smtp-officers=dpo@acme.example"}, "without smtp_url"},
		"a sender with a name":    {[]string{right[0], "--smtp-from=Assent <assent@acme.example>"}, "an address in ASCII"},
		"officers that are two":   {append([]string{"--smtp-officers=a@acme.example,b@acme.example"}, right...), "an address in ASCII"},
	} {
		_, err := load(t, c.args, nil, "")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the password: %s", name, err)
		}
	}
}

func FuzzLoad_MailServer(f *testing.F) {
	for _, seed := range []string{"smtp://assent@mail.example:587", "smtps://[::1]:465/", "smtp://a:b@c", "smtp://%", "smtp://a%00@b", "mail"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		config.AddFlags(flags)
		env := map[string]string{"ASSENT_SMTP_URL": text, "ASSENT_SMTP_FROM": "assent@acme.example"}
		for _, password := range []string{"", "s3cret"} {
			env["ASSENT_SMTP_PASSWORD"] = password
			s, err := config.Load(flags, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
			if err != nil || s.SMTP.IsZero() {
				continue
			}
			if s.SMTP.Host == "" || s.SMTP.Port < 1 || s.SMTP.Port > 65535 || (s.SMTP.User != "") != (password != "") ||
				strings.ContainsAny(s.SMTP.Host+s.SMTP.User, "\r\n\x00") {
				t.Errorf("%q is %+v", text, s.SMTP)
			}
		}
	})
}
