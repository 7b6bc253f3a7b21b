package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
)

// table reads a CSV file, packed or not.
func table(t testing.TB, path string) (header []string, rows [][]string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var from io.Reader = bytes.NewReader(data)
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(from); err != nil {
			t.Fatal(err)
		}
	}
	all, err := csv.NewReader(from).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

// audience is whom the example company wants to write to, and the answers it should get.
type audience struct {
	addresses []string
	want      []string // verdict, reason, reasons
	// erasedLater is how many of them an erasure of a later time denies, when it is carried out.
	erasedLater int
}

func readAudience(t testing.TB) audience {
	t.Helper()
	_, rows := table(t, "../../examples/acme/audience.csv")
	_, expected := table(t, "../../examples/acme/expected.csv.gz")
	a := audience{erasedLater: 16}
	for i, row := range rows {
		if row[0] != expected[i][0] {
			t.Fatalf("row %d of the audience is %s, of the answers %s", i, row[0], expected[i][0])
		}
		a.addresses = append(a.addresses, row[1])
		a.want = append(a.want, strings.Join(expected[i][1:], " "))
	}
	return a
}

// partOfExample returns a part of the people of the example history, with the file of what is known about them and how many rows it has: a
// quarter of them, and in the long form all. The rows are in random order if random is not nil.
func partOfExample(t testing.TB, random *rand.Rand) (who audience, file string, rows int) {
	t.Helper()
	who.erasedLater = 3
	isPart := func(typed string) bool {
		a, err := address.Parse(typed)
		sum := sha256.Sum256([]byte(a.Folded()))
		return err != nil || sum[0]%4 == 0
	}
	if os.Getenv("ASSENT_PROOF") == "long" {
		who.erasedLater, isPart = 16, func(string) bool { return true }
	}
	header, events := table(t, acmeEvents)
	column := slices.Index(header, "address")
	events = slices.DeleteFunc(events, func(row []string) bool { return row[column] != "" && !isPart(row[column]) })
	for i, all := 0, readAudience(t); i < len(all.addresses); i++ {
		if isPart(all.addresses[i]) {
			who.addresses, who.want = append(who.addresses, all.addresses[i]), append(who.want, all.want[i])
		}
	}
	return who, writeEvents(t, header, events, random), len(events)
}

// answers checks the audience and returns verdict, reason and reasons of each.
func (a *audience) answers(t testing.TB, consent assentv1.ConsentServiceClient, asOf *timestamppb.Timestamp) (got []string, decided time.Time) {
	t.Helper()
	for from := 0; from < len(a.addresses); from += 10_000 {
		to := min(from+10_000, len(a.addresses))
		answer, err := consent.BatchCheckConsent(t.Context(), &assentv1.BatchCheckConsentRequest{
			Addresses: a.addresses[from:to], Channel: "product-marketing", AsOf: asOf,
		})
		if err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(answer.GetOutcomes()))
		for i, o := range answer.GetOutcomes() {
			if o.GetError() != nil {
				texts[i] = fmt.Sprintf("ERROR %s %s", o.GetError().GetReason(), o.GetError().GetReason())
				continue
			}
			d := o.GetDecision()
			decided = d.GetDecidedTime().AsTime()
			verdict := strings.TrimPrefix(d.GetVerdict().String(), "VERDICT_")
			texts[i] = fmt.Sprintf("%s %s %s", verdict, d.GetReason(), strings.Join(d.GetReasons(), ";"))
		}
		for _, i := range answer.GetOutcomeIndexes() {
			got = append(got, texts[i])
		}
	}
	return got, decided
}

// compare fails with the first rows that differ.
func compare(t testing.TB, what string, got, want []string) {
	t.Helper()
	wrong := 0
	for i := range want {
		if got[i] != want[i] {
			if wrong++; wrong <= 10 {
				t.Errorf("%s: id %d: got %q, want %q", what, i, got[i], want[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d answers differ", what, wrong, len(want))
	}
}

// imported is what the command says of an import.
type imported struct {
	Rows, Recorded, Duplicates, Rejected int
}

func importFile(t testing.TB, grpcAddress, key, file string) imported {
	t.Helper()
	code, stdout, stderr := command(t, grpcAddress, key, "import", "consents", file, "--format", "json")
	if code != 0 {
		t.Fatalf("import: exit %d: %s", code, stderr)
	}
	var got imported
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	return got
}

var exampleTime = timestamppb.New(time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC))

func TestExampleHistory_ThroughTheAPI_AnswersAsExpected_AlsoAfterItsErasures(t *testing.T) {
	who := readAudience(t)
	addresses := drawn(t)
	eachStore(t, func(t *testing.T, db *database) {
		header, rows := table(t, acmeEvents)
		file := writeEvents(t, header, rows, nil)
		s := db.serve(nil)
		consent := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
		if got := importFile(t, s.GRPC, s.key, file); got.Recorded+got.Duplicates != 50_552 || got.Rejected != 0 {
			t.Fatalf("imported %+v", got)
		}
		got, _ := who.answers(t, consent, exampleTime)
		compare(t, "as of the example's time", got, who.want)

		// The states that were packed and what a fold of the events gives are two ways to the same answer.
		strict, decided := who.answers(t, consent, nil)
		folded, _ := who.answers(t, consent, timestamppb.New(decided))
		compare(t, "strictly, against a fold as of then", strict, folded)

		if got := importFile(t, s.GRPC, s.key, file); got.Recorded != 0 || got.Duplicates != 50_552 {
			t.Errorf("the second import of the same file: %+v", got)
		}
		got, _ = who.answers(t, consent, exampleTime)
		compare(t, "after the second import", got, who.want)
		noAddresses(t, s)
		exportInAllFormats(t, db, s, addresses)
		eraseExample(t, db, &who, file)
	})
}

func TestExampleHistory_InAnotherOrder_AnswersAsExpected_AlsoAfterItsErasures(t *testing.T) {
	who, shuffled, _ := partOfExample(t, rand.New(rand.NewPCG(1, 2)))
	eachStore(t, func(t *testing.T, db *database) {
		s := db.serve(nil)
		consent := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
		importFile(t, s.GRPC, s.key, shuffled)
		got, _ := who.answers(t, consent, exampleTime)
		compare(t, "as of the example's time", got, who.want)
		strict, decided := who.answers(t, consent, nil)
		folded, _ := who.answers(t, consent, timestamppb.New(decided))
		compare(t, "strictly, against a fold as of then", strict, folded)
		s.stop()
		eraseExample(t, db, &who, shuffled)
	})
}

// noAddresses fails if an address of the history stands in what a run logged, or in its metrics.
func noAddresses(t testing.TB, s *running) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.HTTP+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	metrics, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(metrics), "assent_decisions_total") {
		t.Error("the metrics do not count decisions")
	}
	log := s.log.String()
	if !strings.Contains(log, "BatchRecordEvents") {
		t.Error("the log does not name the calls")
	}
	for name, text := range map[string]string{"log": log, "metrics": string(metrics)} {
		if at := strings.IndexByte(text, '@'); at >= 0 && !strings.Contains(text[max(0, at-10):at+10], "://") {
			t.Errorf("the %s holds something like an address: %q", name, text[max(0, at-40):min(len(text), at+40)])
		}
	}
}
