package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/picture"
	"usher/internal/store"
)

// ImagePath is where pictures are served, below the public origin; the id
// follows.
const ImagePath = "/v1/images/"

// NoLogo takes the place of the id in the address of the picture that stands for
// organizations without a logo.
const NoLogo = "organization"

// imageURL is where the picture is found.
func (s *Service) imageURL(id identity.ImageID) string {
	if id == "" {
		return s.BaseURL + ImagePath + NoLogo
	}
	return s.BaseURL + ImagePath + string(id)
}

// Image reads a picture.
func (s *Service) Image(ctx context.Context, id string) (i identity.Image, err error) {
	parsed, err := identity.ParseID[identity.ImageID](id)
	if err != nil {
		return i, fault.New(fault.ImageNotFound).Because(err)
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		i, err = tx.Image(parsed)
		return store.Missing(err, fault.New(fault.ImageNotFound))
	})
	return i, err
}

// SetLogo gives an organization the picture of a file. The uploader may be
// empty; else there must be such a user.
func (s *Service) SetLogo(ctx context.Context, idOrSlug, uploader string, file []byte) (OrganizationView, error) {
	if _, err := s.Organization(ctx, idOrSlug); err != nil {
		return OrganizationView{}, err // before the work
	}
	i, err := s.clean(file)
	if err != nil {
		return OrganizationView{}, err
	}
	return s.changeOrganizationAs(ctx, "organization.logo.updated", idOrSlug, func(tx *store.Tx, o *identity.Organization) error {
		if uploader != "" {
			if _, err := findUser(tx, uploader); err != nil {
				return err
			}
		}
		if _, err := tx.DeleteImage(o.LogoID); err != nil {
			return err
		}
		o.LogoID = i.ID
		return tx.InsertImage(i)
	})
}

// clean makes the picture of a file, one at a time.
func (s *Service) clean(file []byte) (identity.Image, error) {
	s.pictures.Lock()
	defer s.pictures.Unlock()
	contentType, body, err := picture.Clean(file)
	return identity.Image{ID: identity.NewID[identity.ImageID](s.Now()), ContentType: contentType, Body: body, CreatedAt: s.Now()}, err
}

// DeleteLogo takes an organization's picture away.
func (s *Service) DeleteLogo(ctx context.Context, idOrSlug string) (OrganizationView, error) {
	return s.changeOrganizationAs(ctx, "organization.logo.deleted", idOrSlug, func(tx *store.Tx, o *identity.Organization) error {
		gone, err := tx.DeleteImage(o.LogoID)
		if err == nil && !gone {
			err = fault.New(fault.ImageNotFound)
		}
		o.LogoID = ""
		return err
	})
}
