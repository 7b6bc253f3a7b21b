package rpc

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/fault"
)

func TestCauses_OfEachReasonOneASecond_WithHowManyWereLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newCauses(slog.New(slog.NewTextHandler(&log, nil)))
		fail := func(reason string) {
			refused := fault.Errorf(fault.Unavailable, "", "away").Because(errors.New("no route"))
			s.report(t.Context(), &call{}, reason, refused)
		}
		for range 3 {
			fail("A")
		}
		fail("B")
		timer := time.NewTimer(causesEvery)
		<-timer.C
		fail("A")
		s.report(t.Context(), &call{}, "C", fault.Errorf(fault.InUse, "", "without a cause"))
		s.report(t.Context(), &call{}, "D", errors.New("none of the domain"))
		var got []string
		for line := range strings.Lines(log.String()) {
			_, rest, _ := strings.Cut(line, "reason=")
			got = append(got, rest[:1]+rest[strings.LastIndexByte(rest, '='):len(rest)-1])
		}
		if want := "A=0 B=0 A=2"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s:\n%s", got, want, &log)
		}
	})
}
