package follower_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/client/follower"
	"github.com/assent-io/assent/suppressionfilter"
)

// follow begins to follow, and returns once the Follower answers.
func follow(ctx context.Context, c *client.Client) (*follower.Follower, *errgroup.Group, error) {
	text, err := os.ReadFile("newsletter-tool.key")
	if err != nil {
		return nil, nil, err
	}
	key, err := suppressionfilter.ParseKey(string(text))
	if err != nil {
		return nil, nil, err
	}
	f, err := follower.New(c, follower.Options{
		Channels: []string{"newsletter"}, Consumer: "newsletter-tool", Key: key, File: "newsletter-tool.set",
		OnEvent: func(e follower.Event) { fmt.Println("follower:", e.Kind, e.Err) },
	})
	if err != nil {
		return nil, nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.Run(ctx) })
	select {
	case <-f.Ready():
		return f, group, nil
	case <-ctx.Done(): // Run has ended.
		return nil, nil, group.Wait()
	}
}

// The lines of this test and of follow are those of docs/client.md.
func TestExample_AnswersFromMemory(t *testing.T) {
	w := newWorld(t, "sqlite")
	made := w.consumer("newsletter-tool", "keyed")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("newsletter-tool.key", []byte(made.Key.RevealText()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	c := w.nodes[0].client()
	must(c.Withdraw(ctx, withdrawal("anna@example.at")))(t)

	f, group, err := follow(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.Check("anna@example.at", "newsletter")
	switch {
	case err != nil:
		fmt.Println("not known, so not sent:", err)
	case answer.Allowed:
		fmt.Println("send; known as of", answer.AsOf)
	default:
		fmt.Println("not to anna@example.at:", answer.Reason)
	}

	if err != nil || answer.Reason != "WITHDRAWN" {
		t.Errorf("%+v, %v", answer, err)
	}
	stop()
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// flat returns the lines of a text without their indentation.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// What docs/keep-in-step.md shows of the example program stands there.
func TestDocs_TheGoOfKeepInStep_IsThatOfTheProgram(t *testing.T) {
	var program string
	for _, name := range []string{"main.go", "table.go"} {
		program += flat(string(must(os.ReadFile("../../examples/listmonk-sync/" + name))(t)))
	}
	page := string(must(os.ReadFile("../../docs/keep-in-step.md"))(t))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	for _, block := range blocks {
		if !strings.Contains(program, strings.TrimSpace(flat(block[1]))) {
			t.Errorf("the program does not have these lines:\n%s", block[1])
		}
	}
	if len(blocks) < 2 {
		t.Errorf("%d blocks were compared", len(blocks))
	}
}
