package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/follow"
)

func TestMetrics_EveryStateOfTheIndex_IsTold_AndOneIsThePresentOne(t *testing.T) {
	r := run(t, settings(t))
	metrics := r.as(http.MethodGet, "/metrics", "").body
	present := 0
	for _, state := range follow.States() {
		line := fmt.Sprintf("assent_index_state{state=%q} ", state)
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("the metrics lack %s", line)
		}
		if strings.Contains(metrics, "\n"+line+"1\n") {
			present++
		}
	}
	if present != 1 {
		t.Errorf("%d states are the present one", present)
	}
}
