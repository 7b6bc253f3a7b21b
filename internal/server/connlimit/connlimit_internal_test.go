package connlimit

import (
	"log/slog"
	"testing"
)

func TestNew_LimitsFollowFromTheOpenFiles(t *testing.T) {
	for _, test := range []struct {
		files     uint64
		limit     int
		known     int64
		strangers int
	}{
		{files: 1024, known: 640, strangers: 64},
		{files: 0, known: 640, strangers: 64},
		{files: 64, known: 16, strangers: 16},
		{files: 1 << 40, known: 10_000, strangers: 256},
		{files: 1024, limit: 5, known: 5, strangers: 64},
	} {
		got := New(test.files, test.limit, slog.New(slog.DiscardHandler))
		if got.maxKnown != test.known || got.maxStrangers != test.strangers {
			t.Errorf("%d files, limit %d: %d with a key and %d without, want %d and %d", test.files, test.limit, got.maxKnown,
				got.maxStrangers, test.known, test.strangers)
		}
	}
}
