package suppressionfilter_test

import (
	"bytes"
	"testing"

	"github.com/assent-io/assent/suppressionfilter"
)

// FuzzRead holds that any file is read or refused with a reason, that what is read can be asked, and that a file whose digest is right is
// no different. The digest is made right for each input, because no change of a fuzzer would be read with it.
func FuzzRead(f *testing.F) {
	file, _ := write(f, vectors(f))
	empty, _ := write(f, suppressionfilter.NewBuilder(testKey(f)))
	for _, seed := range [][]byte{nil, file, empty, file[:100], append(bytes.Clone(file), 0)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		signed := bytes.Clone(data)
		if len(signed) >= 32 {
			signed = sign(signed)
		}
		for _, file := range [][]byte{data, signed} {
			filter, err := suppressionfilter.Read(bytes.NewReader(file), testKey(t), suppressionfilter.Expect{})
			if err != nil {
				if reason, err := refusal(t, file); reason == nil {
					t.Fatalf("it has no reason: %v", err)
				}
				continue
			}
			info := filter.Info()
			if info.Size != int64(len(file)) || (info.Entries == 0) != (len(info.Matches) == 0) {
				t.Fatalf("a file of %d bytes says %+v", len(file), info)
			}
			for i := range 256 {
				if filter.MayContainHash(suppressionfilter.Hash{byte(i), 7: byte(i)}) && info.Entries == 0 {
					t.Fatal("an empty list has an entry")
				}
			}
			ask(t, filter, "anna@mail.example.at")
		}
	})
}

// FuzzParseKey holds that a text is the one spelling of a key or is refused, but for white space around it.
func FuzzParseKey(f *testing.F) {
	text := testKey(f).RevealText()
	for _, seed := range []string{"", text, " " + text + "\n", text[:40], "assent-consumer-key-2:AAAA", text[:30] + "\n" + text[31:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		key, err := suppressionfilter.ParseKey(typed)
		if err != nil {
			return
		}
		if again := key.RevealText(); !bytes.Contains([]byte(typed), []byte(again)) {
			t.Fatal("a key has two spellings")
		}
	})
}

// FuzzMayContain holds that any text is an answer or an error, and that what was added as typed is found as typed.
func FuzzMayContain(f *testing.F) {
	filter := read(f, first(write(f, vectors(f))))
	for _, seed := range []string{"", "anna@example.org", "Anna.Huber@gmail.com", "a.+x@outlook.com", "x@straße.de", "x@a.b.c.d.e.f.g.h.i.j.example.at"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		hit, err := filter.MayContain(typed)
		if err != nil && !hit {
			t.Fatal("an error is a miss")
		}
		for _, add := range []func(*suppressionfilter.Builder) error{
			func(b *suppressionfilter.Builder) error { return b.AddExact(typed) },
			func(b *suppressionfilter.Builder) error { return b.AddFolded(typed) },
		} {
			b := suppressionfilter.NewBuilder(testKey(t))
			if added := add(b); (added == nil) != (err == nil) {
				t.Fatalf("it is taken or asked for, but not both: %v, %v", added, err)
			}
			if err == nil && !ask(t, read(t, first(write(t, b))), typed) {
				t.Fatal("what was added is missed")
			}
		}
	})
}
