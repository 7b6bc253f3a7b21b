package extlist

import (
	"crypto/md5"  //nolint:gosec // The form of such lists; nothing rests on it that must not be guessed.
	"crypto/sha1" //nolint:gosec // As above.
	"crypto/sha256"
	"crypto/sha512"
	"strings"

	"github.com/assent-io/assent/internal/address"
)

// Form says which digests a list holds. The texts are stored and never change.
type Form string

// The forms of lists. All digests are of lower-case texts, with the domain as A-label.
const (
	// ECGFile is the file of the Austrian ECG list: SHA-1 of an address, or of @ and a domain; 20 bytes each, without anything between.
	ECGFile Form = "ecg_file"
	// ECGService is what the service of the ECG list said: SHA-512 of an address, of the address without dots before the @, or of a domain
	// without @; and which addresses it was asked about.
	ECGService Form = "ecg_service"
	// The lists of partners: a digest of an address, in hexadecimal digits, one a line.
	MD5    Form = "md5"
	SHA1   Form = "sha1"
	SHA256 Form = "sha256"
	SHA512 Form = "sha512"
)

// Forms returns all forms.
func Forms() []Form { return []Form{ECGFile, ECGService, MD5, SHA1, SHA256, SHA512} }

// digestSize is how many bytes of a digest are kept at most.
const digestSize = 32

// digest is a digest, or the first 32 bytes of one, with zeros after a shorter one.
type digest = [digestSize]byte

// Width returns how many bytes of each digest are kept; 0 of a form that there is not. Of SHA-512 it is half, which still is more than can
// ever be met by chance.
func (f Form) Width() int {
	switch f {
	case MD5:
		return md5.Size
	case ECGFile, SHA1:
		return sha1.Size
	case ECGService, SHA256, SHA512:
		return digestSize
	default:
		return 0
	}
}

// Known reports whether f is one of the forms.
func (f Form) Known() bool { return f.Width() > 0 }

// HasAsked reports whether a version says which addresses the keeper of the list was asked about: the list says nothing of others.
func (f Form) HasAsked() bool { return f == ECGService }

// hexDigits is how many digits a digest has in a text.
func (f Form) hexDigits() int {
	if f == SHA512 || f == ECGService {
		return 2 * sha512.Size
	}
	return 2 * f.Width()
}

// sum returns the digest of a text.
func (f Form) sum(text []byte) (d digest) {
	switch f {
	case MD5:
		sum := md5.Sum(text) //nolint:gosec // As above.
		copy(d[:], sum[:])
	case ECGFile, SHA1:
		sum := sha1.Sum(text) //nolint:gosec // As above.
		copy(d[:], sum[:])
	case SHA256:
		d = sha256.Sum256(text)
	default:
		sum := sha512.Sum512(text)
		copy(d[:], sum[:])
	}
	return d
}

// maxProbes is how many digests of an address are looked for at most: of the exact and the folded form and the domain, with and without dots.
const maxProbes = 5

// probes are the digests by which an address is looked for. The first is that of the exact form.
type probes struct {
	list [maxProbes]digest
	n    int
}

func (p *probes) add(f Form, text []byte) {
	p.list[p.n] = f.sum(text)
	p.n++
}

// probesOf returns the digests by which an address is looked for. The folded form is looked for, too: a list blocks a mailbox however it is
// spelled, so far as its digests tell.
func (f Form) probesOf(a address.Address) (p probes) {
	var buffer [2 * 256]byte
	local := func(text string) {
		p.add(f, append(buffer[:0], text...))
		if f != ECGService {
			return
		}
		if at := strings.LastIndexByte(text, '@'); strings.IndexByte(text[:at], '.') >= 0 {
			p.add(f, appendWithoutDots(buffer[:0], text, at))
		}
	}
	local(a.Exact())
	if folded := a.Folded(); folded != a.Exact() {
		local(folded)
	}
	switch f {
	case ECGFile:
		p.add(f, append(append(buffer[:0], '@'), a.Domain()...))
	case ECGService:
		p.add(f, append(buffer[:0], a.Domain()...))
	default:
	}
	return p
}

// appendWithoutDots appends an address without the dots before its @.
func appendWithoutDots(b []byte, text string, at int) []byte {
	for i := range at {
		if text[i] != '.' {
			b = append(b, text[i])
		}
	}
	return append(b, text[at:]...)
}

// Questions appends what the service of the ECG list is asked about an address, as hexadecimal digits: first the address, under which the
// answer is noted, then its other forms, and last the domain.
func (f Form) Questions(a address.Address) [][sha512.Size]byte {
	var all [][sha512.Size]byte
	for _, text := range [...]string{a.Exact(), a.Folded()} {
		all = append(all, sha512.Sum512([]byte(text)))
		at := strings.LastIndexByte(text, '@')
		all = append(all, sha512.Sum512(appendWithoutDots(nil, text, at)))
	}
	return append(all, sha512.Sum512([]byte(a.Domain())))
}
