package value

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/timetext"
)

// parseTime reads an RFC 3339 time.
func parseTime(text string) (*timestamppb.Timestamp, error) {
	t, err := timetext.ParseTimestamp(text)
	if err != nil {
		return nil, err
	}
	return timestamppb.New(t), nil
}

// parseDeclaration reads id@version.
func parseDeclaration(text string) (*assentv1.DeclarationRef, error) {
	declaration, err := listfile.ParseDeclaration(text)
	return DeclarationRef(declaration), err
}

// DeclarationRef returns the message of a declaration, or nil where it names none.
func DeclarationRef(d listfile.Declaration) *assentv1.DeclarationRef {
	if d == (listfile.Declaration{}) {
		return nil
	}
	return &assentv1.DeclarationRef{Id: d.ID, Version: d.Version}
}

// Stamp writes a time as RFC 3339 in UTC; nothing for an unset one.
func Stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format(time.RFC3339Nano)
}

// bases are the legal bases by the names that files and flags use.
//
//nolint:gochecknoglobals // A table that nothing changes; it is looked at for each row of a file.
var bases = basesByName()

func basesByName() map[string]assentv1.LegalBasis {
	names := map[string]assentv1.LegalBasis{}
	for number := range assentv1.LegalBasis_name {
		if basis := assentv1.LegalBasis(number); basis != assentv1.LegalBasis_LEGAL_BASIS_UNSPECIFIED {
			names[BasisName(basis)] = basis
		}
	}
	return names
}

// ParseBasis returns the basis of that name, and whether there is one.
func ParseBasis(name string) (assentv1.LegalBasis, bool) {
	basis, ok := bases[name]
	return basis, ok
}

// BasisNames returns the names of the legal bases in order.
func BasisNames() []string { return slices.Sorted(maps.Keys(bases)) }

// BasisName returns the name of a basis in files and flags, or nothing.
func BasisName(basis assentv1.LegalBasis) string {
	if basis == assentv1.LegalBasis_LEGAL_BASIS_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(basis.String(), "LEGAL_BASIS_"))
}

// VerdictName returns ALLOW, DENY or DEFER.
func VerdictName(verdict assentv1.Verdict) string {
	return strings.TrimPrefix(verdict.String(), "VERDICT_")
}

// DeclarationName returns id@version, or nothing.
func DeclarationName(ref *assentv1.DeclarationRef) string {
	if ref == nil {
		return ""
	}
	return ref.GetId() + "@" + ref.GetVersion()
}

// Numbers writes the numbers with the separator between them.
func Numbers(all []int64, separator string) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = fmt.Sprint(n)
	}
	return strings.Join(texts, separator)
}
