-- Domains of organizations with their two proofs, who joins by them, and
-- invitations to organizations and to the application.

-- Affiliation: somebody reads mail at the domain. "verified" says whether it is
-- proved.
ALTER TABLE organization_domains ADD COLUMN affiliation_email TEXT NOT NULL DEFAULT '';
ALTER TABLE organization_domains ADD COLUMN affiliation_strategy TEXT NOT NULL DEFAULT '';
ALTER TABLE organization_domains ADD COLUMN affiliation_code_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE organization_domains ADD COLUMN affiliation_code_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN affiliation_code_sent_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN affiliation_code_expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN affiliation_verified_at BIGINT NOT NULL DEFAULT 0;
UPDATE organization_domains SET affiliation_strategy = 'admin', affiliation_verified_at = updated_at WHERE verified;

-- Ownership: whoever runs the domain's DNS answered a challenge there.
ALTER TABLE organization_domains ADD COLUMN ownership_strategy TEXT NOT NULL DEFAULT ''; -- empty: never asked for
ALTER TABLE organization_domains ADD COLUMN ownership_value TEXT NOT NULL DEFAULT '';
ALTER TABLE organization_domains ADD COLUMN ownership_attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN ownership_expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN ownership_verified_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN ownership_seen_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN ownership_missing_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organization_domains ADD COLUMN ownership_next_at BIGINT NOT NULL DEFAULT 0; -- 0: not looked at again
-- What was listed for SSO and verified before there was a proof counts as proved.
UPDATE organization_domains SET ownership_strategy = 'legacy', ownership_verified_at = updated_at
    WHERE verified AND enrollment_mode = 'enterprise_sso';

-- Of a name, one organization has the domain that is verified in either way.
DROP INDEX organization_domains_verified;
CREATE UNIQUE INDEX organization_domains_claimed ON organization_domains (name) WHERE verified OR ownership_verified_at > 0;
CREATE INDEX organization_domains_name ON organization_domains (name);
CREATE INDEX organization_domains_next ON organization_domains (ownership_next_at);
CREATE INDEX organization_domains_created ON organization_domains (created_at, id);

CREATE TABLE organization_invitations (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email            TEXT NOT NULL,
    role_id          TEXT NOT NULL,
    inviter_id       TEXT NOT NULL, -- empty: nobody in person
    domain_id        TEXT NOT NULL, -- that it came by; empty: somebody made it
    status           TEXT NOT NULL, -- one that is pending has expired after expires_at
    public_metadata  TEXT NOT NULL,
    private_metadata TEXT NOT NULL,
    redirect_url     TEXT NOT NULL,
    user_id          TEXT NOT NULL, -- who accepted it
    expires_at       BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
-- An address is invited once at a time.
CREATE UNIQUE INDEX organization_invitations_pending ON organization_invitations (organization_id, email) WHERE status = 'pending';
CREATE INDEX organization_invitations_email ON organization_invitations (email, created_at);
CREATE INDEX organization_invitations_org ON organization_invitations (organization_id, created_at, id);
CREATE INDEX organization_invitations_created ON organization_invitations (created_at, id);
CREATE INDEX organization_invitations_domain ON organization_invitations (domain_id);
CREATE INDEX organization_invitations_role ON organization_invitations (role_id);

-- Invitations to the application. An address may have several that are pending,
-- where the caller wanted it so.
CREATE TABLE invitations (
    id              TEXT PRIMARY KEY,
    email           TEXT NOT NULL,
    status          TEXT NOT NULL, -- as of organization_invitations
    public_metadata TEXT NOT NULL,
    redirect_url    TEXT NOT NULL,
    user_id         TEXT NOT NULL, -- who accepted it
    expires_at      BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX invitations_email ON invitations (email, created_at);
CREATE INDEX invitations_created ON invitations (created_at, id);
