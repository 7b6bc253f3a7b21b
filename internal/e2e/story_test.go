package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/story"
	"github.com/assent-io/assent/internal/listfile"
)

// The README shows what the demo plays. Numbers and times are those of another day, and of a company with its whole history.
func TestReadme_TheDemoPlaysWhatItShows(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```\n(The case that Assent is made for.*?)```").FindStringSubmatch(string(page))
	if shown == nil {
		t.Fatal("the README does not show the case")
	}
	db := newDatabase(t, "sqlite")
	db.open = true
	r := db.serve(nil)
	server, err := connect.Dial(&connect.Options{Settings: client.Settings{Server: r.GRPC}, Timeout: time.Minute}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	audience, err := listfile.NewAudience(strings.NewReader("address\nbert@example.at\nemil@example.at\nno address\n"), "address", "")
	if err != nil {
		t.Fatal(err)
	}
	played := &story.Story{Server: server, Audience: audience, Now: time.Now()}
	text, number, err := played.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "meets 4 recipients; 3 of them left newsletter-desk") || !strings.HasSuffix(number, "-000001") {
		t.Errorf("case %s:\n%s", number, text)
	}
	numbers := regexp.MustCompile(`[0-9][0-9:TZ-]*`)
	if diff := cmp.Diff(numbers.ReplaceAllString(shown[1], "#"), numbers.ReplaceAllString(text, "#")); diff != "" {
		t.Errorf("(-the README, +the demo)\n%s", diff)
	}
	if got := must(t, r, "cases", "close", number, "--outcome", "rule_wrong", "--objection", "marketing"); !strings.Contains(got, number) {
		t.Errorf("closed: %s", got)
	}
	if code, out, _ := command(t, r.GRPC, "", "check", story.Complainer, "--channel", story.Products); code != 3 || !strings.Contains(out, "OBJECTION") {
		t.Errorf("the check after it: exit %d\n%s", code, out)
	}
}
