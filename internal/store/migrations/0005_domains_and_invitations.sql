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
