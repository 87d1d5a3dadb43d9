// Package portal owns the setup pages: by a link and without an account, the
// administrator of a customer shows that a domain is theirs, connects their identity
// provider, tries it and switches it on. What is done so far stands in the database;
// the browser holds no more than the secret that lets it in.
package portal
