package service

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Check answers whether an address may be contacted. Errors: INVALID_ADDRESS, UNKNOWN_CHANNEL, TIME_IN_FUTURE,
// POSITION_UNKNOWN, OTHER_DEPARTMENT, NO_CATALOG.
func (s *Service) Check(ctx context.Context, in CheckInput) (CheckResult, error) {
	a, err := parseAddress(in.Address)
	if err != nil {
		return CheckResult{}, err
	}
	l := s.locator(1)
	at, err := l.places(a, false)
	if err != nil {
		return CheckResult{}, err
	}
	v, who, err := s.look(ctx, l.keys, in.Moment)
	if err != nil {
		return CheckResult{}, err
	}
	rules, basis, cat, err := s.rules(ctx, v, &who, in.Request)
	if err != nil {
		return CheckResult{}, err
	}
	basis.ForSending = in.isNow()
	known, err := at.known(s.keys, v.seen)
	if err != nil {
		return CheckResult{}, err
	}
	if err := s.learners.add(ctx, disclosedTo(&who, v.asked, in.Channel), at.subject); err != nil {
		return CheckResult{}, err
	}
	d := rules.Decide(a, &known, v.at)
	s.decided(in.Channel, d.Verdict, d.Reason, 1)
	result := checkResult(d, basis, cat)
	if in.Receipt {
		result.Receipt, err = s.receiptOf(a, in.Request, &result)
	}
	return result, err
}

func parseAddress(typed string) (address.Address, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return a, consent.Faultf(consent.FaultInvalidAddress, "address", "%s", err)
	}
	return a, nil
}

func checkResult(d consent.Decision, basis Basis, cat *catalog.Catalog) CheckResult {
	result := CheckResult{Decision: d, Basis: basis}
	if d.Sender != nil {
		result.Department, _ = cat.Department(d.Sender.Department)
	}
	return result
}

// rules returns the rules for a request under what was seen. Whether the caller may ask is a matter of the catalog of now, also
// about the past.
func (s *Service) rules(ctx context.Context, v *view, who *Caller, r consent.Request) (*consent.Rules, Basis, *catalog.Catalog, error) {
	cat, version, err := s.inForce(ctx, v)
	if err != nil {
		return nil, Basis{}, nil, err
	}
	if !who.AllDepartments {
		present, err := s.present(ctx, v)
		if err != nil {
			return nil, Basis{}, nil, err
		}
		if err := who.channelOf(present, r.Channel); err != nil {
			return nil, Basis{}, nil, err
		}
	}
	rules, err := consent.NewRules(cat, r)
	if err != nil {
		return nil, Basis{}, nil, err
	}
	return rules, Basis{Position: v.position, CatalogVersion: version}, cat, nil
}

// mayAsk refuses a request that the caller is not entitled to before much is done for it. What the snapshot of the check itself says
// still decides.
func (s *Service) mayAsk(ctx context.Context, r consent.Request, m Moment) error {
	if who := caller(ctx); who.AllDepartments {
		return nil
	}
	v, who, err := s.look(ctx, nil, m)
	if err != nil {
		return err
	}
	_, _, _, err = s.rules(ctx, v, &who, r) //nolint:dogsled // Only whether there are any is asked.
	return err
}

// BatchCheck answers about many addresses what Check answers about one, all by one snapshot. An address that is none fails
// only its item.
func (s *Service) BatchCheck(ctx context.Context, in BatchInput) (BatchResult, error) {
	if len(in.Addresses) > MaxBatch {
		return BatchResult{}, consent.Faultf(consent.FaultTooLarge, "addresses", "at most %d addresses in one call", MaxBatch)
	}
	if err := s.mayAsk(ctx, in.Request, in.Moment); err != nil {
		return BatchResult{}, err
	}
	result := BatchResult{Items: make([]BatchItem, len(in.Addresses))}
	l := s.locator(len(in.Addresses))
	found := make([]places, len(in.Addresses))
	for i, typed := range in.Addresses {
		a, err := address.Parse(typed)
		if err != nil {
			result.Items[i].Err = consent.Faultf(consent.FaultInvalidAddress, "address", "%s", err)
			continue
		}
		if found[i], err = l.places(a, false); err != nil {
			return BatchResult{}, err
		}
	}
	v, who, err := s.look(ctx, l.keys, in.Moment)
	if err != nil {
		return BatchResult{}, err
	}
	rules, basis, cat, err := s.rules(ctx, v, &who, in.Request)
	if err != nil {
		return BatchResult{}, err
	}
	basis.ForSending = in.isNow()
	result.Basis, result.Catalog = basis, cat
	type outcome struct {
		verdict consent.Verdict
		reason  consent.Code
	}
	counts := map[outcome]int{}
	about := make([]consent.SubjectID, 0, len(found))
	for i := range found {
		if result.Items[i].Err != nil {
			continue
		}
		known, err := found[i].known(s.keys, v.seen)
		if err != nil {
			return BatchResult{}, err
		}
		d := rules.Decide(found[i].address, &known, v.at)
		result.Items[i].Decision = d
		counts[outcome{d.Verdict, d.Reason}]++
		about = append(about, found[i].subject)
	}
	if err := s.learners.add(ctx, disclosedTo(&who, v.asked, in.Channel), about...); err != nil {
		return BatchResult{}, err
	}
	for c, n := range counts {
		s.decided(in.Channel, c.verdict, c.reason, n)
	}
	return result, nil
}
