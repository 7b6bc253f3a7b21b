package bulk

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/table"
)

// FuzzImport holds that each event that is read from a file can be sent.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"occurred_time,event,address,channels,legal_basis\n2026-10-01T08:00:00Z,grant,anna@firma.example,newsletter,consent\n",
		"occurred_time,event,address,declaration\nanna@firma.example,suppress,x,y\n",
		"\"occurred_time\",event\n\"2026\n\",lift\n1\n\"a\"b,c\n",
		`{"occurred_time":"2026-10-01T08:00:00Z","event":"withdraw","address":"anna@firma.example","channels":["a","b"]}` + "\n[]\n",
		`{"event":{"event":null},"notice_given":true}` + "\n{\"goods\":\"a;;b\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := listfile.NewEventRows(bytes.NewReader(data), "")
		if err != nil {
			return
		}
		for {
			row, _, err := rows.Next()
			if _, ok := errors.AsType[*table.RowError](err); ok {
				continue
			}
			if err != nil {
				return
			}
			read, err := row.Event()
			if err != nil {
				continue
			}
			event := eventInput(&read)
			if _, err := proto.Marshal(event); err != nil || event.GetOccurredTime().CheckValid() != nil || event.GetFact() == nil {
				t.Fatalf("row %q is the event %v: %v", row, event, err)
			}
		}
	})
}
