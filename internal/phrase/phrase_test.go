package phrase

import "testing"

func TestOneLine_HoldsNoControlBytesAndNothingTwice(t *testing.T) {
	for text, want := range map[string]string{
		"failed to connect:\n\t127.0.0.1:1 (localhost): refused\n\t127.0.0.1:1 (localhost): refused": "failed to connect: 127.0.0.1:1 (localhost): refused",
		"one\r\ntwo\tthree\n\n": "one; two three",
		"a\x1b[31mb":            "a\ufffd[31mb",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCount_WritesThePlural(t *testing.T) {
	for want, got := range map[string]string{
		"1 entry": Count(1, "entry"), "0 entries": Count(0, "entry"), "2 entries": Count(2, "entry"), "2 days": Count(2, "day"),
		"1 row": Count(1, "row"), "3 rows": Count(int64(3), "row"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
