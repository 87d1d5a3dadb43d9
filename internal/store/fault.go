package store

import (
	"errors"

	"usher/internal/fault"
)

// answer gives an error that a caller of an API can act on its code. What it
// wraps can still be told by errors.Is.
func answer(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrBusy), errors.Is(err, ErrUnavailable), errors.Is(err, ErrOutcomeUnknown):
		return fault.New(fault.ServiceUnavailable).Because(err)
	case errors.Is(err, ErrConflict):
		return fault.New(fault.Conflict).Because(err)
	case errors.Is(err, ErrOrder):
		return fault.New(fault.FormParamValueInvalid, "param_name", "order_by").Because(err)
	}
	return err
}

// Missing turns a row that is not there into the fault; other errors stay.
func Missing(err error, f *fault.Error) error {
	if errors.Is(err, ErrNotFound) {
		return f.Because(err)
	}
	return err
}

// Optional lets a row that is not there be the zero value; other errors stay.
func Optional(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
