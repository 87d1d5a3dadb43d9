// Package page owns how Usher's pages look and how they are sent: the layout,
// the components, the styles and scripts, and the headers that keep a page safe
// in a browser. It knows no page in particular; web/account, web/portal and
// web/dashboard each bring a folder of templates as a Set.
//
// A page needs one document and one stylesheet, and nothing from elsewhere.
// Scripts add comfort (no double submit, copying, a countdown); every page works
// without them, save that the page which takes a person to an identity provider
// needs its button pressed.
//
// A template has no words of its own. The frame of each view speaks the language of
// the browser, by the messages of package message: {{.T "sign_in.title"}} is plain
// text, {{.Rich "sign_in.lead" "app" .App}} is content with values set apart, and
// {{with .Around "sign_in.new"}} gives what stands before, inside and behind a link.
// In components it is {{.frame.T "page.copy"}}.
package page
