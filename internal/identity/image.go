package identity

import "time"

// Image is a picture that was uploaded, as it is served: decoded, made small and
// encoded anew.
type Image struct {
	ID          ImageID
	ContentType string
	Body        []byte
	CreatedAt   time.Time
}
