package cause

import (
	"slices"
	"strings"
	"time"
)

// saml finds the causes of saml_response_invalid.
func (x *finder) saml(reason string) {
	switch reason {
	case "issuer":
		x.issuer()
	case "audience":
		x.audience()
	case "destination", "subject_confirmation":
		x.recipient(reason)
	case "signature":
		x.signature()
	case "signature_missing":
		if len(x.Trusted) == 0 && x.Connection.ID != "" {
			x.note(SigningKeyUnknown, Certain, "There is no certificate of the provider on the connection.")
			return
		}
		x.note(NotSigned, Certain, "Neither the response nor the assertion carries a signature.")
	case "algorithm", "weak_key":
		x.note(WeakAlgorithm, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), x.detail("received"))
	case "decryption":
		x.note(DecryptionFailed, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), x.detail("received"))
	case "nameid":
		x.nameID()
	case "status":
		x.status(x.detail("received"))
	case "expired", "not_yet_valid", "issued_before_request":
		x.times(reason)
	case "authn_too_old":
		x.note(ProviderPolicy, Possible, "The connection asks for a fresh sign-in, and the provider answered from an older one.")
	case "unsolicited", "in_response_to":
		x.question(reason)
	case "relaystate":
		x.relayState(x.detail("relay_state"))
	case "replay":
		x.note(Replayed, Certain, "The same assertion was used before.")
	case "browser_mismatch":
		x.note(OldTab, Likely, "Another browser than the one that began came back with the answer.")
	case "settings_changed", "inactive":
		x.note(RefusedHere, Certain, "The connection was changed or switched off meanwhile.")
	default:
		x.note(MessageNotUnderstood, Certain, "The check %q failed: wanted %s, received %s.", reason, x.detail("expected"), x.detail("received"))
	}
}

func (x *finder) issuer() {
	want, got := x.detail("expected"), x.detail("received")
	if slices.Contains(x.Elsewhere, got) {
		x.note(OtherApplication, Certain, "%q is the issuer of another connection here.", got)
	}
	if how := nearMiss(want, got); how != "" {
		x.note(IssuerMismatch, Certain, "%q and %q differ only in %s.", want, got, how)
		return
	}
	x.note(IssuerMismatch, Certain, "Wanted: %s. Received: %s.", want, got)
}

func (x *finder) audience() {
	want, got := x.detail("expected"), x.detail("received")
	switch {
	case got == "" || got == "nothing":
		x.note(AudienceMissing, Certain, "There is no AudienceRestriction.")
		return
	case slices.Contains(x.Elsewhere, got):
		x.note(OtherApplication, Certain, "%q is the entity ID of another connection here.", got)
	}
	if how := nearMiss(want, got); how != "" {
		x.note(AudienceMismatch, Certain, "%q and %q differ only in %s.", want, got, how)
		return
	}
	x.note(AudienceMismatch, Certain, "Wanted: %s. Received: %s.", want, got)
}

func (x *finder) recipient(reason string) {
	want := strings.TrimPrefix(x.detail("expected"), "the Recipient ")
	got := x.detail("received")
	if reason == "subject_confirmation" && !strings.Contains(want, "://") {
		if strings.Contains(got, "in the future") {
			x.note(ClockSkew, Likely, "Received: %s.", got)
			return
		}
		x.note(MessageNotUnderstood, Certain, "Wanted: %s. Received: %s.", want, got)
		return
	}
	how := nearMiss(want, got)
	switch {
	case slices.Contains(x.Elsewhere, got):
		x.note(OtherApplication, Certain, "%q is the address of another connection here.", got)
	case how == inScheme:
		x.note(SchemeMismatch, Certain, "Wanted: %s. Received: %s.", want, got)
	case how != "":
		x.note(URLNearMiss, Certain, "%q and %q differ only in %s.", want, got, how)
	}
	x.note(RecipientMismatch, Certain, "Wanted: %s. Received: %s.", want, got)
}

// signature tells a changed message from an unknown key. The comparison that was
// kept begins with "the digest" for the first.
func (x *finder) signature() {
	if strings.HasPrefix(x.detail("expected"), "the digest ") {
		x.note(ContentChanged, Certain, "The key is the right one, and the content is not what was signed.")
		return
	}
	known := func(c Certificate) bool {
		return slices.ContainsFunc(x.Trusted, func(t Certificate) bool { return t.Fingerprint == c.Fingerprint })
	}
	worked := x.History.Asked && !x.History.LastSuccess.IsZero()
	for _, c := range x.Seen.Certificates {
		if known(c) {
			continue
		}
		for _, t := range x.Trusted {
			if t.Subject == c.Subject && !c.NotBefore.Before(t.NotBefore) {
				x.note(SigningKeyRolledOver, Likely, "The message names another certificate for the same subject (%s), from %s.", clip(c.Subject), stamp(c.NotBefore))
			}
		}
		if worked {
			x.note(SigningKeyRolledOver, Likely, "It worked at %s, and the message names another certificate now.", stamp(x.History.LastSuccess))
		}
	}
	ended := func(t Certificate) bool { return t.NotAfter.Before(x.Attempt.StartedAt) }
	if len(x.Trusted) > 0 && !slices.ContainsFunc(x.Trusted, func(t Certificate) bool { return !ended(t) }) {
		x.note(CertificateExpired, Likely, "Every certificate on the connection has ended, the last at %s, and the message is signed with another key.", stamp(latest(x.Trusted)))
	}
	x.note(SigningKeyUnknown, Certain, "Received: %s.", x.detail("received"))
	if worked {
		x.note(SigningKeyRolledOver, Possible, "It worked at %s, with the certificate that the connection has.", stamp(x.History.LastSuccess))
	}
}

func latest(list []Certificate) time.Time {
	var t time.Time
	for _, c := range list {
		if c.NotAfter.After(t) {
			t = c.NotAfter
		}
	}
	return t
}

// transient is a NameID that is another one every time (saml-core, section 8.3.8).
const transient = "nameid-format:transient"

func (x *finder) nameID() {
	if strings.HasSuffix(x.detail("received"), transient) || strings.HasSuffix(x.Seen.NameIDFormat, transient) {
		x.note(NameIDUnstable, Certain, "The format is transient.")
		return
	}
	x.note(NameIDMissing, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), x.detail("received"))
}

// times tells clocks that are apart from answers that are old.
func (x *finder) times(reason string) {
	s := x.Seen
	drift := time.Duration(0) // of the provider's clock, ahead
	if s.Kept && !s.IssueInstant.IsZero() {
		drift = s.IssueInstant.Sub(s.ReceivedAt)
	}
	received := x.detail("received")
	switch {
	case reason == "not_yet_valid" && drift > 0 && drift < zeroTolerance && s.NotBefore.Equal(s.IssueInstant):
		x.note(ZeroTolerance, Likely, "The answer is valid from the moment of its making, which is %s ahead of this server's clock.", drift)
		x.note(ClockSkew, Possible, "Received: %s.", received)
	case reason == "not_yet_valid":
		x.note(ClockSkew, Certain, "Received: %s.", received)
	case strings.HasPrefix(received, "no ") || received == "none":
		x.note(MessageNotUnderstood, Certain, "The answer does not say until when it is valid.")
	case reason == "issued_before_request", x.asked() && drift < 0 && s.IssueInstant.Before(x.Attempt.StartedAt):
		x.note(ClockSkew, Likely, "The answer is dated before the request that it answers: the provider's clock is behind, or this server's ahead.")
		x.note(AssertionExpired, Possible, "Or it is an old answer.")
	default:
		x.note(AssertionExpired, Certain, "Received: %s.", received)
		x.note(ClockSkew, Possible, "If it happens to everybody, compare the clocks.")
	}
}

// asked reports whether the answer belongs to a question of ours.
func (x *finder) asked() bool { return !x.Attempt.IDPInitiated && x.Seen.Kept }

// zeroTolerance is how far ahead a clock is that AD FS's default gives no room
// for. Ours.
const zeroTolerance = 5 * time.Second

// question finds why an answer does not fit a question.
func (x *finder) question(reason string) {
	received := x.detail("received")
	switch {
	case reason == "unsolicited":
		x.note(RelayStateLost, Likely, "The answer names a request, and no RelayState of ours came with it.")
		x.note(IDPInitiatedRefused, Possible, "Some providers name a made-up request when a sign-in begins there.")
	case received == "none" || received == "nothing":
		x.note(IDPInitiatedRefused, Likely, "The answer belongs to no request.")
		x.note(OldTab, Possible, "It came with the RelayState of a sign-in that is under way.")
	default:
		x.note(OldTab, Likely, "The answer belongs to another request, %s.", clip(received))
		x.note(RelayStateLost, Possible, "Or the RelayState is of another one.")
	}
}

// relayStateMissing tells what answers a request from what answers none: the flow
// notes the detail "answers" of messages that it does not keep.
func (x *finder) relayStateMissing() {
	if x.detail("answers") == AnswersRequest || x.Seen.Kept && x.Seen.InResponseTo != "" {
		x.note(RelayStateLost, Certain, "The answer names a request, and no RelayState came with it.")
		x.note(IDPInitiatedRefused, Possible, "Some providers name a made-up request when a sign-in begins there.")
		return
	}
	x.note(IDPInitiatedRefused, Certain, "The answer names no request and came without a RelayState, as when a sign-in begins at the provider.")
}

// AnswersRequest is the detail "answers" of an answer that names a request, though
// it came without a RelayState.
const AnswersRequest = "a request"

// The ways in which a RelayState is not one that is awaited: what the flow notes as
// the detail "relay_state".
const (
	RelayUnknown  = "unknown" // it was never sent, or was forgotten
	RelayForeign  = "foreign" // of another connection
	RelayUsed     = "used"    // its sign-in has its answer
	RelayExpired  = "expired" // its sign-in took too long
	RelayMissing  = "missing" // there is none
	RelayAwaited  = "awaited" // it is as it should be
	RelayNotAsked = "unasked" // none is needed: the provider may begin
)

func (x *finder) relayState(how string) {
	switch how {
	case RelayUsed:
		x.note(OldTab, Likely, "The sign-in that the answer belongs to has its answer already.")
		x.note(Replayed, Possible, "Or the form was sent twice.")
	case RelayExpired:
		x.note(OldTab, Likely, "The sign-in was begun too long ago.")
		x.note(StoppedAtProvider, Possible, "The person may have been held up at the provider.")
	case RelayForeign:
		x.note(OtherApplication, Likely, "The RelayState is of another connection's sign-in.")
		x.note(RelayStateLost, Possible, "Or the provider changed it.")
	default:
		x.note(RelayStateLost, Certain, "The RelayState was never sent by this server.")
		x.note(IDPInitiatedRefused, Likely, "Providers that send one of their own do so when a sign-in begins there.")
	}
}

// status finds what a provider means by its refusal. The codes are of saml-core,
// section 3.2.2.2.
func (x *finder) status(received string) {
	if x.text(received, Certain) {
		return
	}
	has := func(part string) bool { return strings.Contains(strings.ToLower(received), part) }
	if !has(":status:") {
		x.note(MessageNotUnderstood, Certain, "The response has no status that can be read.")
		return
	}
	unsigned := has("signature") || has("unsigned") || has("not signed") || has("be signed")
	said := "The provider says: " + clip(received)
	switch {
	case has(":requestdenied"), has(":requester"):
		if unsigned {
			x.note(RequestNotSigned, Likely, "%s", said)
			return
		}
		if has(":invalidnameidpolicy") {
			x.note(NameIDUnstable, Certain, "%s", said)
			return
		}
		if has(":requestdenied") {
			x.note(ProviderPolicy, Likely, "%s", said)
			x.note(RequestNotSigned, Possible, "Some providers answer so to a request that they want signed.")
			return
		}
		x.note(ACSNotRegistered, Likely, "%s", said)
		x.note(RequestNotSigned, Possible, "Some providers answer so to a request that they want signed.")
	case has(":invalidnameidpolicy"):
		x.note(NameIDUnstable, Certain, "%s", said)
	case has(":noauthncontext"):
		x.note(AuthnContext, Certain, "%s", said)
	case has(":unknownprincipal"):
		x.note(NotAssigned, Likely, "%s", said)
	case has(":authnfailed"), has(":nopassive"):
		x.note(StoppedAtProvider, Likely, "%s", said)
		x.note(NotAssigned, Likely, "Some providers answer so for a person who is not assigned.")
	default:
		x.note(NotAssigned, Likely, "%s", said)
		x.note(StoppedAtProvider, Possible, "Or the person was stopped there.")
		x.note(ProviderPolicy, Possible, "Or a policy forbids it.")
	}
}
