package bulk

import (
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
)

// eventInput returns the event of a row as it is sent.
func eventInput(e *listfile.Event) *assentv1.EventInput {
	basis, _ := value.ParseBasis(string(e.LegalBasis)) // The row has one of its names, or none.
	in := &assentv1.EventInput{OccurredTime: timestampOf(e.OccurredTime)}
	evidence, declaration := evidenceOf(&e.Evidence), value.DeclarationRef(e.Declaration)
	switch e.Kind {
	case listfile.KindRequest:
		in.Fact = &assentv1.EventInput_Request{Request: &assentv1.Request{
			Address: e.Address, Channel: e.Channels[0], Declaration: declaration, Evidence: evidence,
		}}
	case listfile.KindConfirm:
		in.Fact = &assentv1.EventInput_Confirm{Confirm: &assentv1.Confirmation{
			Address: e.Address, Channel: e.Channels[0], Evidence: evidence,
		}}
	case listfile.KindGrant:
		in.Fact = &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: e.Address, Channels: e.Channels, LegalBasis: basis, Declaration: declaration,
			Evidence: evidence, ExpiresTime: timestampOf(e.ExpiresTime),
		}}
	case listfile.KindWithdraw:
		in.Fact = &assentv1.EventInput_Withdraw{Withdraw: refusalOf(e, evidence)}
	case listfile.KindRefuse:
		in.Fact = &assentv1.EventInput_Refuse{Refuse: refusalOf(e, evidence)}
	case listfile.KindSuppress:
		in.Fact = &assentv1.EventInput_Suppress{Suppress: suppressionOf(e, evidence)}
	case listfile.KindLift:
		in.Fact = &assentv1.EventInput_Lift{Lift: liftOf(e, evidence)}
	case listfile.KindLink:
		in.Fact = &assentv1.EventInput_Link{Link: linkOf(e, evidence)}
	case listfile.KindUnlink:
		in.Fact = &assentv1.EventInput_Unlink{Unlink: linkOf(e, evidence)}
	case listfile.KindErase:
		in.Fact = &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{
			Address: e.Address, Justification: e.Justification, Evidence: evidence,
		}}
	}
	return in
}

func refusalOf(e *listfile.Event, evidence *assentv1.Evidence) *assentv1.Refusal {
	return &assentv1.Refusal{
		Address: e.Address, Channels: e.Channels, AllMarketing: e.AllMarketing, Declaration: value.DeclarationRef(e.Declaration), Evidence: evidence,
	}
}

func linkOf(e *listfile.Event, evidence *assentv1.Evidence) *assentv1.Link {
	return &assentv1.Link{Address: e.Address, OtherAddress: e.With, Justification: e.Justification, Evidence: evidence}
}

func suppressionOf(e *listfile.Event, evidence *assentv1.Evidence) *assentv1.Suppression {
	s := &assentv1.Suppression{
		Reason: e.Reason, Scope: e.Scope, UntilTime: timestampOf(e.UntilTime), List: e.List, Binds: e.Binds,
		Justification: e.Justification, Evidence: evidence,
	}
	if e.Domain != "" {
		s.Target = &assentv1.Suppression_Domain{Domain: e.Domain}
	} else {
		s.Target = &assentv1.Suppression_Address{Address: e.Address}
	}
	return s
}

func liftOf(e *listfile.Event, evidence *assentv1.Evidence) *assentv1.Lift {
	l := &assentv1.Lift{
		Reason: e.Reason, Scope: e.Scope, List: e.List, InformedTime: timestampOf(e.InformedTime), Justification: e.Justification, Evidence: evidence,
	}
	if e.Domain != "" {
		l.Target = &assentv1.Lift_Domain{Domain: e.Domain}
	} else {
		l.Target = &assentv1.Lift_Address{Address: e.Address}
	}
	return l
}

// evidenceOf returns nil where the row has none.
func evidenceOf(e *listfile.Evidence) *assentv1.Evidence {
	m := &assentv1.Evidence{
		Source: e.Source, Url: e.URL, Ip: e.IP, UserAgent: e.UserAgent, ConfirmedTime: timestampOf(e.ConfirmedTime),
		TransactionRef: e.TransactionRef, NoticeGiven: e.NoticeGiven, Goods: e.Goods, DocumentRef: e.DocumentRef,
		Operator: e.Operator, Note: e.Note, Notice: value.DeclarationRef(e.Notice),
	}
	if proto.Size(m) == 0 {
		return nil
	}
	return m
}

func timestampOf(at *time.Time) *timestamppb.Timestamp {
	if at == nil {
		return nil
	}
	return timestamppb.New(*at)
}

// inColumns returns what the server says of an event in the words of the file:
// the field that it begins with, such as evidence.confirmedTime, becomes the
// column.
func inColumns(message string) string {
	field, rest, found := strings.Cut(message, ": ")
	if !found {
		return message
	}
	column := ""
	switch field {
	case "channel", "allMarketing":
		column = listfile.ColChannels
	case "untilTime":
		column = listfile.ColUntil
	case "otherAddress":
		column = listfile.ColWith
	default:
		for _, r := range strings.TrimPrefix(field, "evidence.") {
			if unicode.IsUpper(r) {
				column += "_"
			}
			column += string(unicode.ToLower(r))
		}
	}
	if !listfile.IsEventColumn(column) {
		return message
	}
	return column + ": " + rest
}
