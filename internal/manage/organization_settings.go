package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// OrganizationSettings are the choices of a deployment about its organizations.
type OrganizationSettings struct {
	identity.Settings
	InitialRoleSet string // its key
}

// DomainModes are the ways to join by a verified domain. By hand is always one.
func (s OrganizationSettings) DomainModes() []identity.EnrollmentMode {
	modes := []identity.EnrollmentMode{identity.EnrollmentManual}
	if s.OrganizationDomainInvitations {
		modes = append(modes, identity.EnrollmentInvitation)
	}
	if s.OrganizationDomainSuggestions {
		modes = append(modes, identity.EnrollmentSuggestion)
	}
	return modes
}

// OrganizationSettingsChange is what a caller gave to change them. Nil leaves
// one as it is.
type OrganizationSettingsChange struct {
	Enabled               *bool
	MaxAllowedMemberships *int
	AdminDeleteEnabled    *bool
	DomainsEnabled        *bool
	SlugDisabled          *bool
	DomainModes           *[]identity.EnrollmentMode
	CreatorRoleID         *string
	DefaultRoleID         *string
}

// OrganizationSettings reads the deployment's settings about organizations.
func (s *Service) OrganizationSettings(ctx context.Context) (v OrganizationSettings, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		v, err = organizationSettings(tx, in.Settings)
		return err
	})
	return v, err
}

func organizationSettings(tx *store.Tx, settings identity.Settings) (v OrganizationSettings, err error) {
	if v.Settings, err = showRoles(tx, settings); err != nil {
		return v, err
	}
	set, err := tx.InitialRoleSet()
	v.InitialRoleSet = set.Key
	return v, store.Optional(err)
}

// showRoles fills in the roles of the initial role set.
func showRoles(tx *store.Tx, settings identity.Settings) (identity.Settings, error) {
	set, err := tx.InitialRoleSet()
	if err != nil {
		return settings, store.Optional(err)
	}
	for key, id := range map[*identity.RoleKey]identity.RoleID{&settings.DefaultRole: set.Default, &settings.CreatorRole: set.Creator} {
		r, err := tx.Role(id)
		if store.Optional(err) != nil {
			return settings, err
		}
		*key = r.Key
	}
	return settings, nil
}

// ChangeOrganizationSettings changes the deployment's settings about
// organizations. What is about new organizations leaves those that there are as
// they are: behaviours 1.149 and 1.153.
func (s *Service) ChangeOrganizationSettings(ctx context.Context, ch OrganizationSettingsChange) (v OrganizationSettings, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		settings := in.Settings
		set(&settings.MaxAllowedMemberships, ch.MaxAllowedMemberships)
		set(&settings.OrganizationDomainsEnabled, ch.DomainsEnabled)
		setNot(&settings.OrganizationsDisabled, ch.Enabled)
		setNot(&settings.OrganizationAdminDeleteDisabled, ch.AdminDeleteEnabled)
		setNot(&settings.OrganizationSlugsEnabled, ch.SlugDisabled)
		err = fault.Join(
			mayDisable(tx, in.Settings, settings), setDomainModes(&settings, ch.DomainModes), checkSettings(settings),
			s.chooseRoles(tx, ch.DefaultRoleID, ch.CreatorRoleID))
		if err != nil {
			return err
		}
		if err := tx.UpdateSettings(in.ID, settings, s.Now()); err != nil {
			return err
		}
		if err := s.auditSettings(tx, in, settings); err != nil {
			return err
		}
		v, err = organizationSettings(tx, settings)
		return err
	})
	return v, err
}

func setNot(field, value *bool) {
	if value != nil {
		*field = !*value
	}
}

// mayDisable refuses to switch organizations off while there are some.
func mayDisable(tx *store.Tx, before, after identity.Settings) error {
	if before.OrganizationsDisabled || !after.OrganizationsDisabled {
		return nil
	}
	_, n, err := tx.Organizations(store.OrganizationFilter{}, store.Page{Limit: 1})
	if err == nil && n > 0 {
		err = fault.New(fault.OrganizationsDisableNotAllowed)
	}
	return err
}

// setDomainModes sets how people may join by a verified domain. By hand is always
// possible.
func setDomainModes(settings *identity.Settings, modes *[]identity.EnrollmentMode) error {
	if modes == nil {
		return nil
	}
	settings.OrganizationDomainInvitations, settings.OrganizationDomainSuggestions = false, false
	for _, mode := range *modes {
		switch mode {
		case identity.EnrollmentManual:
		case identity.EnrollmentInvitation:
			settings.OrganizationDomainInvitations = true
		case identity.EnrollmentSuggestion:
			settings.OrganizationDomainSuggestions = true
		default:
			return fault.New(fault.FormParamValueInvalid, "param_name", "domains_enrollment_modes")
		}
	}
	return nil
}

// chooseRoles sets the default and the creator role of the initial role set by
// their ids.
func (s *Service) chooseRoles(tx *store.Tx, byDefault, creator *string) error {
	if byDefault == nil && creator == nil {
		return nil
	}
	set, err := tx.InitialRoleSet()
	if err != nil {
		return store.Missing(err, fault.New(fault.NotFound, "resource", "role set"))
	}
	var errs []error
	for _, chosen := range []struct {
		id    *string
		param string
		field *identity.RoleID
	}{{byDefault, "domains_default_role_id", &set.Default}, {creator, "creator_role_id", &set.Creator}} {
		if chosen.id == nil {
			continue
		}
		if *chosen.field = identity.RoleID(*chosen.id); !set.Holds(*chosen.field) {
			errs = append(errs, fault.New(fault.NotFound, "resource", "role", "param_name", chosen.param))
		}
	}
	if err := fault.Join(errs...); err != nil {
		return err
	}
	return s.saveRoleSet(tx, set)
}

// changeInitialRoles is chooseRoles by keys, with the words of /settings.
func (s *Service) changeInitialRoles(tx *store.Tx, byDefault, creator *identity.RoleKey) error {
	set, err := tx.InitialRoleSet()
	if store.Optional(err) != nil || byDefault == nil && creator == nil {
		return store.Optional(err)
	}
	var errs []error
	choose := func(key *identity.RoleKey, param string) *string {
		if key == nil {
			return nil
		}
		r, err := tx.RoleByKey(*key)
		if store.Optional(err) != nil {
			errs = append(errs, err)
		} else if !set.Holds(r.ID) || param == "creator_role" && len(r.LacksAsCreator()) > 0 {
			errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", param))
		}
		id := string(r.ID)
		return &id
	}
	defaultID, creatorID := choose(byDefault, "default_role"), choose(creator, "creator_role")
	if err := fault.Join(errs...); err != nil {
		return err
	}
	return s.chooseRoles(tx, defaultID, creatorID)
}
