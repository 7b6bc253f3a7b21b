package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestStartOf_APreview_TakesWhatCanNameAPersonFromHeadersOnly(t *testing.T) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/imports:preview?preset=sendgrid&rows=all", http.NoBody)
	r.Header.Set("X-File-Sha256", sum)
	r.Header.Set("X-File-Name", "bounces%20of%20J%C3%B6rg.csv")
	start, refused := startOf(r, "", true)
	if refused != nil || start.GetSha256() != sum || start.GetPreview().GetFileName() != "bounces of Jörg.csv" || start.GetPreview().GetPreset() != "sendgrid" {
		t.Errorf("%v, %v", start, refused)
	}
	r.Header.Set("X-File-Name", "100%.csv")
	if _, refused = startOf(r, "", true); refused == nil {
		t.Error("a name that cannot be read passed")
	}
	for _, name := range []string{"sha256", "fileName"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/imports:preview?"+name+"=x", http.NoBody)
		_, refused := startOf(r, "", true)
		if refused == nil {
			t.Fatalf("%s in the URL passed", name)
		}
		for _, named := range []string{"preset", "channelMap", "columns", "declaration", "occurredTime", "rows", "X-File-Sha256", "X-File-Name"} {
			if !strings.Contains(refused.Error(), named) {
				t.Errorf("the error does not name %s: %s", named, refused)
			}
		}
	}
}
