// Package page owns how Usher's pages look and how they are sent: the layout,
// the components, the styles and scripts, and the headers that keep a page safe
// in a browser. It knows no page in particular; web/account, web/portal and
// web/dashboard each bring a folder of templates as a Set.
//
// A page needs one document and one stylesheet, and nothing from elsewhere.
// Scripts add comfort (no double submit, copying, a countdown); every page works
// without them, save that the page which takes a person to an identity provider
// needs its button pressed.
package page
