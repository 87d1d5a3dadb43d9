// Package httpio reads requests and writes responses for every surface: errors
// as the wire wants them, trace ids, the access log, limits, strict JSON and
// forms, security headers, rate limits; and it makes outgoing requests that
// cannot be led to private addresses.
//
// It decides nothing about people and knows no route. It does not own sessions,
// cross-origin sharing or the words of errors.
package httpio
