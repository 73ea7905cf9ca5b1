// Package record turns log records into lines: JSON or logfmt, with secrets redacted. It is the part of
// foundation/logging that the error boundary needs as well.
package record

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Redacted stands in the place of every secret.
const Redacted = "[REDACTED]"

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Words splits a field's name into its lower-case words: accessToken, access_token and Access-Token all give
// "access token" as words.
func Words(name string) []string {
	var words []string
	var word []byte
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !isLower(c) && !isUpper(c) && !isDigit(c) && c < 0x80 {
			if len(word) > 0 {
				words = append(words, string(word))
				word = word[:0]
			}
			continue
		}
		if isUpper(c) && len(word) > 0 {
			before := name[i-1]
			startsWord := isLower(before) || isDigit(before) ||
				(isUpper(before) && i+1 < len(name) && isLower(name[i+1]))
			if startsWord {
				words = append(words, string(word))
				word = word[:0]
			}
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		word = append(word, c)
	}
	if len(word) > 0 {
		words = append(words, string(word))
	}
	return words
}

var secretWords = map[string]bool{
	"password": true, "passwords": true, "passwd": true, "passphrase": true, "pwd": true, "secret": true,
	"secrets": true, "credential": true, "credentials": true, "authorization": true,
}

var secretEndings = [][]string{
	{"token"}, {"apikey"}, {"api", "key"}, {"accesskey"}, {"access", "key"}, {"privatekey"}, {"private", "key"},
	{"encryption", "key"}, {"signing", "key"}, {"session", "key"}, {"ssh", "key"}, {"cookie"}, {"sessionid"},
	{"session", "id"}, {"ssn"}, {"cvv"}, {"card", "number"}, {"otp"}, {"jwt"}, {"bearer"}, {"auth"}, {"dsn"},
	{"connection", "string"},
}

func endsWith(words, ending []string) bool {
	return len(words) >= len(ending) && slices.Equal(words[len(words)-len(ending):], ending)
}

// Field names repeat, so their classification is remembered; the number of remembered names is limited, because names
// may come from data.
var (
	known      sync.Map
	knownCount atomic.Int64
)

const maxKnown = 4096

// IsSecretName reports whether a field of this name holds a secret, by the shared rules.
func IsSecretName(name string) bool {
	if secret, ok := known.Load(name); ok {
		return secret.(bool)
	}
	secret := classify(Words(name))
	if knownCount.Load() < maxKnown && len(name) <= 128 {
		if _, loaded := known.LoadOrStore(strings.Clone(name), secret); !loaded {
			knownCount.Add(1)
		}
	}
	return secret
}

func classify(words []string) bool {
	for _, word := range words {
		if secretWords[word] {
			return true
		}
	}
	for _, ending := range secretEndings {
		if endsWith(words, ending) {
			return true
		}
	}
	return false
}

// Redaction knows which names are secret: the shared ones and the extra ones of one logger. The nil Redaction knows the
// shared ones.
type Redaction struct{ extra [][]string }

// NewRedaction adds names to the shared ones; a name is compared word by word.
func NewRedaction(names []string) *Redaction {
	if len(names) == 0 {
		return nil
	}
	r := &Redaction{}
	for _, name := range names {
		r.extra = append(r.extra, Words(name))
	}
	return r
}

// IsSecret reports whether the value of a field of this name must be redacted.
func (r *Redaction) IsSecret(name string) bool {
	if IsSecretName(name) {
		return true
	}
	if r == nil {
		return false
	}
	words := Words(name)
	return slices.ContainsFunc(r.extra, func(extra []string) bool { return slices.Equal(extra, words) })
}

// MaskCommand replaces the secrets of an argument vector: the value of name=value and --name=value, and the argument
// after --name unless it starts with "-", when name is a secret's.
func MaskCommand(command []string) []string {
	masked := slices.Clone(command)
	for i, argument := range command {
		if name, _, found := strings.Cut(argument, "="); found {
			if IsSecretName(strings.TrimLeft(name, "-")) {
				masked[i] = name + "=" + Redacted
			}
		} else if strings.HasPrefix(argument, "--") && IsSecretName(argument[2:]) &&
			i+1 < len(command) && !strings.HasPrefix(command[i+1], "-") {
			masked[i+1] = Redacted
		}
	}
	return masked
}
