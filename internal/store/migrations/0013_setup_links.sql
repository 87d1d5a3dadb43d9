-- Links by which somebody without an account sets up an organization's sign-in.

CREATE TABLE setup_links (
    id                TEXT PRIMARY KEY,
    organization_id   TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    it_contact_id     TEXT NOT NULL,
    scopes            TEXT NOT NULL, -- null: all
    token_hash        TEXT NOT NULL UNIQUE,
    browser_hash      TEXT UNIQUE, -- NULL: no browser has opened it
    opened_at         BIGINT NOT NULL,
    revoked_at        BIGINT NOT NULL,
    revocation_reason TEXT NOT NULL,
    expires_at        BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE INDEX setup_links_organization ON setup_links (organization_id);
CREATE INDEX setup_links_expires ON setup_links (expires_at);
