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
