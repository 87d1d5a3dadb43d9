package identity

// DomainSet is many domains. The nil set holds none.
type DomainSet map[Domain]struct{}

// Holds reports whether the domain, or one above it, is in the set.
func (s DomainSet) Holds(d Domain) bool {
	if len(s) == 0 {
		return false
	}
	for _, name := range d.Candidates() {
		if _, ok := s[name]; ok {
			return true
		}
	}
	return false
}
