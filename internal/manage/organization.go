package manage

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// OrganizationChange is what a caller gave to create or change an organization.
// Nil leaves a setting as it is.
type OrganizationChange struct {
	Name                  *string
	Slug                  *string
	CreatedBy             *string
	MaxAllowedMemberships *int
	AdminDeleteEnabled    *bool
	PublicMetadata        identity.Metadata
	PrivateMetadata       identity.Metadata
}

// OrganizationView is an organization with what lists can be asked to add.
type OrganizationView struct {
	identity.Organization
	Members int
}

const maxOrganizationName = 256 // characters: Clerk's

var (
	slugForm   = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)
	markup     = regexp.MustCompile(`[<>]|https?://|www\.`)
	bidiMarks  = regexp.MustCompile(`[\x{202A}-\x{202E}\x{2066}-\x{2069}\x{200B}-\x{200F}\x{FEFF}]`)
	maxSlugLen = 128
)

// CreateOrganization makes an organization. With a creator, that user becomes a
// member with the creator role.
func (s *Service) CreateOrganization(ctx context.Context, ch OrganizationChange) (OrganizationView, error) {
	now := s.Now()
	o := identity.Organization{ID: identity.NewID[identity.OrgID](now), AdminDeleteEnabled: true, CreatedAt: now, UpdatedAt: now}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		o.MaxAllowedMemberships = in.Settings.MaxAllowedMemberships
		if err := applyOrganization(tx, &o, ch, in.Settings); err != nil {
			return err
		}
		if ch.CreatedBy == nil || *ch.CreatedBy == "" {
			return tx.InsertOrganization(o)
		}
		creator, err := tx.User(identity.UserID(*ch.CreatedBy))
		if err != nil {
			return store.Missing(err, fault.New(fault.OrganizationCreatorNotFound))
		}
		o.CreatedBy = creator.ID
		if err := tx.InsertOrganization(o); err != nil {
			return err
		}
		_, err = tx.InsertMembership(identity.Membership{
			ID: identity.NewID[identity.MembershipID](now), OrganizationID: o.ID, UserID: creator.ID,
			Role: in.Settings.CreatorRole, CreatedAt: now, UpdatedAt: now,
		})
		return err
	})
	if err != nil {
		return OrganizationView{}, err
	}
	return s.Organization(ctx, string(o.ID))
}

// applyOrganization puts a change into an organization. All mistakes are
// reported.
func applyOrganization(tx *store.Tx, o *identity.Organization, ch OrganizationChange, settings identity.Settings) error {
	var errs []error
	if ch.Name != nil {
		o.Name = strings.TrimSpace(*ch.Name)
	}
	errs = append(errs, checkOrganizationName(o.Name))
	if ch.Slug != nil && *ch.Slug != "" {
		errs = append(errs, changeSlug(tx, o, *ch.Slug, settings))
	}
	if ch.MaxAllowedMemberships != nil {
		o.MaxAllowedMemberships = *ch.MaxAllowedMemberships
		if o.MaxAllowedMemberships < 0 {
			errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "max_allowed_memberships"))
		}
	}
	set(&o.AdminDeleteEnabled, ch.AdminDeleteEnabled)
	errs = append(errs, checkMetadata("public_metadata", ch.PublicMetadata), checkMetadata("private_metadata", ch.PrivateMetadata))
	if ch.PublicMetadata != nil {
		o.PublicMetadata = ch.PublicMetadata
	}
	if ch.PrivateMetadata != nil {
		o.PrivateMetadata = ch.PrivateMetadata
	}
	return fault.Join(errs...)
}

// checkOrganizationName refuses names that could pass for a link, markup or
// another organization (threat T-ORG-19).
func checkOrganizationName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return fault.New(fault.FormParamMissing, "param_name", "name")
	case n > maxOrganizationName:
		return fault.New(fault.FormParamMaxLength, "param_name", "name", "max_length", maxOrganizationName)
	case markup.MatchString(name) || bidiMarks.MatchString(name) || strings.ContainsAny(name, "\x00\r\n\t"):
		return fault.New(fault.FormParamValueInvalid, "param_name", "name")
	}
	return nil
}

func changeSlug(tx *store.Tx, o *identity.Organization, slug string, settings identity.Settings) error {
	switch {
	case !settings.OrganizationSlugsEnabled:
		return fault.New(fault.OrganizationSlugsDisabled)
	case len(slug) > maxSlugLen || !slugForm.MatchString(slug) || strings.HasPrefix(slug, "org_"):
		return fault.New(fault.FormParamFormatInvalid, "param_name", "slug")
	}
	held, err := tx.OrganizationBySlug(slug)
	if store.Optional(err) != nil {
		return err
	}
	if err == nil && held.ID != o.ID {
		return fault.New(fault.FormIdentifierExists, "param_name", "slug")
	}
	o.Slug = slug
	return nil
}

// Organization reads an organization by its id or slug.
func (s *Service) Organization(ctx context.Context, idOrSlug string) (v OrganizationView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if v.Organization, err = findOrganization(tx, idOrSlug); err != nil {
			return err
		}
		v.Members, err = tx.CountMembers(v.ID)
		return err
	})
	return v, err
}

func findOrganization(tx *store.Tx, idOrSlug string) (o identity.Organization, err error) {
	if id, parseErr := identity.ParseID[identity.OrgID](idOrSlug); parseErr == nil {
		o, err = tx.Organization(id)
	} else {
		o, err = tx.OrganizationBySlug(idOrSlug)
	}
	return o, store.Missing(err, fault.New(fault.NotFound, "resource", "organization"))
}

// Organizations lists organizations.
func (s *Service) Organizations(ctx context.Context, f store.OrganizationFilter, p store.Page) (list []OrganizationView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		var orgs []identity.Organization
		if orgs, total, err = tx.Organizations(f, p); err != nil {
			return err
		}
		for _, o := range orgs {
			n, err := tx.CountMembers(o.ID)
			if err != nil {
				return err
			}
			list = append(list, OrganizationView{Organization: o, Members: n})
		}
		return nil
	})
	return list, total, err
}

// ChangeOrganization changes an organization's settings.
func (s *Service) ChangeOrganization(ctx context.Context, idOrSlug string, ch OrganizationChange) (OrganizationView, error) {
	return s.changeOrganization(ctx, idOrSlug, func(tx *store.Tx, o *identity.Organization) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		return applyOrganization(tx, o, ch, in.Settings)
	})
}

// ChangeOrganizationMetadata changes an organization's metadata.
func (s *Service) ChangeOrganizationMetadata(ctx context.Context, idOrSlug string, ch MetadataChange) (OrganizationView, error) {
	return s.changeOrganization(ctx, idOrSlug, func(_ *store.Tx, o *identity.Organization) error {
		return fault.Join(
			ch.apply("public_metadata", &o.PublicMetadata, ch.Public),
			ch.apply("private_metadata", &o.PrivateMetadata, ch.Private))
	})
}

func (s *Service) changeOrganization(ctx context.Context, idOrSlug string, change func(*store.Tx, *identity.Organization) error) (v OrganizationView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		o, err := findOrganization(tx, idOrSlug)
		if err != nil {
			return err
		}
		if err := change(tx, &o); err != nil {
			return err
		}
		o.UpdatedAt = s.Now()
		if err := tx.UpdateOrganization(o); err != nil {
			return err
		}
		v.Organization = o
		v.Members, err = tx.CountMembers(o.ID)
		return err
	})
	return v, err
}

// DeleteOrganization removes an organization with its memberships and listed
// domains. Its connections serve nobody any more and are switched off.
func (s *Service) DeleteOrganization(ctx context.Context, idOrSlug string) (o identity.Organization, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if o, err = findOrganization(tx, idOrSlug); err != nil {
			return err
		}
		connections, _, err := tx.Connections(store.ConnectionFilter{OrganizationID: &o.ID}, store.Page{})
		if err != nil {
			return err
		}
		for _, c := range connections {
			c.Active, c.UpdatedAt = false, s.Now()
			if err := tx.UpdateConnection(c); err != nil {
				return err
			}
		}
		_, err = tx.DeleteOrganization(o.ID)
		return err
	})
	return o, err
}
