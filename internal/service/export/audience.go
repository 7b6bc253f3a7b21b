package export

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
)

// audience says what of a history the reader may see: all, or what concerns one controller, or one department and its controller.
type audience struct {
	who        *access.Caller
	cat        *catalog.Catalog // in force
	controller string           // the only one that is told about; empty: all of them
	guard      *access.Guard
}

// newAudience returns the audience of a caller that asks for one controller only, or with an empty id for all that it may see. Errors:
// OTHER_DEPARTMENT, INVALID_REQUEST.
func (s *Exporter) newAudience(who *access.Caller, cat *catalog.Catalog, controller string) (audience, error) {
	a := audience{who: who, cat: cat, controller: controller, guard: s.guard}
	if _, known := cat.Controller(controller); controller != "" && !known {
		return a, fault.Errorf(fault.InvalidRequest, "controller", "the catalog does not have this controller")
	}
	if who.AllDepartments {
		return a, nil
	}
	own := ""
	if department, known := cat.Department(who.Department); known {
		own = department.Controller
	}
	if controller != "" && controller != own {
		return a, fault.Errorf(fault.OtherDepartment, "controller", "the client's department %s is not one of this controller", who.Department)
	}
	a.controller = own
	return a, nil
}

// isLimited reports whether there are controllers or departments that the audience is told nothing about.
func (a *audience) isLimited() bool { return !a.who.AllDepartments || a.controller != "" }

// hasChannel reports whether a channel is the audience's to know.
func (a *audience) hasChannel(id string) bool {
	if !a.isLimited() {
		return true
	}
	ch, known := a.cat.Channel(id)
	return known && ch.Controller == a.controller && (a.who.AllDepartments || ch.Department == a.who.Department)
}

// channels returns the channels of an event that the audience may know.
func (a *audience) channels(ids []string) []string {
	if !a.isLimited() {
		return ids
	}
	var own []string
	for _, id := range ids {
		if a.hasChannel(id) {
			own = append(own, id)
		}
	}
	return own
}

// concerns reports whether the audience may see an event, of which the channels that it may know are shown: there are some, or the event
// reaches beyond single channels.
func (a *audience) concerns(shown, e *consent.Event) bool {
	if len(e.Channels) > 0 {
		return !a.isLimited() || len(shown.Channels) > 0
	}
	return a.hasScope(e.Scope)
}

// hasScope reports whether what a scope covers concerns the audience.
func (a *audience) hasScope(scope consent.Scope) bool {
	if !a.who.MayKnow(scope, a.cat) {
		return false
	}
	if !a.isLimited() {
		return true
	}
	switch kind, id := scope.Split(); kind {
	case consent.ScopeController:
		return id == a.controller
	case consent.ScopeDepartment:
		return a.controllerOf(id) == a.controller
	case consent.ScopeChannel:
		ch, known := a.cat.Channel(id)
		return known && ch.Controller == a.controller
	case consent.ScopeSender:
		sender, known := a.cat.SenderIdentity(id)
		return known && a.controllerOf(sender.Department) == a.controller
	default:
		return true
	}
}

func (a *audience) controllerOf(department string) string {
	if d, known := a.cat.Department(department); known {
		return d.Controller
	}
	return ""
}

// namesClient reports whether the audience may learn the id of a client, and what came with an event besides the fact: the client is of the
// same controller, or acts for all. Of clients the ones are known that were read under the head that the caller was admitted by, or later.
func (a *audience) namesClient(id string) bool {
	if !a.isLimited() {
		return true
	}
	department, one := a.guard.DepartmentOf(id)
	return !one || a.controllerOf(department) == a.controller
}

// readsText reports whether the audience may read free text that came with an event of the client: it is of the reader's department, or
// the reader acts for all. What people write about a person is meant for those they work with.
func (a *audience) readsText(client string) bool {
	if a.who.AllDepartments {
		return true
	}
	department, known := a.guard.DepartmentOf(client)
	return known && department == a.who.Department
}
