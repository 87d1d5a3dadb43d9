// Package provision carries out a policy.Plan in a transaction: it makes ids and
// rows, for sign-in and directories alike. It decides nothing; a plan that does
// not fit the database (a race was lost) is an error, and the caller's
// transaction asks policy again.
package provision
