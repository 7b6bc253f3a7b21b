package terminal

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgress_ShowsAfterASecondAndGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		a := New(strings.NewReader(""), io.Discard, &out)
		a.Bars = true
		p := a.NewProgress("importing", 100)
		p.Set(10)
		if out.Len() > 0 {
			t.Errorf("shown at once: %q", out.String())
		}
		<-time.After(2 * time.Second)
		p.Set(50)
		if !strings.Contains(out.String(), "importing") || !strings.Contains(out.String(), "50%") {
			t.Errorf("shown: %q", out.String())
		}
		out.Reset()
		p.End()
		if strings.Contains(out.String(), "importing") || !strings.HasPrefix(out.String(), "\r") {
			t.Errorf("left: %q", out.String())
		}
		a.Bars = false
		p = a.NewProgress("importing", -1)
		<-time.After(2 * time.Second)
		out.Reset()
		p.Set(1)
		p.End()
		if out.Len() > 0 {
			t.Errorf("shown without a terminal: %q", out.String())
		}
	})
}
