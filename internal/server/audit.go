package server

import (
	"usher/internal/backendapi"
	"usher/internal/identity"
)

// AuditLine is a line of the audit log as the Backend API and exports show it, to
// be written as JSON.
func AuditLine(e identity.AuditEntry) any { return backendapi.AuditLine(e) }
