package backendapi

// Served are the patterns of every operation that is served, ours among them.
func Served() []string { return (*API)(nil).served() }
