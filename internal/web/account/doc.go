// Package account owns the hosted pages of the people who sign in: sign-in,
// sign-up, the choice of an organization, their own account, and what they are
// told when something goes wrong. In development it also has the welcome page
// and the mailbox.
//
// A page is a view (a struct of plain values), a template of the same name in
// templates, and samples that the golden files in testdata are made from.
package account
