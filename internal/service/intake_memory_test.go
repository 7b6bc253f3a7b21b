package service

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/assent-io/assent/internal/service/intake"
)

// returning is a hard bounce that returns a message of so many bytes, a text of it and an attachment.
func (w *world) returning(address string, size int) []byte {
	line := strings.Repeat("0123456789abcdef", 4) + "\n"
	text := bounced(w.clock.Now(), address, "5.1.1", "no such user", "")
	returned := "--b\nContent-Type: message/rfc822\n\nFrom: news@acme.example\nContent-Type: multipart/mixed; boundary=c\n\n" +
		"--c\nContent-Type: text/plain\n\n" + strings.Repeat(line, size/2/len(line)) +
		"--c\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat(line, size/2/len(line)) + "--c--\n--b--\n"
	text = text[:strings.Index(text, "--b\nContent-Type: text/rfc822-headers")] + returned
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// handOver hands a mail in without a copy of it.
func handOver(t *testing.T, client *smtp.Client, text []byte) {
	t.Helper()
	if err := errors.Join(client.Mail("", nil), client.Rcpt(bounceBox, nil)); err != nil {
		t.Fatal(err)
	}
	body, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bytes.NewReader(text).WriteTo(body); err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
}

// What a mail takes of memory hangs on what is kept of its texts, and not on its size; and nothing of it is left.
func TestDoor_LargeMails_TakeNoMoreMemoryThanIsKeptOfThem(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.linked()
	client := mailServer(t, door(t, s))
	const size, mails, most, left = 12 << 20, 3, 8 << 20, 4 << 20
	large := w.returning(hanna, size)
	handOver(t, client, w.returning("otto@example.at", 1<<20)) // The buffers of a connection are made with its first mail.
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range mails {
		handOver(t, client, large)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / mails; each > most {
		t.Errorf("a mail of %d bytes took %d bytes of memory", len(large), each)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+left {
		t.Errorf("after the mails there are %d bytes more than before", after.HeapAlloc-before.HeapAlloc)
	}
	if hints := w.hints(ctx, s); len(hints) != 2 || hints[0].Address != hanna || hints[0].Cause != intake.CauseNoToken {
		t.Errorf("hints %+v", hints)
	}
	runtime.KeepAlive(large)
}
