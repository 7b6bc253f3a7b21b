package consent

// LinkedState is the folded state of another address of the same person.
type LinkedState struct {
	*State

	Spelling [16]byte // of the address that is linked, as its events carry it
}

// GatherLinked finds the states of all addresses that are linked with the one that k is about, directly or through others. Own is the
// digest of its folded subject. Find returns the state of the folded subject with a digest; nil if there is none.
func (k *Known) GatherLinked(own [32]byte, find func(folded [32]byte) (*State, error)) error {
	k.Linked = k.Linked[:0]
	if k.Folded == nil || len(k.Folded.Links) == 0 {
		return nil
	}
	met := map[[32]byte]bool{own: true}
	for next := [][]Link{k.Folded.Links}; len(next) > 0; next = next[1:] {
		for i := range next[0] {
			with := &next[0][i].With
			if met[with.Folded] {
				continue
			}
			met[with.Folded] = true
			state, err := find(with.Folded)
			if err != nil {
				return err
			}
			if state == nil {
				continue
			}
			k.Linked = append(k.Linked, LinkedState{State: state, Spelling: with.Spelling})
			next = append(next, state.Links)
		}
	}
	return nil
}

// LastRefusal returns the last refusal of the channel that holds for the address, or for another one of the same person; nil if there was
// none.
func (k *Known) LastRefusal(channel string) *Refusal {
	last := k.Folded.LastRefusal(channel, k.Spelling)
	for i := range k.Linked {
		r := k.Linked[i].LastRefusal(channel, k.Linked[i].Spelling)
		if r == nil {
			continue
		}
		// At one instant a refusal gives the reason, and not a withdrawal.
		if last == nil || r.At > last.At || r.At == last.At && last.Withdrew {
			last = r
		}
	}
	return last
}
