// Package server builds a deployment once from its configuration: database,
// flows, surfaces, listeners, background jobs, health. It decides nothing about
// people; it decides what stands where.
package server
