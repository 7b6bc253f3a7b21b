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

// example is the example history, or a part of its people: what is to be answered about them, and what is known about them.
type example struct {
	who    audience
	header []string
	rows   [][]string
}

// wholeExample returns the history of all people.
func wholeExample(t testing.TB) *example {
	t.Helper()
	e := &example{who: readAudience(t)}
	e.header, e.rows = table(t, acmeEvents)
	return e
}

// partOfExample returns a quarter of the people with what is known about them, and in the long form all.
func partOfExample(t testing.TB) *example {
	t.Helper()
	e := wholeExample(t)
	if os.Getenv("ASSENT_PROOF") == "long" {
		return e
	}
	isPart := func(typed string) bool {
		a, err := address.Parse(typed)
		sum := sha256.Sum256([]byte(a.Folded()))
		return err != nil || sum[0]%4 == 0
	}
	column := slices.Index(e.header, "address")
	e.rows = slices.DeleteFunc(e.rows, func(row []string) bool { return row[column] != "" && !isPart(row[column]) })
	all := e.who
	e.who = audience{erasedLater: 3}
	for i, typed := range all.addresses {
		if isPart(typed) {
			e.who.addresses, e.who.want = append(e.who.addresses, typed), append(e.who.want, all.want[i])
		}
	}
	return e
}

// exampleFor returns the whole history for SQLite, and a part for PostgreSQL, where as many rows take longer. In the long form it is the
// whole for both.
func exampleFor(t testing.TB, db *database) *example {
	t.Helper()
	if strings.HasPrefix(db.url, "sqlite:") {
		return wholeExample(t)
	}
	return partOfExample(t)
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
	eachStore(t, func(t *testing.T, db *database) {
		e := exampleFor(t, db)
		who, rows, file := &e.who, len(e.rows), e.write(t)
		s := db.serve(nil)
		consent := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
		if got := importFile(t, s.GRPC, s.key, file); got.Recorded+got.Duplicates != rows || got.Rejected != 0 {
			t.Fatalf("imported %+v of %d", got, rows)
		}
		got, _ := who.answers(t, consent, exampleTime)
		compare(t, "as of the example's time", got, who.want)

		// The states that were packed and what a fold of the events gives are two ways to the same answer.
		strict, decided := who.answers(t, consent, nil)
		folded, _ := who.answers(t, consent, timestamppb.New(decided))
		compare(t, "strictly, against a fold as of then", strict, folded)

		if got := importFile(t, s.GRPC, s.key, file); got.Recorded != 0 || got.Duplicates != rows {
			t.Errorf("the second import of the same file: %+v", got)
		}
		got, _ = who.answers(t, consent, exampleTime)
		compare(t, "after the second import", got, who.want)
		noAddresses(t, s)
		exportInAllFormats(t, db, s, e.drawn(t))
		eraseExample(t, db, who, file)
	})
}

func TestExampleHistory_InAnotherOrder_AnswersAsExpected_AlsoAfterItsErasures(t *testing.T) {
	e := partOfExample(t)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(e.rows), func(i, j int) { e.rows[i], e.rows[j] = e.rows[j], e.rows[i] })
	who, shuffled := &e.who, e.write(t)
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
		eraseExample(t, db, who, shuffled)
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
