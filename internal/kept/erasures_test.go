package kept

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
)

func erasure(n int) Erasure {
	return Erasure{
		Position: int64(n), Recorded: consent.Instant(1_790_000_000_000_000 + n), Occurred: consent.Instant(1_780_000_000_000_000 + n),
		Actor: "officer<&>", Subjects: []Subject{
			{Form: consent.FormExact, KeyVersion: 4_000_000_000, Digest: [32]byte{1, byte(n)}},
			{Form: consent.FormFolded, KeyVersion: 1, Digest: [32]byte{2, byte(n)}},
			{Form: consent.FormMail, KeyVersion: 1, Digest: [32]byte{3}},
		},
		Spellings: []consent.Spelling{{Key: 1, Sum: [16]byte{4, byte(n)}}}, Lists: []byte{5, byte(n)},
	}
}

func mustAppend(t *testing.T, d *Dir, erasures ...Erasure) {
	t.Helper()
	if err := d.Append(erasures); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, d *Dir, want ...Erasure) {
	t.Helper()
	got, err := d.Read()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestErasures_AreReadAsTheyWereAppended_AlsoByAnother(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	mustRead(t, d)
	mustAppend(t, d)
	mustAppend(t, d, erasure(3), erasure(9))
	other := opened(t, dir)
	mustAppend(t, other, erasure(12))
	mustRead(t, d, erasure(3), erasure(9), erasure(12))
	for position, want := range map[int64]int{0: 3, 3: 2, 9: 1, 11: 1, 12: 0} {
		if got, err := d.ErasuresAfter(position); err != nil || len(got) != want {
			t.Errorf("after %d: %+v, %v", position, got, err)
		}
	}
}

func TestErasures_StoredForm_NeverChanges(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	e := erasure(7)
	e.Subjects = e.Subjects[:1]
	older := e
	older.Lists = nil
	mustAppend(t, d, e, older)
	const start = `{"position":7,"recorded":1790000000000007,"occurred":1780000000000007,"actor":"officer\u003c\u0026\u003e",` +
		`"subjects":[{"form":"exact","key":4000000000,"digest":"0107000000000000000000000000000000000000000000000000000000000000"}],` +
		`"spellings":[{"key":1,"digest":"04070000000000000000000000000000"}],`
	const want = start + `"lists":"0507","sum":"SUM"}` + "\n" + start + `"sum":"SUM"}` + "\n"
	text, err := os.ReadFile(filepath.Join(dir, erasuresName))
	if err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile(`"sum":"[0-9a-f]{16}"`).ReplaceAllString(string(text), `"sum":"SUM"`); got != want {
		t.Errorf("got %s", got)
	}
}

func TestErasures_LineThatACrashCutOff_IsLeftOut_AndTheNextBeginsALine(t *testing.T) {
	whole, err := appendLine(nil, new(Erasure))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 2, len(whole) / 2, len(whole) - 2, len(whole) - 1} {
		dir := t.TempDir()
		d := opened(t, dir)
		mustAppend(t, d, erasure(1))
		path := filepath.Join(dir, erasuresName)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(text)+string(whole[:n]))
		mustRead(t, d, erasure(1))
		mustAppend(t, d, erasure(2))
		mustRead(t, d, erasure(1), erasure(2))
	}
}

func TestErasures_LineThatWasDamaged_IsAnErrorThatNamesIt(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	mustAppend(t, d, erasure(1), erasure(2), erasure(3))
	path := filepath.Join(dir, erasuresName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.IndexByte(text, '\n') + 1
	end := second + bytes.IndexByte(text[second:], '\n')
	for i := second; i < end; i++ {
		damaged := bytes.Clone(text)
		damaged[i] ^= 1
		write(t, path, string(damaged))
		if got, err := d.Read(); err == nil || !strings.Contains(err.Error(), "line 2") && damaged[i] != '\n' {
			t.Fatalf("byte %d: %+v, %v", i-second, got, err)
		}
	}
	write(t, path, string(text[:second])+"\n"+string(text[second:]))
	if got, err := d.Read(); err == nil {
		t.Errorf("an empty line: %+v", got)
	}
	write(t, path, strings.Repeat("x", maxLine+1)+"\n")
	if got, err := d.Read(); err == nil {
		t.Errorf("a line that is too long: %+v", got)
	}
}

func TestAppend_AtOnceByTwo_LosesNone(t *testing.T) {
	dir := t.TempDir()
	dirs := []*Dir{opened(t, dir), opened(t, dir)}
	var wg sync.WaitGroup
	errs := make([]error, 40)
	for n := range errs {
		wg.Go(func() { errs[n] = dirs[n%2].Append([]Erasure{erasure(n + 1)}) })
	}
	wg.Wait()
	got, err := dirs[0].Read()
	if err = errors.Join(append(errs, err)...); err != nil || len(got) != len(errs) {
		t.Errorf("%d erasures, %v", len(got), err)
	}
}

func TestAppend_WhatCannotBeWritten_IsAnError_AndAppendsNothing(t *testing.T) {
	d := opened(t, t.TempDir())
	domain, long := erasure(2), erasure(3)
	domain.Subjects[0].Form = consent.FormDomain
	for range 2000 {
		long.Spellings = append(long.Spellings, consent.Spelling{})
	}
	for _, bad := range []Erasure{domain, long} {
		if err := d.Append([]Erasure{erasure(1), bad}); err == nil {
			t.Error("it was appended")
		}
	}
	mustRead(t, d)
}

func FuzzReadErasures(f *testing.F) {
	var seed []byte
	for n := range 3 {
		e := erasure(n)
		var err error
		if seed, err = appendLine(seed, &e); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-1])
	f.Add(append([]byte(`{"position":1`+cutMark+"\n"), seed...))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		erasures, err := readErasures(bytes.NewReader(text))
		if err != nil {
			return
		}
		var want []byte
		for line := range bytes.Lines(text) {
			if bytes.HasSuffix(line, []byte("\n")) && !bytes.HasSuffix(line, []byte(cutMark+"\n")) {
				want = append(want, line...)
			}
		}
		var got []byte
		for i := range erasures {
			if got, err = appendLine(got, &erasures[i]); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q was read as %s", text, fmt.Sprint(erasures))
		}
	})
}
