package suppressionfilter_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/suppressionfilter"
)

func TestHash_IsBothSteps_AsTheyAreWrittenDown(t *testing.T) {
	list, consumer := testKeys()
	key := testKey(t)
	rapid.Check(t, func(rt *rapid.T) {
		match := rapid.SampledFrom([]suppressionfilter.Match{suppressionfilter.MatchExact, suppressionfilter.MatchFolded, suppressionfilter.MatchDomain}).Draw(rt, "form")
		text := rapid.StringN(0, 400, -1).Draw(rt, "text")
		step := func(key, data []byte) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write(data)
			return mac.Sum(nil)
		}
		inner := step(list[:], []byte("assent/1/email/"+match.String()+"\x00"+text))
		want := [32]byte(step(consumer[:], inner))
		if got := suppressionfilter.HashInner(list, match, text); got != [32]byte(inner) {
			rt.Fatal("the inner hash is another one")
		}
		if got := suppressionfilter.HashOuter(consumer, [32]byte(inner)); got != want {
			rt.Fatal("the outer hash is another one")
		}
		if got := key.Hash(match, text); got != want {
			rt.Fatal("both steps at once make another hash")
		}
	})
}

func TestHash_UnknownForm_Panics(t *testing.T) {
	for _, match := range []suppressionfilter.Match{0, 4, 255} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is hashed", match)
				}
			}()
			testKey(t).Hash(match, "anna@example.at")
		}()
	}
}

func TestHash_AnotherConsumerOrStoreOrForm_HasAnotherHash(t *testing.T) {
	list, consumer := testKeys()
	other := [32]byte{1}
	seen := map[suppressionfilter.Hash]bool{}
	for _, keys := range [][2][32]byte{{list, consumer}, {list, other}, {other, consumer}, {consumer, list}} {
		key, err := suppressionfilter.NewKey(0, keys[0], keys[1])
		must(t, err)
		for _, match := range []suppressionfilter.Match{suppressionfilter.MatchExact, suppressionfilter.MatchFolded} {
			seen[key.Hash(match, "anna@example.at")] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("8 keys and forms have %d hashes", len(seen))
	}
}
