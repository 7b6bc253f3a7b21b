package follower_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/client/follower"
)

// forms returns the value for the form that runs: the long one where ASSENT_PROOF is "long".
func forms[T any](short, longer T) T {
	if os.Getenv("ASSENT_PROOF") == "long" {
		return longer
	}
	return short
}

// seeded returns the seed of the run and names it in the log of the test, which is shown when it fails.
func seeded(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if given := os.Getenv("ASSENT_PROOF_SEED"); given != "" {
		seed = must(strconv.ParseUint(given, 10, 64))(t)
	}
	t.Logf("ASSENT_PROOF_SEED=%d", seed)
	return seed
}

// watched is a Follower of a story, which ends and comes back.
type watched struct {
	name    string
	world   *world
	options follower.Options
	client  func() *client.Client
	now     *running
}

func (x *watched) begin() { x.now = run(x.world.t, x.client(), x.options) }

// differences says where the Follower answers otherwise than the server.
func (x *watched) differences(o *story, answers map[string]map[string]client.Decision) (all []string) {
	for channel, of := range answers {
		if len(x.options.Channels) > 0 && !slices.Contains(x.options.Channels, channel) {
			continue
		}
		for address, want := range of {
			got, err := x.now.Check(address, channel)
			if errors.Is(err, follower.ErrAskServer) {
				if isBlock(want.Reason) && !o.erased[must(follower.FormsOf(address))(o.t).Folded] {
					all = append(all, fmt.Sprintf("%s: %s on %s: the Follower knows of no block, the server says %s", x.name, address, channel, want.Reason))
				}
				continue
			}
			if err != nil {
				all = append(all, fmt.Sprintf("%s on %s: %v", address, channel, err))
				continue
			}
			if blocked := isBlock(want.Reason); blocked != got.Blocked && !x.isKnown(o, address, channel, &got) && want.Reason != "EXTERNAL_LIST" &&
				want.Reason != "ROLE_ADDRESS" && want.Reason != "CHANNEL_RETIRED" {
				all = append(all, fmt.Sprintf("%s: %s on %s: the Follower says blocked %t %s, the server %s", x.name, address, channel, got.Blocked, got.Reason,
					want.Reason))
			}
			if deferred := want.Verdict == client.Defer; got.Deferred != deferred && !x.isKnown(o, address, channel, &got) {
				all = append(all, fmt.Sprintf("%s: %s on %s: the Follower defers %t %s, the server says %s %s", x.name, address, channel, got.Deferred, got.Reason,
					want.Verdict, want.Reason))
			}
			if allowed := want.Verdict == client.Allow; got.Allowed != allowed && !x.isKnown(o, address, channel, &got) {
				all = append(all, fmt.Sprintf("%s: %s on %s: the Follower says %t %s (blocked %t), the server %s %s", x.name, address, channel, got.Allowed,
					got.Reason, got.Blocked, want.Verdict, want.Reason)+"\n"+o.about(address))
			}
		}
	}
	slices.Sort(all)
	return all
}

// isBlock reports whether a check that gives the reason found a refusal or a suppression. EXTERNAL_LIST may be either.
func isBlock(reason string) bool {
	return slices.Contains([]string{
		"WITHDRAWN", "REFUSED", "HARD_BOUNCE", "OBJECTION", "COMPLAINT", "SUPPRESSED", "ERASED", "LEGAL_BLOCK", "PROCESSING_RESTRICTED",
	}, reason)
}

// isKnown reports whether a difference is one that the form of the consumer makes. One in clear was told to forget an erased person, so it
// does not know any more that the person is blocked, but allows nothing. A keyed one cannot tell whether a grant is later than a bounce of a
// whole domain.
func (x *watched) isKnown(o *story, address, channel string, got *follower.Answer) bool {
	forms := must(follower.FormsOf(address))(o.t)
	marketing := channel == "newsletter" || channel == "product-marketing"
	if x.options.Key.IsZero() {
		return !got.Blocked && !got.Allowed && o.erased[forms.Folded]
	}
	return !got.Allowed && marketing && slices.ContainsFunc(forms.Domains, func(domain string) bool { return o.bounced[domain] })
}

// question asks about messages that would be right on the channel.
func question(channel string) client.Question {
	q := client.Question{Channel: channel}
	switch channel {
	case "order-updates":
		q.Reference = "order-17"
	case "legal-notices":
		q.Reference = "§ 5"
	}
	return q
}

// answers are what the server answers about all addresses on all channels.
func (w *world) answers(c *client.Client) map[string]map[string]client.Decision {
	w.t.Helper()
	all := map[string]map[string]client.Decision{}
	for _, channel := range []string{"newsletter", "product-marketing", "order-updates", "legal-notices"} {
		all[channel] = map[string]client.Decision{}
		for result, err := range c.CheckAll(w.t.Context(), question(channel), slices.Values(slices.Concat(spellings(), strangers()))) {
			if err != nil {
				w.t.Fatal(err)
			}
			if result.Err != nil {
				w.t.Fatalf("%s on %s: %v", result.Address, channel, result.Err)
			}
			all[channel][result.Address] = result.Decision
		}
	}
	return all
}

// followers are all kinds of Followers of a world.
func followers(w *world, dial func(n *node, key client.Key) *client.Client) []*watched {
	dir := w.t.TempDir()
	var all []*watched
	add := func(name string, options follower.Options, server int) {
		options.Now = w.clock.Now
		key := w.key
		if options.Consumer == "" {
			key = w.unregistered
		}
		all = append(all, &watched{name: name, world: w, options: options, client: func() *client.Client {
			return dial(w.nodes[server%len(w.nodes)], key)
		}})
	}
	withFile := func(options follower.Options, name string) follower.Options {
		options.File, options.SaveEvery = dir+"/"+name, time.Millisecond
		return options
	}
	add("unregistered", follower.Options{}, 0)
	add("plain", withFile(w.consumer("plain", "plain"), "plain"), 1)
	add("keyed", withFile(w.consumer("keyed", "keyed"), "keyed"), 0)
	narrow := w.consumer("narrow", "plain")
	narrow.Channels = []string{"product-marketing"}
	add("narrow", narrow, 0)
	add("keyed narrow", w.consumer("keyed-narrow", "keyed", "product-marketing"), 1)
	all[4].options.Channels = []string{"product-marketing"}
	return all
}

// tell runs a story and returns the differences that are left at the end of a chapter.
func tell(w *world, seed uint64, quiet bool, chapters, steps int, dial func(n *node, key client.Key) *client.Client) []string {
	w.t.Helper()
	o := &story{world: w, dice: rand.New(rand.NewPCG(seed, 0)), accepted: map[string]int{}, erased: map[string]bool{}, bounced: map[string]bool{}, quiet: quiet} //nolint:gosec // Repeatable on purpose.
	if w.url != "" {
		w.addNode()
	}
	w.applyCatalog(catalogs()[0])
	all := followers(w, dial)
	for _, x := range all {
		x.begin()
	}
	asks, patience := w.nodes[0].client(), 10*time.Second
	if quiet {
		patience = time.Second
	}
	for range chapters {
		for range steps {
			o.step()
			if x := all[o.dice.IntN(len(all))]; o.dice.IntN(25) == 0 {
				x.now.stop()
				x.begin()
			}
		}
		for _, n := range w.nodes {
			n.slow.Store(0)
		}
		if quiet {
			o.comeAndGo(all[0].now)
		}
		o.evenDay()
		want := w.answers(asks)
		for _, x := range all {
			if left := settle(o, patience, x, want); len(left) > 0 {
				w.t.Logf("steps: %s", o.summary())
				return left
			}
		}
	}
	w.t.Logf("steps: %s", o.summary())
	for _, x := range all {
		w.t.Logf("%s: %+v", x.name, x.now.Status())
		x.now.stop()
	}
	return nil
}

// settle waits until the Follower answers as the server does, and returns where it does not in the end.
func settle(o *story, patience time.Duration, x *watched, want map[string]map[string]client.Decision) (left []string) {
	o.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		if left = x.differences(o, want); len(left) == 0 && x.now.Status().FeedError == nil {
			break
		}
	}
	if status := x.now.Status(); status.FeedError != nil || status.Unknown > 0 {
		left = append(left, fmt.Sprintf("%s is interrupted, or held too little: %+v", x.name, status))
	}
	return left
}

// Whatever happens to a database and its servers: in the end a Follower answers as the server does, about every address on every channel.
func TestModel_AfterAnyStory_FollowersAnswerAsTheServer(t *testing.T) {
	seed := seeded(t)
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for life := range forms(1, 25) {
				t.Run(strconv.Itoa(life), func(t *testing.T) {
					left := tell(newWorld(t, kind), seed+uint64(life), false, 6, 40, func(n *node, key client.Key) *client.Client { return n.clientOf(key) })
					if len(left) > 0 {
						t.Errorf("%d differences:\n%s", len(left), strings.Join(left, "\n"))
					}
				})
			}
		})
	}
}

// deaf drops what a stream says about rules that hold no longer.
func deaf(m any) {
	if part, ok := m.(*assentv1.WatchChangesResponse); ok {
		part.Changes = slices.DeleteFunc(part.GetChanges(), func(c *assentv1.Change) bool {
			return c.GetChange() == assentv1.ChangeType_CHANGE_TYPE_REMOVED
		})
	}
}

// The model notices it when rules that hold no longer are not removed.
func TestModel_WithoutRemovals_Fails(t *testing.T) {
	w := newWorld(t, "sqlite")
	left := tell(w, seeded(t), true, 6, 60, func(n *node, key client.Key) *client.Client {
		return n.clientOf(key, altered(deaf))
	})
	if len(left) == 0 {
		t.Error("the Followers answer as the server does")
	}
	if !slices.ContainsFunc(left, func(line string) bool { return strings.Contains(line, "the Follower says") }) {
		t.Errorf("the differences are others:\n%s", strings.Join(left, "\n"))
	}
}
