package store

import (
	"database/sql/driver"
	"encoding/base64"

	"usher/internal/identity"
)

// binary is bytes that are kept as text.
type binary []byte

// Value implements driver.Valuer.
func (b binary) Value() (driver.Value, error) { return base64.StdEncoding.EncodeToString(b), nil }

// Scan implements sql.Scanner.
func (b *binary) Scan(src any) error {
	text, err := asText(src)
	if err != nil {
		return err
	}
	*b, err = base64.StdEncoding.DecodeString(text)
	return err
}

// InsertImage keeps a picture.
func (tx *Tx) InsertImage(i identity.Image) error {
	_, err := tx.exec(`INSERT INTO images (id, content_type, body, created_at) VALUES ($1, $2, $3, $4)`,
		i.ID, i.ContentType, binary(i.Body), ms(i.CreatedAt))
	return err
}

// Image returns a picture.
func (tx *Tx) Image(id identity.ImageID) (identity.Image, error) {
	return one(tx, func(row scanner) (i identity.Image, err error) {
		err = row.Scan(&i.ID, &i.ContentType, (*binary)(&i.Body), (*milliseconds)(&i.CreatedAt))
		return i, err
	}, `SELECT id, content_type, body, created_at FROM images WHERE id = $1`, id)
}

// DeleteImage removes a picture and reports whether it was there.
func (tx *Tx) DeleteImage(id identity.ImageID) (bool, error) {
	return tx.execChanged(`DELETE FROM images WHERE id = $1`, id)
}
