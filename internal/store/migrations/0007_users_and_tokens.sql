-- What the Backend API keeps about people besides the foundation, and what it
-- hands out: templates of tokens, tickets, refresh tokens.

ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN delete_self_enabled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN create_organization_disabled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN create_organizations_limit BIGINT NOT NULL DEFAULT 0; -- 0: unlimited
ALTER TABLE users ADD COLUMN legal_accepted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password_updated_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE sign_ups ADD COLUMN external_id TEXT NOT NULL DEFAULT ''; -- for the user who is made
ALTER TABLE sign_ups ADD COLUMN custom_action BOOLEAN NOT NULL DEFAULT FALSE;

-- A reserved address is unproved, and nobody else's all the same.
ALTER TABLE email_addresses ADD COLUMN reserved BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX email_addresses_held ON email_addresses (address) WHERE status = 'verified' OR reserved;

CREATE TABLE email_verifications (
    id          TEXT PRIMARY KEY,
    email_id    TEXT NOT NULL REFERENCES email_addresses (id) ON DELETE CASCADE,
    code_hash   TEXT NOT NULL,
    code_tries  BIGINT NOT NULL,
    sent_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    verified_at BIGINT NOT NULL
);
CREATE INDEX email_verifications_email ON email_verifications (email_id);
CREATE INDEX email_verifications_expires ON email_verifications (expires_at);

ALTER TABLE sessions ADD COLUMN actor TEXT NOT NULL DEFAULT '{}'; -- who impersonates

CREATE TABLE refresh_tokens (
    hash       TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

-- Session tokens that were traded in once.
CREATE TABLE consumed_tokens (
    hash        TEXT PRIMARY KEY,
    consumed_at BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX consumed_tokens_expires ON consumed_tokens (expires_at);

CREATE TABLE jwt_templates (
    id                TEXT PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    claims            TEXT NOT NULL,
    lifetime          BIGINT NOT NULL, -- seconds
    clock_skew        BIGINT NOT NULL, -- seconds
    signing_algorithm TEXT NOT NULL,
    signing_key       TEXT NOT NULL, -- sealed; empty: the deployment's key
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);

CREATE TABLE redirect_urls (
    id         TEXT PRIMARY KEY,
    url        TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE access_identifiers (
    id         TEXT PRIMARY KEY,
    list       TEXT NOT NULL, -- "allow" or "block"
    identifier TEXT NOT NULL, -- an address, or "*@" and a domain
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (list, identifier)
);

CREATE TABLE tickets (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL, -- "sign_in" or "actor"
    token_hash      TEXT NOT NULL UNIQUE,
    status          TEXT NOT NULL,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    actor           TEXT NOT NULL,
    session_seconds BIGINT NOT NULL, -- 0: as the settings say
    expires_at      BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX tickets_user ON tickets (user_id);
CREATE INDEX tickets_expires ON tickets (expires_at);
