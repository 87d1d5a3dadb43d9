package cause

// many is how many lost attempts at once are no chance. Ours.
const many = 5

// lost ranks why a person was sent to the provider and never came back. Nobody but
// the provider saw it, so it is what fits the history best.
func (x *finder) lost() {
	h := x.History
	switch {
	case !h.PersonAfter.IsZero():
		x.note(StoppedAtProvider, Likely, "The same person came in at %s.", stamp(h.PersonAfter))
	case h.LostAround >= many && h.OthersSince == 0 && !h.LastSuccess.IsZero():
		x.note(ProviderDown, Likely, "%d attempts were lost within half an hour, and nobody came in.", h.LostAround)
		x.note(ApplicationInactive, Likely, "It last worked at %s.", stamp(h.LastSuccess))
	case h.LastSuccess.IsZero():
		x.lostAlways()
	case h.OthersSince == 0 && h.LostAround > 1:
		x.note(ApplicationInactive, Likely, "It last worked at %s, and since then %d were lost.", stamp(h.LastSuccess), h.LostAround)
		x.note(ProviderDown, Possible, "Nobody came in meanwhile.")
		x.note(NotAssigned, Possible, "Or these people are not assigned.")
	case !h.PersonBefore.IsZero():
		x.note(PersonSuspended, Likely, "It worked for this person at %s, and works for others.", stamp(h.PersonBefore))
		x.note(StoppedAtProvider, Likely, "Or the person was stopped by a password, a second factor or a rule, or closed the window.")
		x.note(PersonRecreated, Possible, "Or the account was made anew.")
	default:
		x.note(NotAssigned, Likely, "It works for others, and never did for this person.")
		x.note(StoppedAtProvider, Likely, "Or the person was stopped by a password, a second factor or a rule, or closed the window.")
	}
	x.note(WrongAccount, Possible, "Or the browser is signed in there as somebody else.")
	x.note(StoppedAtProvider, Possible, "Or the person closed the window.")
}

// lostAlways is lost for a connection through which nobody has come in yet.
func (x *finder) lostAlways() {
	const never = "Nobody has come in through this connection yet."
	if x.Connection.Provider.IsSAML() || x.Connection.ID == "" {
		x.note(ApplicationUnknown, Likely, never)
		x.note(ACSNotRegistered, Likely, never)
		if s := x.Connection.Config.SAML; s != nil && !s.WantSigned {
			x.note(RequestNotSigned, Possible, "Requests are not signed on this connection.")
		}
	} else {
		x.note(RedirectURIMismatch, Likely, never)
		x.note(ApplicationUnknown, Likely, never)
		x.note(ConsentMissing, Possible, never)
	}
	x.note(NotAssigned, Possible, "Or the person who tries is not assigned.")
	x.note(ApplicationInactive, Possible, "Or the application is not switched on yet.")
}
