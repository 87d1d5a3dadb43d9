package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type roleSetBody struct {
	Name           *string  `json:"name"`
	Key            *string  `json:"key"`
	Description    *string  `json:"description"`
	Type           *string  `json:"type"`
	DefaultRoleKey *string  `json:"default_role_key"`
	CreatorRoleKey *string  `json:"creator_role_key"`
	Roles          []string `json:"roles"`
}

type wireRoleSet struct {
	Object      string               `json:"object"`
	ID          identity.RoleSetID   `json:"id"`
	Name        string               `json:"name"`
	Key         string               `json:"key"`
	Description *string              `json:"description"`
	Roles       []wireRoleSetItem    `json:"roles"`
	DefaultRole *wireRoleSetItem     `json:"default_role"`
	CreatorRole *wireRoleSetItem     `json:"creator_role"`
	Type        identity.RoleSetType `json:"type"`
	Migration   *wireRoleMigration   `json:"role_set_migration"`
	CreatedAt   int64                `json:"created_at"`
	UpdatedAt   int64                `json:"updated_at"`
}

type wireRoleSetItem struct {
	Object       string           `json:"object"`
	ID           identity.RoleID  `json:"id"`
	Name         string           `json:"name"`
	Key          identity.RoleKey `json:"key"`
	Description  *string          `json:"description"`
	MembersCount *int             `json:"members_count"`
	HasMembers   *bool            `json:"has_members"`
	CreatedAt    int64            `json:"created_at"`
	UpdatedAt    int64            `json:"updated_at"`
}

type wireRoleMigration struct {
	Object          string                                `json:"object"`
	ID              identity.RoleMigrationID              `json:"id"`
	OrganizationID  *string                               `json:"organization_id"` // always null: every organization of the set
	InstanceID      identity.InstanceID                   `json:"instance_id"`
	SourceRoleSetID identity.RoleSetID                    `json:"source_role_set_id"`
	DestRoleSetID   *string                               `json:"dest_role_set_id"`
	TriggerType     identity.RoleMigrationTrigger         `json:"trigger_type"`
	Status          string                                `json:"status"`
	MigratedMembers int                                   `json:"migrated_members"`
	Mappings        map[identity.RoleKey]identity.RoleKey `json:"mappings"`
	StartedAt       *int64                                `json:"started_at"`
	CompletedAt     *int64                                `json:"completed_at"`
	CreatedAt       int64                                 `json:"created_at"`
	UpdatedAt       int64                                 `json:"updated_at"`
}

func wireRoleSetOf(s manage.RoleSetView) wireRoleSet {
	w := wireRoleSet{
		Object:      "role_set",
		ID:          s.ID,
		Name:        s.Name,
		Key:         s.Key,
		Description: orNull(s.Description),
		Roles:       each(s.Roles, wireRoleSetItemOf),
		Type:        s.Type,
		Migration:   wireRoleMigrationOf(s),
		CreatedAt:   millis(s.CreatedAt),
		UpdatedAt:   millis(s.UpdatedAt),
	}
	for i, item := range w.Roles {
		if item.ID == s.Default {
			w.DefaultRole = &w.Roles[i]
		}
		if item.ID == s.Creator {
			w.CreatorRole = &w.Roles[i]
		}
	}
	return w
}

func wireRoleSetItemOf(r manage.RoleInSet) wireRoleSetItem {
	w := wireRoleSetItem{
		Object:       "role_set_item",
		ID:           r.ID,
		Name:         r.Name,
		Key:          r.Key,
		Description:  orNull(r.Description),
		MembersCount: r.Members,
		CreatedAt:    millis(r.CreatedAt),
		UpdatedAt:    millis(r.UpdatedAt),
	}
	if r.Members != nil {
		some := *r.Members > 0
		w.HasMembers = &some
	}
	return w
}

// wireRoleMigrationOf shows the migration that is under way; null without one.
func wireRoleMigrationOf(s manage.RoleSetView) *wireRoleMigration {
	m := s.Migration
	if m == nil {
		return nil
	}
	w := wireRoleMigration{
		Object:          "role_set_migration",
		ID:              m.ID,
		InstanceID:      s.Instance,
		SourceRoleSetID: m.Source,
		DestRoleSetID:   orNull(m.Dest),
		TriggerType:     m.Trigger,
		Status:          "enqueued",
		MigratedMembers: m.Migrated,
		Mappings:        map[identity.RoleKey]identity.RoleKey{},
		CreatedAt:       millis(m.CreatedAt),
		UpdatedAt:       millis(m.UpdatedAt),
	}
	if !m.StartedAt.IsZero() {
		started := millis(m.StartedAt)
		w.Status, w.StartedAt = "in_progress", &started
	}
	for from, to := range m.Mappings {
		w.Mappings[s.Keys[from]] = s.Keys[to]
	}
	return &w
}

func (a *API) handleRoleSets(w http.ResponseWriter, r *http.Request) error {
	f, p, err := named(r)
	if err != nil {
		return err
	}
	items, total, err := a.Manage.RoleSets(r.Context(), f, p)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireRoleSetOf), total})
}

func (a *API) handleCreateRoleSet(w http.ResponseWriter, r *http.Request) error {
	var b roleSetBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(given("name", b.Name), given("default_role_key", b.DefaultRoleKey), given("creator_role_key", b.CreatorRoleKey)); err != nil {
		return err
	}
	s, err := a.Manage.CreateRoleSet(r.Context(), manage.RoleSetChange(b))
	return writeRoleSet(w, s, err)
}

// given refuses a text that is left out.
func given(name string, value *string) error {
	if value == nil {
		return required(name, "")
	}
	return required(name, *value)
}

func (a *API) handleRoleSet(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Manage.RoleSet(r.Context(), r.PathValue("role_set_key_or_id"))
	return writeRoleSet(w, s, err)
}

func (a *API) handleChangeRoleSet(w http.ResponseWriter, r *http.Request) error {
	var b roleSetBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.Roles != nil {
		return fault.New(fault.FormParamUnknown, "param_name", "roles")
	}
	if b.Type != nil && *b.Type != string(identity.RoleSetInitial) {
		return fault.New(fault.FormParamValueInvalid, "param_name", "type")
	}
	s, err := a.Manage.ChangeRoleSet(r.Context(), r.PathValue("role_set_key_or_id"), manage.RoleSetChange(b))
	return writeRoleSet(w, s, err)
}

func (a *API) handleAddRolesToSet(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		RoleKeys       []string `json:"role_keys"`
		DefaultRoleKey *string  `json:"default_role_key"`
		CreatorRoleKey *string  `json:"creator_role_key"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if len(b.RoleKeys) == 0 {
		return fault.New(fault.FormParamMissing, "param_name", "role_keys")
	}
	s, err := a.Manage.ChangeRoleSet(r.Context(), r.PathValue("role_set_key_or_id"), manage.RoleSetChange{
		Roles: b.RoleKeys, DefaultRoleKey: b.DefaultRoleKey, CreatorRoleKey: b.CreatorRoleKey,
	})
	return writeRoleSet(w, s, err)
}

func (a *API) handleReplaceRoleInSet(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		RoleKey   string `json:"role_key"`
		ToRoleKey string `json:"to_role_key"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("role_key", b.RoleKey), required("to_role_key", b.ToRoleKey)); err != nil {
		return err
	}
	s, err := a.Manage.ReplaceRoleInSet(r.Context(), r.PathValue("role_set_key_or_id"), b.RoleKey, b.ToRoleKey)
	return writeRoleSet(w, s, err)
}

func (a *API) handleReplaceRoleSet(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		DestRoleSetKey       string            `json:"dest_role_set_key"`
		ReassignmentMappings map[string]string `json:"reassignment_mappings"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("dest_role_set_key", b.DestRoleSetKey); err != nil {
		return err
	}
	s, err := a.Manage.ReplaceRoleSet(r.Context(), r.PathValue("role_set_key_or_id"), b.DestRoleSetKey, b.ReassignmentMappings)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "role_set", ID: string(s.ID), Deleted: true})
}

func writeRoleSet(w http.ResponseWriter, s manage.RoleSetView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireRoleSetOf(s))
}
