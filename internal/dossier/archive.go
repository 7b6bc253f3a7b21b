package dossier

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // For the text that goes with every archive.
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// The files of an archive. Catalogs are files of their own below catalogPrefix.
const (
	fileManifest   = "manifest.txt"
	fileKey        = "verifier-key.txt"
	fileCheckpoint = "checkpoint.txt"
	fileEntries    = "ledger/entries.ndjson"
	fileReadme     = "README.txt"
	fileJSON       = "dossier.json"
	fileCSV        = "dossier.csv"
	fileHTML       = "dossier.html"
	fileJSONLD     = "dossier.jsonld"
	catalogPrefix  = "catalogs/"
)

// manifestTitle begins every manifest, so that no signature over one can be taken for that of a checkpoint.
const manifestTitle = "assent.io/export/1"

//go:embed readme.txt
var readme []byte

// Entry is an event as the ledger commits to it, with the proof that it does.
type Entry struct {
	Position int64 `json:"position"`
	// Header is the bytes of the leaf. It is missing of an event that was recorded for another spelling or a domain.
	Header   []byte   `json:"header,omitempty"`
	LeafHash []byte   `json:"leafHash"` // SHA-256 of a zero byte and the header
	Proof    [][]byte `json:"proof"`    // from the leaf to the root of the checkpoint, after RFC 6962
	// Evidence is the sealed evidence, where it is held. Its SHA-256 stands in the header.
	Evidence []byte `json:"evidence,omitempty"`
}

// Document is the document of a version of the catalog. Its SHA-256 stands in the header of the entry at the position.
type Document struct {
	Version  int64
	Position int64
	Text     string
}

// Archive returns the zip of a dossier in all formats, of which the page to read and the one as JSON-LD are given, with the entries of the
// ledger that it rests on, their proofs, the catalogs, the checkpoint and a manifest of all of it, signed with the key that signs checkpoints.
func Archive(d *Dossier, page, linked []byte, entries []Entry, catalogs []Document, signer note.Signer) ([]byte, error) {
	files := []file{
		newFile(fileReadme, readme), newFile(fileCheckpoint, []byte(d.Made.Checkpoint)), newFile(fileKey, []byte(d.Made.VerifierKey+"\n")),
		newFile(fileHTML, page), newFile(fileJSONLD, linked),
	}
	for name, render := range map[string]func(*Dossier) ([]byte, error){
		fileJSON: JSON, fileCSV: CSV,
	} {
		data, err := render(d)
		if err != nil {
			return nil, err
		}
		files = append(files, newFile(name, data))
	}
	var lines bytes.Buffer
	for i := range entries {
		line, err := JSONLine(&entries[i])
		if err != nil {
			return nil, fmt.Errorf("write an entry of the ledger: %w", err)
		}
		lines.Write(line)
	}
	files = append(files, newFile(fileEntries, lines.Bytes()))
	for _, c := range catalogs {
		files = append(files, newFile(catalogName(c.Version), []byte(c.Text)))
	}
	byName := func(a, b file) int { return cmp.Compare(a.name, b.name) }
	slices.SortFunc(files, byName)
	manifest, err := note.Sign(&note.Note{Text: manifestOf(d.Made.Ledger, files)}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the manifest of an archive: %w", err)
	}
	files = append(files, newFile(fileManifest, manifest))
	slices.SortFunc(files, byName)
	return writeZip(files)
}

func catalogName(version int64) string { return fmt.Sprintf("%s%d.yaml", catalogPrefix, version) }

// manifestOf returns the text of the manifest of files: a line that says what it is, the name of the ledger, and a line for each file
// with its SHA-256, its size in bytes and its name, by name.
func manifestOf(ledger string, files []file) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s\n", manifestTitle, ledger)
	for i := range files {
		if f := &files[i]; f.name != fileManifest {
			fmt.Fprintf(&b, "%x %d %s\n", sha256.Sum256(f.data), len(f.data), f.name)
		}
	}
	return b.String()
}
