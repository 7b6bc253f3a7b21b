package address

// SharesMailbox reports whether the provider of the address is known to deliver other spellings of it to the same mailbox. Where it does not,
// another address with the same folded form lies at the transitional twin of the domain, which may have another owner.
func (a Address) SharesMailbox() bool {
	p := providerOf(a.Domain())
	return p.tags || p.ignored != ""
}
