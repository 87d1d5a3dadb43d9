// Package e2e tells Usher's stories from outside: a whole server, a real
// browser, identity providers that others wrote. It also holds the rules of the
// repository itself, in repo_test.go. It is tests only, and nothing imports it.
package e2e
