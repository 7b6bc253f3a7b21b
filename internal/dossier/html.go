package dossier

// HTML is being written.
func HTML(d *Dossier) ([]byte, error) { return []byte("<html>"), nil }

// JSONLD is being written.
func JSONLD(d *Dossier) ([]byte, error) { return []byte("{}"), nil }
