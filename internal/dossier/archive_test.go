package dossier

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/locale"
)

func TestVerify_ArchiveAsItWasMade_Holds(t *testing.T) {
	s := newSample(t, locale.German)
	data := s.archive(t)
	for _, key := range []string{"", s.key} {
		r := Verify(data, key)
		if r.Found != 0 || r.Events != 6 || r.EvidenceHeld != 4 || r.EvidenceDeleted != 1 || r.Position != 6 || r.Ledger != sampleOrigin {
			t.Errorf("%+v", r)
		}
		if r.KeyFromFile != (key == "") || r.VerifierKey != s.key || r.MadeTime != s.dossier.Made.Time {
			t.Errorf("%+v", r)
		}
	}
	if again := s.archive(t); !bytes.Equal(data, again) {
		t.Error("the same dossier gives other bytes")
	}
}

// Every byte of what holds the archive together is changed, and of the long texts some: what they are covered by is the same for all
// of their bytes.
func TestVerify_AnyByteChanged_IsFound(t *testing.T) {
	s := newSample(t, locale.English)
	data := s.archive(t)
	files, err := readZip(data)
	if err != nil {
		t.Fatal(err)
	}
	stride := map[string]int{fileReadme: 197, fileHTML: 397, fileJSONLD: 397, fileCSV: 97, fileJSON: 97, fileEntries: 17}
	tried := 0
	start := 0
	flip := func(i int, by byte) {
		tried++
		changed := bytes.Clone(data)
		changed[i] ^= by
		if r := Verify(changed, s.key); r.Found == 0 {
			t.Errorf("byte %d changed by %#x is not found", i, by)
		}
	}
	for i := range files {
		head := start + sizeLocal + len(files[i].name)
		for at := start; at < head; at++ {
			flip(at, 1<<(at%8))
		}
		for at := head; at < head+len(files[i].data); at += max(stride[files[i].name], 1) {
			flip(at, 1)
		}
		start = head + len(files[i].data)
	}
	for at := start; at < len(data); at++ {
		flip(at, 1<<(at%8))
	}
	if tried < 2000 {
		t.Errorf("only %d bytes were changed", tried)
	}
}

func TestVerify_AnyChangeOfItsBytes_IsFound(t *testing.T) {
	s := newSample(t, locale.English)
	data := s.archive(t)
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, len(data)).Draw(t, "from")
		to := rapid.IntRange(from, min(len(data), from+64)).Draw(t, "to")
		with := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "with")
		changed := slices.Concat(data[:from], with, data[to:])
		if r := Verify(changed, ""); (r.Found == 0) != bytes.Equal(changed, data) {
			t.Fatalf("%d bytes at %d became %d: %d findings", to-from, from, len(with), r.Found)
		}
	})
}

// rebuilt returns the archive with its files changed; the checksums of the zip fit, the manifest does not.
func rebuilt(t testing.TB, data []byte, change func(name string, data []byte) []byte) []byte {
	t.Helper()
	files, err := readZip(data)
	if err != nil {
		t.Fatal(err)
	}
	var kept []file
	for _, f := range files {
		if changed := change(f.name, bytes.Clone(f.data)); changed != nil {
			kept = append(kept, newFile(f.name, changed))
		}
	}
	out, err := writeZip(kept)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func only(name string, change func([]byte) []byte) func(string, []byte) []byte {
	return func(n string, data []byte) []byte {
		if n == name {
			return change(data)
		}
		return data
	}
}

func TestVerify_WhatWasAltered_IsNamed(t *testing.T) {
	s := newSample(t, locale.English)
	data := s.archive(t)
	gone := func([]byte) []byte { return nil }
	space := func(b []byte) []byte { return append(b, ' ') }
	for name, c := range map[string]struct {
		data    []byte
		file    string
		message string
	}{
		"page":             {rebuilt(t, data, only(fileHTML, space)), fileHTML, "the file is not the one that the manifest names"},
		"table":            {rebuilt(t, data, only(fileCSV, space)), fileCSV, "the file is not the one that the manifest names"},
		"file gone":        {rebuilt(t, data, only(fileJSONLD, gone)), fileJSONLD, "the file is missing"},
		"manifest gone":    {rebuilt(t, data, only(fileManifest, gone)), fileManifest, "the file is missing"},
		"manifest":         {rebuilt(t, data, only(fileManifest, space)), fileManifest, "it is not signed by the key"},
		"checkpoint":       {rebuilt(t, data, only(fileCheckpoint, space)), fileCheckpoint, "it is not signed by the key"},
		"catalog":          {rebuilt(t, data, only("catalogs/1.yaml", space)), "catalogs/1.yaml", "the catalog differs from the one that the ledger names"},
		"key":              {rebuilt(t, data, only(fileKey, space)), fileKey, "the key of the archive is not the one that was given"},
		"comment":          {append(bytes.Clone(data[:len(data)-2]), 1, 0, 'x'), "", "in the directory"},
		"cut off":          {data[:len(data)/2], "", "the archive"},
		"something behind": {append(bytes.Clone(data), 'x'), "", "in the directory"},
		"something before": {append([]byte("x"), data...), "", "this is not an archive"},
		"nothing":          {nil, "", "this is not an archive"},
	} {
		r := Verify(c.data, s.key)
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.File == c.file && strings.Contains(f.Message, c.message) }) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

func TestVerify_AnotherGenuineKey_IsTheOnlyFinding(t *testing.T) {
	s := newSample(t, locale.English)
	_, other, err := note.GenerateKey(rand.Reader, "another.example")
	if err != nil {
		t.Fatal(err)
	}
	r := Verify(s.archive(t), other)
	if r.Found != 1 || len(r.Findings) != 1 || !strings.HasPrefix(r.Findings[0].Message, "it is not signed by the key that was given") {
		t.Errorf("%+v", r)
	}
}

// resigned is an archive with a false event, signed by its maker.
func TestVerify_DossierThatIsSignedButNotWhatTheLedgerSays_IsFound(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(s *sample)
		file    string
		message string
	}{
		"event told otherwise": {func(s *sample) { s.dossier.Events[3].Kind = "grant" }, fileJSON, "the event differs from its entry in the ledger"},
		"time moved":           {func(s *sample) { s.dossier.Events[4].OccurredTime++ }, fileJSON, "the event differs from its entry in the ledger"},
		"event left out":       {func(s *sample) { s.dossier.Events = s.dossier.Events[:4] }, fileJSON, "it leaves out an event that has an entry here"},
		"event without entry":  {func(s *sample) { s.entries = s.entries[:5] }, fileJSON, "the event has no entry that is proven"},
		"header altered":       {func(s *sample) { s.entries[2].Header[3] ^= 1 }, fileEntries, "the leaf hash does not match the header"},
		"header and leaf altered": {func(s *sample) {
			s.entries[2].Header[3] ^= 1
			leaf := tlog.RecordHash(s.entries[2].Header)
			s.entries[2].LeafHash = leaf[:]
		}, fileEntries, "the entry is not in the ledger of the checkpoint"},
		"evidence altered": {func(s *sample) { s.entries[1].Evidence = []byte("another") }, fileEntries, "the sealed evidence does not match the header"},
		"entries swapped":  {func(s *sample) { s.entries[1], s.entries[2] = s.entries[2], s.entries[1] }, fileEntries, "the entries are not in the order of their positions"},
		"another position": {func(s *sample) { s.dossier.Made.Position-- }, fileJSON, "it does not belong to this ledger, or to the position of the checkpoint"},
		"another catalog":  {func(s *sample) { s.catalogs[0].Text = "other" }, "catalogs/1.yaml", "the catalog differs from the one that the ledger names"},
	} {
		s := newSample(t, locale.English)
		c.change(s)
		r := Verify(s.archive(t), s.key)
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.File == c.file && strings.Contains(f.Message, c.message) }) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

func TestVerify_ArchiveOfAnotherKey_IsFoundIfTheKeyIsGiven(t *testing.T) {
	s := newSample(t, locale.English)
	private, public, err := note.GenerateKey(rand.Reader, sampleOrigin)
	if err != nil {
		t.Fatal(err)
	}
	forger, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	forged := rebuilt(t, s.archive(t), func(name string, data []byte) []byte {
		switch name {
		case fileKey:
			return []byte(public + "\n")
		case fileManifest, fileCheckpoint:
			text := unsigned(data)
			signed, err := note.Sign(&note.Note{Text: text}, forger)
			if err != nil {
				t.Fatal(err)
			}
			return signed
		default:
			return data
		}
	})
	if r := Verify(forged, s.key); r.Found == 0 {
		t.Error("the archive of a forger holds under the true key")
	}
	if r := Verify(forged, ""); !r.KeyFromFile || r.VerifierKey != public {
		t.Errorf("the report does not say which key it used: %+v", r)
	}
}

// unzipped returns the files of an archive as any program reads them.
func unzipped(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// What reads the standard formats verifies the archive without this program.
func TestArchive_IsVerifiedByOtherPrograms(t *testing.T) {
	s := newSample(t, locale.English)
	files := unzipped(t, s.archive(t))
	verifier, err := note.NewVerifier(strings.TrimSpace(string(files["verifier-key.txt"])))
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := note.Open(files["checkpoint.txt"], note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	var origin, root string
	var size int64
	if _, err := fmt.Sscan(checkpoint.Text, &origin, &size, &root); err != nil {
		t.Fatal(err)
	}
	hash, err := tlog.ParseHash(root)
	if err != nil {
		t.Fatal(err)
	}
	proven := 0
	for line := range strings.Lines(string(files["ledger/entries.ndjson"])) {
		var e struct {
			Position int64
			Header   []byte
			Proof    [][]byte
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		var proof tlog.RecordProof
		for _, h := range e.Proof {
			proof = append(proof, tlog.Hash(h))
		}
		if err := tlog.CheckRecord(proof, size, hash, e.Position-1, tlog.RecordHash(e.Header)); err != nil {
			t.Error(err)
		}
		proven++
	}
	manifest, err := note.Open(files["manifest.txt"], note.VerifierList(verifier))
	if err != nil || proven != 6 {
		t.Fatalf("%d entries, %v", proven, err)
	}
	for _, line := range strings.Split(strings.TrimSpace(manifest.Text), "\n")[2:] {
		parts := strings.Fields(line)
		if fmt.Sprintf("%x", sha256.Sum256(files[parts[2]])) != parts[0] {
			t.Errorf("%s has another hash", parts[2])
		}
	}
}

func FuzzVerify(f *testing.F) {
	s := newSample(f, locale.English)
	data := s.archive(f)
	// A short archive is gone through much faster, and is read by the same code.
	small := rebuilt(f, data, func(name string, data []byte) []byte {
		if slices.Contains([]string{fileManifest, fileCheckpoint, fileKey, fileEntries, "catalogs/1.yaml"}, name) {
			return data
		}
		return nil
	})
	f.Add(small, s.key)
	f.Add(small, "")
	f.Add(small[:len(small)/2], "")
	f.Add([]byte("PK\x03\x04"), "a+00000000+AAAA")
	f.Fuzz(func(t *testing.T, changed []byte, key string) {
		r := Verify(changed, key)
		if r.Found == 0 && key == s.key && !bytes.Equal(changed, data) {
			t.Error("another archive holds under the key")
		}
		if r.Found < len(r.Findings) {
			t.Errorf("%d findings, %d counted", len(r.Findings), r.Found)
		}
	})
}
