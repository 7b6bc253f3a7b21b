package suppressionfilter

// MayContainHash is the look-up of one entry alone.
func MayContainHash(f *Filter, h Hash) bool { return f.mayContainHash(h) }
