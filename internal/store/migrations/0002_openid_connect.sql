-- OpenID Connect and EASIE: client secrets, the deployment's own clients, the
-- tenant that a connection is bound to, and what asks whether people are still there.

ALTER TABLE enterprise_connections ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '';

ALTER TABLE attempts ADD COLUMN kind TEXT NOT NULL DEFAULT 'sign_in';

ALTER TABLE pending_requests ADD COLUMN code_verifier TEXT NOT NULL DEFAULT ''; -- sealed; empty: none

ALTER TABLE pending_requests ADD COLUMN link_session_id TEXT NOT NULL DEFAULT '';
ALTER TABLE verdicts ADD COLUMN link_session_id TEXT NOT NULL DEFAULT '';

ALTER TABLE enterprise_accounts ADD COLUMN deprovisioned_at BIGINT NOT NULL DEFAULT 0;

-- 0: the provider is not asked about the session's person.
ALTER TABLE sessions ADD COLUMN check_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE connection_secrets (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    secret        TEXT NOT NULL, -- sealed
    created_at    BIGINT NOT NULL
);
CREATE INDEX connection_secrets_connection ON connection_secrets (connection_id, created_at);

CREATE TABLE provider_credentials (
    provider      TEXT PRIMARY KEY,
    client_id     TEXT NOT NULL,
    client_secret TEXT NOT NULL, -- sealed
    discovery_url TEXT NOT NULL,
    discovery     TEXT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE TABLE account_tokens (
    account_id    TEXT PRIMARY KEY REFERENCES enterprise_accounts (id) ON DELETE CASCADE,
    refresh_token TEXT NOT NULL, -- sealed
    issuer        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    next_check_at BIGINT NOT NULL,
    failing_since BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

-- Who has an address at a domain: the part after the "@", in words that both
-- engines know.
CREATE INDEX email_addresses_domain ON email_addresses (replace(address, rtrim(address, replace(address, '@', '')), ''));
