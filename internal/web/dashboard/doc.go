// Package dashboard owns the pages of operators: everything of a deployment, seen,
// explained and set up in a browser. It admits members of the operators'
// organization and reads, calls one flow and shows; it decides nothing.
//
// A page is a page.Screen: data that one template draws. Each subject has a file
// with its routes, its notices and its screens.
package dashboard
