package cases

import (
	"context"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/storage"
)

// HandOver says where a case goes.
type HandOver struct {
	Department     string
	SenderInformed casework.Informed
	Reason         string
}

// HandOverCase hands a case over to the desk of another department. Errors: INVALID_REQUEST, CASE_NOT_FOUND, DESK_NOT_FOUND, CASE_CLOSED,
// SENDER_NOT_INFORMED for what was addressed to one person, CASE_FULL, ETAG_MISMATCH, SCOPE_MISSING.
func (s *Cases) HandOverCase(ctx context.Context, c Change, h HandOver) (Case, error) {
	after, _, err := s.change(ctx, c, storage.Load{}, func(on *onCase) error {
		if err := on.needNotClosed(); err != nil {
			return err
		}
		desk, found := s.desk(on.cat, h.Department)
		switch {
		case !found:
			return desks.Missing(h.Department)
		case h.Department == on.row.Department:
			return fault.Errorf(fault.InvalidRequest, "department", "the desk of %s has the case already", h.Department)
		}
		if err := casework.MayHandOver(on.row.Personal, h.SenderInformed, h.Reason); err != nil {
			return fault.Errorf(fault.SenderNotInformed, "senderInformed", "%s", err)
		}
		from := on.row.Department
		on.row.Department, on.row.SenderInformed, on.desk = h.Department, string(h.SenderInformed), desk
		if err := s.assignFirst(on.Tx, on.row, &desk, ""); err != nil {
			return err
		}
		if err := on.cases.tellDesk(on.Tx, on.row, alarm.HandedOver, etagOf(on.row)); err != nil {
			return err
		}
		return on.add(&entry{kind: EntryHandedOver, text: handOverText(from, &h)})
	})
	return after, err
}

func handOverText(from string, h *HandOver) string {
	if from == "" {
		from = "the officers"
	}
	text := "from " + from + " to " + h.Department
	if h.SenderInformed != casework.NotInformed {
		text += "; sender " + string(h.SenderInformed)
	}
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}
