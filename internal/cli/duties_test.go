package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

const everyKey = "../../examples/catalogs/every-key.yaml"

func TestRecords_OfAFile_NeedNoServer(t *testing.T) {
	got := run(t, "records", "--catalog", everyKey, "--language", "de").must(t, 0)
	if !strings.Contains(got.stdout, "<h1>Verzeichnis von Verarbeitungstätigkeiten</h1>") || !strings.Contains(got.stdout, "Versand AG") {
		t.Errorf("stdout %.300s", got.stdout)
	}
	if got := run(t, "records", "--catalog", file(t, "catalog.yaml", "channels: []")).must(t, 1); !strings.Contains(got.stderr, "controllers") {
		t.Errorf("stderr %q", got.stderr)
	}
	if got := run(t, "records", "--catalog", everyKey, "--language", "fr").must(t, 2); !strings.Contains(got.stderr, "en or de") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestRecords_OfTheServer_NameTheVersion(t *testing.T) {
	f := startFake(t)
	document, err := os.ReadFile(everyKey)
	if err != nil {
		t.Fatal(err)
	}
	f.answer = func(in proto.Message) (proto.Message, error) {
		if _, ok := in.(*assentv1.GetCatalogRequest); !ok {
			t.Errorf("asked for %v", in)
		}
		return &assentv1.GetCatalogResponse{Version: 12, Etag: "abc", Document: string(document)}, nil
	}
	got := f.run(t, "records", "--format", "json").must(t, 0)
	var records struct {
		Rules       struct{ Version int64 }
		Controllers []struct{ Activities []struct{ Channel string } }
	}
	if err := json.Unmarshal([]byte(got.stdout), &records); err != nil {
		t.Fatal(err)
	}
	if records.Rules.Version != 12 || len(records.Controllers) != 1 || records.Controllers[0].Activities[0].Channel != "magazine" {
		t.Errorf("got %+v", records)
	}
}
