package config

import "github.com/assent-io/assent/internal/secret"

// Secret is a setting that nothing prints, such as the URL of a database with its password.
type Secret = secret.Text

// NewSecret returns a secret that holds the text.
func NewSecret(text string) Secret { return secret.New(text) }
