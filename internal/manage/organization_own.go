package manage

import (
	"context"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// MayCreateOrganization says what keeps a person from creating an organization.
func (s *Service) MayCreateOrganization(ctx context.Context, user identity.UserID) (refused, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, string(user))
		refused = policy.CreateOrganization(u).Denied
		return err
	})
	return refused, err
}

// CreateOwnOrganization makes an organization whose first member is who asks for
// it, with the role of creators.
func (s *Service) CreateOwnOrganization(ctx context.Context, user identity.UserID, name string) (OrganizationView, error) {
	refused, err := s.MayCreateOrganization(ctx, user)
	if err == nil {
		err = refused
	}
	if err != nil {
		return OrganizationView{}, err
	}
	by := string(user)
	return s.CreateOrganization(ctx, OrganizationChange{Name: &name, CreatedBy: &by})
}
