// Package cause says why a person could not get in: it ranks the known causes of a
// failed sign-in by what is kept of the attempt, and gives the fix in the words of
// the provider's own console. It decides nothing and reads nothing: what it is told
// about a message that was refused is not verified, and is good for explaining only.
package cause
