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
