package guide

import (
	"slices"

	"usher/internal/identity"
)

// Protocol is what the provider speaks.
type Protocol string

// The protocols.
const (
	SAML  Protocol = "saml"
	OIDC  Protocol = "oidc"
	EASIE Protocol = "easie" // OpenID Connect with the deployment's own client
)

// Guide leads through one provider's console.
type Guide struct {
	Key      string // such as "okta_saml"
	Name     string // of the provider, as its maker writes it
	Protocol Protocol
	Provider identity.Provider // that the connection is made with

	// Mapping is what the connection is to expect after this guide. In an OpenID
	// Connect guide, the names are of claims.
	Mapping identity.AttributeMapping

	// EmailVerifiedDefault is what the connection is to believe where the provider
	// does not say whether the address is verified.
	EmailVerifiedDefault bool

	// Sends are names under which the provider sends the same, by its own choice or
	// as its administrators usually have it.
	Sends Names

	Steps []Step
}

// Names are attribute names by what they say of a person, the likeliest first.
type Names struct {
	UserID, EmailAddress, FirstName, LastName []string
}

// Setup are the steps to go through, in order.
func (g Guide) Setup() []Step {
	return slices.DeleteFunc(slices.Clone(g.Steps), func(s Step) bool { return s.Kind.later() })
}

// Step returns the first step of a kind; ok is false if there is none.
func (g Guide) Step(kind StepKind) (s Step, ok bool) {
	i := slices.IndexFunc(g.Steps, func(s Step) bool { return s.Kind == kind })
	if i < 0 {
		return Step{}, false
	}
	return g.Steps[i], true
}

// StepKind says what a step is for.
type StepKind string

// The kinds, in the order in which they come.
const (
	StepCreate     StepKind = "create"     // make the application in the console
	StepConfigure  StepKind = "configure"  // tell the provider about us
	StepAttributes StepKind = "attributes" // have the address and names sent
	StepConnect    StepKind = "connect"    // tell us about the provider
	StepAssign     StepKind = "assign"     // say who may sign in
	StepTest       StepKind = "test"       // try it
	StepTrouble    StepKind = "trouble"    // what goes wrong and how it looks
	StepRenew      StepKind = "renew"      // before a certificate or secret ends
)

// StepKinds lists the kinds, in order.
func StepKinds() []StepKind {
	return []StepKind{StepCreate, StepConfigure, StepAttributes, StepConnect, StepAssign, StepTest, StepTrouble, StepRenew}
}

// later reports whether a step is for another day than that of the setup.
func (k StepKind) later() bool { return k == StepTrouble || k == StepRenew }

// Step is a page's worth of a guide.
type Step struct {
	Kind   StepKind
	Title  string
	Blocks []Block
}

// BlockKind says which fields of a block are used.
type BlockKind string

// The kinds of blocks.
const (
	BlockText    BlockKind = "text"    // Text
	BlockNote    BlockKind = "note"    // Text
	BlockWarning BlockKind = "warning" // Text
	BlockList    BlockKind = "list"    // Items
	BlockCopy    BlockKind = "copy"    // Copy
	BlockTable   BlockKind = "table"   // Head, Rows
	BlockAsk     BlockKind = "ask"     // Ask
)

// Block is a paragraph of a step.
type Block struct {
	Kind  BlockKind
	Text  []Span
	Items []Item
	Copy  Value
	Head  [][]Span
	Rows  [][][]Span
	Ask   [][]Input // ways to answer; each is all that it needs
}

// Item is an entry of an ordered list.
type Item struct {
	Text   []Span
	Values []Value // to copy, below the text
}

// Value is something to take into the console.
type Value struct {
	Label string // the console's name of the field
	Text  string
}

// SpanKind is the look of a piece of text.
type SpanKind string

// The kinds of spans.
const (
	SpanPlain  SpanKind = ""
	SpanStrong SpanKind = "strong" // a word of the console
	SpanCode   SpanKind = "code"   // a value
	SpanLink   SpanKind = "link"   // Text is an https URL
)

// Span is a piece of text of one look.
type Span struct {
	Kind SpanKind
	Text string
}

// Input is a value that the administrator brings back.
type Input string

// The inputs.
const (
	InputMetadataURL  Input = "metadata_url"
	InputMetadataXML  Input = "metadata_xml"
	InputIDPEntityID  Input = "idp_entity_id"
	InputSSOURL       Input = "sso_url"
	InputCertificate  Input = "certificate"
	InputDiscoveryURL Input = "discovery_url" // or the issuer, which it is made of
	InputClientID     Input = "client_id"
	InputClientSecret Input = "client_secret"
	InputTenantID     Input = "tenant_id"
)

// Inputs lists the inputs of a protocol.
func Inputs(p Protocol) []Input {
	switch p {
	case SAML:
		return []Input{InputMetadataURL, InputMetadataXML, InputIDPEntityID, InputSSOURL, InputCertificate}
	case OIDC:
		return []Input{InputDiscoveryURL, InputClientID, InputClientSecret}
	default:
		return []Input{InputTenantID}
	}
}
