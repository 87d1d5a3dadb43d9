package manage

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
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
	ExclusiveMembership   *bool
	SelfServeSSOEnabled   *bool
	RoleSetKey            *string
	CreatedAt             *string // RFC 3339
	PublicMetadata        identity.Metadata
	PrivateMetadata       identity.Metadata
}

// OrganizationView is an organization with what lists can be asked to add.
type OrganizationView struct {
	identity.Organization
	Members    int
	RoleSetKey string
	ImageURL   string // of the logo, or of a picture that stands for organizations without one
}

const (
	maxOrganizationName = 256 // characters: Clerk's

	// maxOrganizationsOfCreator is how many organizations that one person made
	// there may be, for whom nothing else is set: Clerk's default.
	maxOrganizationsOfCreator = 100
)

var (
	slugForm   = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)
	markup     = regexp.MustCompile(`[<>]|https?://|www\.`)
	bidiMarks  = regexp.MustCompile(`[\x{202A}-\x{202E}\x{2066}-\x{2069}\x{200B}-\x{200F}\x{FEFF}]`)
	maxSlugLen = 128
)

// CreateOrganization makes an organization. With a creator, that user becomes a
// member with the creator role.
func (s *Service) CreateOrganization(ctx context.Context, ch OrganizationChange) (v OrganizationView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		if in.Settings.OrganizationsDisabled {
			return fault.New(fault.OrganizationNotEnabled)
		}
		o := identity.Organization{
			ID: identity.NewID[identity.OrgID](now), CreatedAt: now, UpdatedAt: now,
			AdminDeleteEnabled: !in.Settings.OrganizationAdminDeleteDisabled, MaxAllowedMemberships: in.Settings.MaxAllowedMemberships,
		}
		set, setErr := firstRoleSet(tx, ch.RoleSetKey)
		if err := fault.Join(applyOrganization(tx, &o, ch, in.Settings), setErr); err != nil {
			return err
		}
		o.RoleSetID = set.ID
		if ch.CreatedBy != nil {
			o.CreatedBy = identity.UserID(*ch.CreatedBy)
		}
		if err := insertOrganization(tx, o, set); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{Action: "organization.created", Subject: string(o.ID), OrganizationID: o.ID}); err != nil {
			return err
		}
		v, err = s.organizationView(tx, o)
		return err
	})
	return v, err
}

// firstRoleSet is the role set of a new organization: behaviour 1.149.
func firstRoleSet(tx *store.Tx, key *string) (identity.RoleSet, error) {
	if key == nil || *key == "" {
		set, err := tx.InitialRoleSet()
		return set, store.Optional(err)
	}
	set, err := tx.RoleSetByKey(*key)
	if err != nil {
		return set, store.Missing(err, fault.New(fault.NotFound, "resource", "role set", "param_name", "role_set_key"))
	}
	leaving, err := migrating(tx, func(m identity.RoleMigration) bool {
		return m.Source == set.ID && m.Trigger == identity.RoleSetDeletion
	})
	if err == nil && leaving {
		err = fault.New(fault.RoleMigrationInProgress)
	}
	return set, err
}

// insertOrganization writes a new organization, with its creator as a member.
func insertOrganization(tx *store.Tx, o identity.Organization, set identity.RoleSet) error {
	if o.CreatedBy == "" {
		return tx.InsertOrganization(o)
	}
	creator, err := tx.User(o.CreatedBy)
	if err != nil {
		return store.Missing(err, fault.New(fault.OrganizationCreatorNotFound))
	}
	made, err := tx.CountOrganizationsMadeBy(creator.ID)
	if err != nil {
		return err
	}
	if limit := cmp.Or(creator.CreateOrganizationsLimit, maxOrganizationsOfCreator); made >= limit {
		return fault.New(fault.OrganizationCreationLimitExceeded, "max_organizations", limit)
	}
	role, err := tx.Role(set.Creator)
	if err != nil {
		return store.Missing(err, fault.New(fault.NotFound, "resource", "role"))
	}
	facts, err := provision.JoinFacts(tx, o, creator.ID, role.Key)
	if err != nil {
		return err
	}
	facts.Migrating = false // the creator's role is not one that is given up
	if err := policy.AddMember(facts).Denied; err != nil {
		return err
	}
	if err := tx.InsertOrganization(o); err != nil {
		return err
	}
	_, err = tx.InsertMembership(identity.Membership{
		ID: identity.NewID[identity.MembershipID](o.UpdatedAt), OrganizationID: o.ID, UserID: creator.ID,
		Role: role.Key, CreatedAt: o.UpdatedAt, UpdatedAt: o.UpdatedAt,
	})
	return err
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
	set(&o.ExclusiveMembership, ch.ExclusiveMembership)
	set(&o.SelfServeSSOEnabled, ch.SelfServeSSOEnabled)
	if ch.CreatedAt != nil && *ch.CreatedAt != "" {
		t, err := time.Parse(time.RFC3339, *ch.CreatedAt)
		if err != nil || t.Before(earliest()) || t.After(o.UpdatedAt) {
			errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", "created_at"))
		} else {
			o.CreatedAt = t.UTC()
		}
	}
	errs = append(errs, checkMetadata("public_metadata", ch.PublicMetadata), checkMetadata("private_metadata", ch.PrivateMetadata))
	if ch.PublicMetadata != nil {
		o.PublicMetadata = ch.PublicMetadata
	}
	if ch.PrivateMetadata != nil {
		o.PrivateMetadata = ch.PrivateMetadata
	}
	return fault.Join(errs...)
}

// earliest is the first time that something can have been created at.
func earliest() time.Time { return time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC) }

// checkOrganizationName refuses names that could pass for a link, markup or
// another organization (threat T-ORG-19).
func checkOrganizationName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return fault.New(fault.FormParamMissing, "param_name", "name")
	case n > maxOrganizationName:
		return fault.New(fault.FormParamMaxLength, "param_name", "name", "max_length", maxOrganizationName)
	case markup.MatchString(name) || mixesScripts(name) || bidiMarks.MatchString(name) || strings.ContainsAny(name, "\x00\r\n\t"):
		return fault.New(fault.FormParamValueInvalid, "param_name", "name")
	}
	return nil
}

// mixesScripts reports whether a word has letters of more than one of the scripts
// that look alike, as Latin with a Cyrillic "a" in it: Unicode Technical Standard
// 39, section 5.2.
func mixesScripts(name string) bool {
	for word := range strings.FieldsSeq(name) {
		scripts := 0
		for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek} {
			if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) }) {
				scripts++
			}
		}
		if scripts > 1 {
			return true
		}
	}
	return false
}

// reservedSlugs are what an organization must not be found under: words of our
// own addresses and of authority (threat T-ORG-19).
func reservedSlugs() []string {
	return []string{
		"account", "admin", "administrator", "api", "app", "auth", "backend", "create", "create-organization", "dashboard", "help",
		"login", "logout", "me", "new", "null", "operator", "operators", "organization", "organizations", "root", "security", "settings",
		"setup", "sign-in", "sign-up", "sso", "support", "system", "undefined", "user", "users", "usher", "v1", "www",
	}
}

func changeSlug(tx *store.Tx, o *identity.Organization, slug string, settings identity.Settings) error {
	switch {
	case !settings.OrganizationSlugsEnabled:
		return fault.New(fault.OrganizationSlugsDisabled)
	case len(slug) > maxSlugLen || !slugForm.MatchString(slug) || strings.HasPrefix(slug, "org_"):
		return fault.New(fault.FormParamFormatInvalid, "param_name", "slug")
	}
	if slug != o.Slug && slices.Contains(reservedSlugs(), slug) {
		return fault.New(fault.FormParamValueInvalid, "param_name", "slug")
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
		o, err := findOrganization(tx, idOrSlug)
		if err != nil {
			return err
		}
		v, err = s.organizationView(tx, o)
		return err
	})
	return v, err
}

// organizationView adds to an organization what it is shown with.
func (s *Service) organizationView(tx *store.Tx, o identity.Organization) (OrganizationView, error) {
	v, err := s.uncountedOrganization(tx, o)
	if err == nil {
		v.Members, err = tx.CountMembers(o.ID)
	}
	return v, err
}

// uncountedOrganization is organizationView without the number of members: two
// people who join at once must not wait for each other.
func (s *Service) uncountedOrganization(tx *store.Tx, o identity.Organization) (v OrganizationView, err error) {
	v.Organization, v.ImageURL = o, s.imageURL(o.LogoID)
	set, err := tx.RoleSet(o.RoleSetID)
	v.RoleSetKey = set.Key
	return v, store.Optional(err)
}

// WithoutManager says which of the organizations have nobody who can manage the
// members.
func (s *Service) WithoutManager(ctx context.Context, orgs ...OrganizationView) (map[identity.OrgID]bool, error) {
	without := map[identity.OrgID]bool{}
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		for _, o := range orgs {
			n, err := tx.CountMembersWithPermission(o.ID, identity.MembershipsManage)
			if err != nil {
				return err
			}
			without[o.ID] = n == 0
		}
		return nil
	})
	return without, err
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
			v, err := s.organizationView(tx, o)
			if err != nil {
				return err
			}
			list = append(list, v)
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
		return fault.Join(applyOrganization(tx, o, ch, in.Settings), changeRoleSetOf(tx, o, ch.RoleSetKey), mayBeExclusive(tx, *o, ch))
	})
}

// mayBeExclusive refuses to forbid other organizations to members who belong to
// some already: behaviour 1.35.
func mayBeExclusive(tx *store.Tx, o identity.Organization, ch OrganizationChange) error {
	if ch.ExclusiveMembership == nil || !*ch.ExclusiveMembership {
		return nil
	}
	elsewhere, err := tx.MembersElsewhere(o.ID)
	if err == nil && elsewhere {
		err = fault.New(fault.ExclusiveMembershipExistingMembers)
	}
	return err
}

// ChangeOrganizationMetadata changes an organization's metadata.
func (s *Service) ChangeOrganizationMetadata(ctx context.Context, idOrSlug string, ch MetadataChange) (OrganizationView, error) {
	return s.changeOrganizationAs(ctx, "organization.metadata.updated", idOrSlug, func(_ *store.Tx, o *identity.Organization) error {
		return fault.Join(
			ch.apply("public_metadata", &o.PublicMetadata, ch.Public),
			ch.apply("private_metadata", &o.PrivateMetadata, ch.Private))
	})
}

func (s *Service) changeOrganization(ctx context.Context, idOrSlug string, change func(*store.Tx, *identity.Organization) error) (OrganizationView, error) {
	return s.changeOrganizationAs(ctx, "organization.updated", idOrSlug, change)
}

// changeOrganizationAs changes an organization; the audit log calls it by the
// action.
func (s *Service) changeOrganizationAs(ctx context.Context, action, idOrSlug string, change func(*store.Tx, *identity.Organization) error) (v OrganizationView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		o, err := findOrganization(tx, idOrSlug)
		if err != nil {
			return err
		}
		o.UpdatedAt = s.Now()
		if err := change(tx, &o); err != nil {
			return err
		}
		if err := tx.UpdateOrganization(o); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{Action: action, Subject: string(o.ID), OrganizationID: o.ID}); err != nil {
			return err
		}
		v, err = s.organizationView(tx, o)
		return err
	})
	return v, err
}

// DeleteOrganization removes an organization with its memberships and listed
// domains. Its connections serve nobody any more and are switched off, and it is
// the active one of no session (threat T-ORG-18).
func (s *Service) DeleteOrganization(ctx context.Context, idOrSlug string) (o identity.Organization, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if o, err = findOrganization(tx, idOrSlug); err != nil {
			return err
		}
		if err := tx.SwitchOffConnections(o.ID, s.Now()); err != nil {
			return err
		}
		if err := tx.DeselectOrganization(o.ID, s.Now()); err != nil {
			return err
		}
		if _, err := tx.DeleteImage(o.LogoID); err != nil {
			return err
		}
		if _, err = tx.DeleteOrganization(o.ID); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "organization.deleted", Subject: string(o.ID), OrganizationID: o.ID})
	})
	return o, err
}
