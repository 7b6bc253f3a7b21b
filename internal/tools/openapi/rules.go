package main

import (
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/assent-io/assent/internal/openapi"
)

func rulesOf(field protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

func isRequiredGroup(group protoreflect.OneofDescriptor) bool {
	rules, _ := proto.GetExtension(group.Options(), validate.E_Oneof).(*validate.OneofRules)
	return rules.GetRequired()
}

// say adds a sentence to the text of a schema.
func say(s *openapi.Schema, format string, args ...any) {
	s.Description = strings.TrimSpace(s.Description + " " + fmt.Sprintf(format, args...))
}

// limit adds the limits of a value. What JSON Schema cannot say of it, the text says.
func limit(s *openapi.Schema, rules *validate.FieldRules) {
	switch rules.GetType().(type) {
	case *validate.FieldRules_String_:
		limitString(s, rules.GetString())
	case *validate.FieldRules_Bytes:
		if r := rules.GetBytes(); r.HasLen() {
			say(s, "%d bytes.", r.GetLen())
		}
	case *validate.FieldRules_Int32:
		s.Minimum, s.Maximum = bounds(rules.GetInt32())
	case *validate.FieldRules_Int64:
		low, high := bounds(rules.GetInt64())
		if low != nil {
			say(s, "At least %d.", *low)
		}
		if high != nil {
			say(s, "At most %d.", *high)
		}
	case *validate.FieldRules_Duration:
		limitDuration(s, rules.GetDuration())
	}
	for _, rule := range rules.GetCel() {
		say(s, "Rule: %s.", strings.TrimSuffix(rule.GetMessage(), "."))
	}
}

// numberRules are those of a whole number.
type numberRules[N int32 | int64] interface {
	HasGt() bool
	HasGte() bool
	HasLt() bool
	HasLte() bool
	GetGt() N
	GetGte() N
	GetLt() N
	GetLte() N
}

// bounds returns the least and the greatest value that the rules let pass; nil is none.
func bounds[N int32 | int64](rules numberRules[N]) (low, high *int64) {
	switch {
	case rules.HasGte():
		low = new(int64(rules.GetGte()))
	case rules.HasGt():
		low = new(int64(rules.GetGt()) + 1)
	}
	switch {
	case rules.HasLte():
		high = new(int64(rules.GetLte()))
	case rules.HasLt():
		high = new(int64(rules.GetLt()) - 1)
	}
	return low, high
}

// limitString adds the limits of a text. A limit in bytes is one in characters as well, for no character has less than a byte.
func limitString(s *openapi.Schema, rules *validate.StringRules) {
	switch {
	case rules.HasMinLen():
		s.MinLength = new(rules.GetMinLen())
	case rules.GetMinBytes() > 0:
		s.MinLength = new(uint64(1))
	}
	switch {
	case rules.HasMaxLen():
		s.MaxLength = new(rules.GetMaxLen())
	case rules.HasMaxBytes():
		s.MaxLength = new(rules.GetMaxBytes())
		if !strings.Contains(s.Description, " bytes") {
			say(s, "At most %d bytes.", rules.GetMaxBytes())
		}
	}
	s.Pattern, s.Enum = rules.GetPattern(), rules.GetIn()
	if rules.GetUuid() {
		s.Format = "uuid"
	}
}

func limitDuration(s *openapi.Schema, rules *validate.DurationRules) {
	length := func(d *durationpb.Duration) string { return fmt.Sprintf("%ds", d.GetSeconds()) }
	switch {
	case rules.HasGt():
		say(s, "More than %s.", length(rules.GetGt()))
	case rules.HasGte():
		say(s, "At least %s.", length(rules.GetGte()))
	}
	if rules.HasLte() {
		say(s, "At most %s.", length(rules.GetLte()))
	}
}

func limitItems(s *openapi.Schema, rules *validate.RepeatedRules) {
	if rules.HasMinItems() {
		s.MinItems = new(rules.GetMinItems())
	}
	if rules.HasMaxItems() {
		s.MaxItems = new(rules.GetMaxItems())
	}
	limit(s.Items, rules.GetItems())
}
