package practice

import (
	"fmt"
	"slices"
	"strings"
)

// Misbehaviour is one thing that the provider does on request. Some look odd
// and are right all the same: a service provider must accept those.
type Misbehaviour struct {
	Name  string `json:"name"`
	Group string `json:"group"`
	Says  string `json:"says"` // what the answer is like, in plain words

	// Want is why a correct service provider refuses the answer: a reason of
	// saml_response_invalid, or an error code of its own; several, joined by
	// " or ", where more than one check may come first. Empty: it must be
	// accepted.
	Want string `json:"want"`

	// Unless is a circumstance in which the answer is accepted or refused
	// otherwise, in plain words.
	Unless string `json:"unless,omitempty"`

	// Threat is the row of the threat catalogue that the answer is an instance of.
	Threat string `json:"threat,omitempty"`
}

// Valid reports whether a service provider must accept the answer.
func (m Misbehaviour) Valid() bool { return m.Want == "" }

// Allows reports whether a service provider may refuse the answer for this reason.
func (m Misbehaviour) Allows(reason string) bool {
	return slices.Contains(strings.Split(m.Want, " or "), reason)
}

// group is misbehaviours of one kind.
type group struct {
	title string
	rows  []row
}

// row is a misbehaviour and how it is done. want may end in " unless …".
type row struct {
	name, threat, want, says string

	change func(*draft)
}

// catalogue is all that the provider can do wrong.
func catalogue() []group {
	return []group{
		{"Clocks and lifetimes", clockRows()},
		{"Meant for somebody else", addressRows()},
		{"Question and answer", requestRows()},
		{"What the answer states", statementRows()},
		{"The person", personRows()},
		{"The address", mailRows()},
		{"Signatures", signatureRows()},
		{"Damaged signatures", damageRows()},
		{"What a signature covers", referenceRows()},
		{"Wrapping: a forged answer around a signed one", wrappingRows()},
		{"Encryption", encryptionRows()},
		{"Damaged encryption", brokenEncryptionRows()},
		{"XML tricks", xmlRows()},
		{"XML that is none", malformedRows()},
		{"Sizes", sizeRows()},
	}
}

// Misbehaviours lists everything that Request.Misbehave may name.
// "skewed-by-N" stands for every number of seconds: "skewed-by-240",
// "skewed-by--60", or the number as the parameter.
func Misbehaviours() []Misbehaviour {
	var out []Misbehaviour
	for _, g := range catalogue() {
		for _, r := range g.rows {
			want, unless, _ := strings.Cut(r.want, " unless ")
			out = append(out, Misbehaviour{
				Name: r.name, Group: g.title, Says: r.says, Want: want, Unless: unless, Threat: r.threat,
			})
		}
	}
	return out
}

// fail says why the misbehaviour is impossible here.
func (d *draft) fail(format string, args ...any) {
	d.err = fmt.Errorf("practice: "+format, args...)
}
