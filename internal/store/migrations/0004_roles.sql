-- Permissions, roles and role sets that administrators make, the change of many
-- members' roles as a job, and the images of organizations.

CREATE TABLE permissions (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX permissions_created ON permissions (created_at, id);

-- The system permissions, the same in every deployment. Their time is that of
-- this migration's writing.
INSERT INTO permissions (id, key, name, description, created_at, updated_at) VALUES
    ('perm_000000000000000000000000001', 'org:sys_profile:manage', 'Manage organization', 'Change the name, the slug and the logo.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000002', 'org:sys_profile:delete', 'Delete organization', 'Delete the organization.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000003', 'org:sys_memberships:read', 'Read members', 'See the members.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000004', 'org:sys_memberships:manage', 'Manage members', 'Invite and remove members and change their roles.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000005', 'org:sys_domains:read', 'Read domains', 'See the domains.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000006', 'org:sys_domains:manage', 'Manage domains', 'Add, verify and remove domains.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000007', 'org:sys_billing:read', 'Read billing', 'See the billing.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000008', 'org:sys_billing:manage', 'Manage billing', 'Change the billing.', 1795564800000, 1795564800000),
    ('perm_000000000000000000000000009', 'org:sys_entconns:manage', 'Manage single sign-on', 'Set up enterprise connections.', 1795564800000, 1795564800000);

CREATE TABLE role_sets (
    id              TEXT PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    description     TEXT NOT NULL,
    type            TEXT NOT NULL,
    roles           TEXT NOT NULL, -- ids of roles, in order
    default_role_id TEXT NOT NULL,
    creator_role_id TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX role_sets_initial ON role_sets (type) WHERE type = 'initial';

-- A deployment from before there were role sets has the two roles that it began
-- with; the settings name the default one.
INSERT INTO role_sets (id, key, name, description, type, roles, default_role_id, creator_role_id, created_at, updated_at)
SELECT 'roleset_000000000000000000000000001', 'role_set:default', 'Default', '', 'initial',
    '["' || a.id || '","' || m.id || '"]',
    CASE WHEN i.settings LIKE '%"default_role":"org:admin"%' THEN a.id ELSE m.id END, a.id, i.created_at, i.created_at
FROM instance i, roles a, roles m WHERE a.key = 'org:admin' AND m.key = 'org:member';

ALTER TABLE organizations ADD COLUMN role_set_id TEXT NOT NULL DEFAULT '';
ALTER TABLE organizations ADD COLUMN logo_id TEXT NOT NULL DEFAULT ''; -- empty: none
UPDATE organizations SET role_set_id = 'roleset_000000000000000000000000001' WHERE EXISTS (SELECT 1 FROM role_sets);
CREATE INDEX organizations_role_set ON organizations (role_set_id, id);
CREATE INDEX organizations_created_by ON organizations (created_by);

-- Members hold a role by its id, so that its key can be changed.
ALTER TABLE memberships RENAME COLUMN role TO role_id;
UPDATE memberships SET role_id = (SELECT r.id FROM roles r WHERE r.key = memberships.role_id)
WHERE EXISTS (SELECT 1 FROM roles r WHERE r.key = memberships.role_id);
CREATE INDEX memberships_role_id ON memberships (role_id);

CREATE TABLE role_migrations (
    id                 TEXT PRIMARY KEY,
    source_role_set_id TEXT NOT NULL,
    dest_role_set_id   TEXT NOT NULL, -- empty: within the source
    trigger_type       TEXT NOT NULL,
    mappings           TEXT NOT NULL, -- role id to role id
    migrated_members   BIGINT NOT NULL,
    done_up_to         TEXT NOT NULL, -- the last organization that is done
    started_at         BIGINT NOT NULL,
    completed_at       BIGINT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL
);
CREATE INDEX role_migrations_completed ON role_migrations (completed_at, created_at);

CREATE TABLE images (
    id           TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    body         TEXT NOT NULL, -- base64
    created_at   BIGINT NOT NULL
);
