// Package oidc is the relying party's side of OpenID Connect on the wire: it
// reads discovery documents and key sets, writes authorization requests, redeems
// their answers, and judges ID tokens and user information.
//
// It knows nothing of connections, accounts or storage: which domain or tenant
// may come in is decided elsewhere, and that a state is used only once is
// recorded elsewhere. Its calls go through the HTTP client that it is given,
// which guards where they lead; sizes and times are bounded here.
//
// Gathering and judging are apart. Client.Fetch collects Evidence, which holds no
// secret and can be kept; Judge is a pure function of evidence and a time, so
// that an old sign-in can be judged again. Client.Redeem does both.
//
// What arrives is hostile until proven. All JSON is read by one strict reader
// (parseJSON): names match exactly, and none may occur twice. Claims are read only
// from a token whose signature verified, with a key from the provider's own set.
package oidc
