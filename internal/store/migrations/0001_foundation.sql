-- The foundation: people, organizations, connections with revisions, sessions,
-- sign-ins, attempts, the outbox. One text for both engines: TEXT, BIGINT
-- (Unix milliseconds; 0 is "not set") and BOOLEAN; JSON as TEXT; sealed values as TEXT.

CREATE TABLE instance (
    id         TEXT PRIMARY KEY,
    settings   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    private_key TEXT NOT NULL, -- sealed
    signs_from  BIGINT NOT NULL,
    retired_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE secret_keys (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

CREATE TABLE users (
    id               TEXT PRIMARY KEY,
    external_id      TEXT UNIQUE, -- NULL: none
    first_name       TEXT NOT NULL,
    last_name        TEXT NOT NULL,
    username         TEXT UNIQUE, -- NULL: none
    password_hash    TEXT NOT NULL,
    primary_email_id TEXT NOT NULL,
    public_metadata  TEXT NOT NULL,
    private_metadata TEXT NOT NULL,
    unsafe_metadata  TEXT NOT NULL,
    banned           BOOLEAN NOT NULL,
    locked_until     BIGINT NOT NULL,
    deactivated_at   BIGINT NOT NULL,
    last_sign_in_at  BIGINT NOT NULL,
    last_active_at   BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
CREATE INDEX users_created ON users (created_at, id);

CREATE TABLE email_addresses (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address     TEXT NOT NULL,
    status      TEXT NOT NULL,
    strategy    TEXT NOT NULL,
    account_id  TEXT NOT NULL,
    verified_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
-- A verified address belongs to one person; a person has an address once.
CREATE UNIQUE INDEX email_addresses_verified ON email_addresses (address) WHERE status = 'verified';
CREATE UNIQUE INDEX email_addresses_user ON email_addresses (user_id, address);
CREATE INDEX email_addresses_address ON email_addresses (address);

CREATE TABLE organizations (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL,
    slug                    TEXT UNIQUE, -- NULL: none
    max_allowed_memberships BIGINT NOT NULL,
    admin_delete_enabled    BOOLEAN NOT NULL,
    exclusive_membership    BOOLEAN NOT NULL,
    self_serve_sso_enabled  BOOLEAN NOT NULL,
    public_metadata         TEXT NOT NULL,
    private_metadata        TEXT NOT NULL,
    created_by              TEXT NOT NULL,
    created_at              BIGINT NOT NULL,
    updated_at              BIGINT NOT NULL
);
CREATE INDEX organizations_created ON organizations (created_at, id);

CREATE TABLE roles (
    id          TEXT PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE memberships (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role             TEXT NOT NULL,
    connection_id    TEXT NOT NULL, -- joined through; empty: by other means
    public_metadata  TEXT NOT NULL,
    private_metadata TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    UNIQUE (organization_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id, created_at);
CREATE INDEX memberships_created ON memberships (organization_id, created_at, id);
CREATE INDEX memberships_role ON memberships (organization_id, role);

CREATE TABLE organization_domains (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    enrollment_mode TEXT NOT NULL,
    verified        BOOLEAN NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    UNIQUE (organization_id, name)
);
CREATE UNIQUE INDEX organization_domains_verified ON organization_domains (name) WHERE verified;

CREATE TABLE enterprise_connections (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL, -- empty: the whole application
    name             TEXT NOT NULL,
    provider         TEXT NOT NULL,
    active           BOOLEAN NOT NULL,
    authenticatable  BOOLEAN NOT NULL,
    live_revision_id TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
CREATE INDEX enterprise_connections_org ON enterprise_connections (organization_id, created_at);
CREATE INDEX enterprise_connections_created ON enterprise_connections (created_at, id);

CREATE TABLE connection_domains (
    connection_id TEXT NOT NULL REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    domain        TEXT NOT NULL,
    position      BIGINT NOT NULL,
    PRIMARY KEY (connection_id, domain)
);
CREATE INDEX connection_domains_domain ON connection_domains (domain);

CREATE TABLE connection_revisions (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    config        TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    UNIQUE (connection_id, number)
);

CREATE TABLE connection_keys (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    certificate   TEXT NOT NULL,
    private_key   TEXT NOT NULL, -- sealed
    created_at    BIGINT NOT NULL,
    retired_at    BIGINT NOT NULL
);
CREATE INDEX connection_keys_connection ON connection_keys (connection_id, created_at);

CREATE TABLE connection_metadata (
    connection_id TEXT PRIMARY KEY REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    fetched_at    BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    failures      BIGINT NOT NULL,
    last_error    TEXT NOT NULL
);
CREATE INDEX connection_metadata_next ON connection_metadata (next_at);

CREATE TABLE enterprise_accounts (
    id                    TEXT PRIMARY KEY,
    user_id               TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id         TEXT NOT NULL, -- outlives the connection
    subject               TEXT NOT NULL,
    subject_format        TEXT NOT NULL,
    email                 TEXT NOT NULL,
    first_name            TEXT NOT NULL,
    last_name             TEXT NOT NULL,
    public_metadata       TEXT NOT NULL,
    last_authenticated_at BIGINT NOT NULL,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    UNIQUE (connection_id, subject),
    UNIQUE (connection_id, user_id)
);
CREATE INDEX enterprise_accounts_user ON enterprise_accounts (user_id);

CREATE TABLE clients (
    id                     TEXT PRIMARY KEY,
    token_hash             TEXT NOT NULL UNIQUE,
    last_active_session_id TEXT NOT NULL,
    created_at             BIGINT NOT NULL,
    updated_at             BIGINT NOT NULL
);
CREATE INDEX clients_updated ON clients (updated_at); -- for pruning

CREATE TABLE sessions (
    id                          TEXT PRIMARY KEY,
    client_id                   TEXT NOT NULL,
    user_id                     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status                      TEXT NOT NULL,
    connection_id               TEXT NOT NULL,
    last_active_organization_id TEXT NOT NULL,
    first_factor_at             BIGINT NOT NULL,
    expire_at                   BIGINT NOT NULL,
    abandon_at                  BIGINT NOT NULL,
    last_active_at              BIGINT NOT NULL,
    created_at                  BIGINT NOT NULL,
    updated_at                  BIGINT NOT NULL
);
CREATE INDEX sessions_client ON sessions (client_id, created_at);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_expire ON sessions (expire_at); -- for pruning

CREATE TABLE sign_ins (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL,
    status             TEXT NOT NULL,
    identifier         TEXT NOT NULL,
    user_id            TEXT NOT NULL,
    strategy           TEXT NOT NULL,
    code_hash          TEXT NOT NULL,
    code_tries         BIGINT NOT NULL,
    code_sent_at       BIGINT NOT NULL,
    code_expires_at    BIGINT NOT NULL,
    attempt_id         TEXT NOT NULL,
    error_code         TEXT NOT NULL,
    error_meta         TEXT NOT NULL,
    return_url         TEXT NOT NULL,
    created_session_id TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    abandon_at         BIGINT NOT NULL
);
CREATE INDEX sign_ins_client ON sign_ins (client_id, created_at);
CREATE INDEX sign_ins_abandon ON sign_ins (abandon_at);

CREATE TABLE sign_ups (
    id                 TEXT PRIMARY KEY,
    client_id          TEXT NOT NULL,
    status             TEXT NOT NULL,
    email              TEXT NOT NULL,
    first_name         TEXT NOT NULL,
    last_name          TEXT NOT NULL,
    password_hash      TEXT NOT NULL,
    code_hash          TEXT NOT NULL,
    code_tries         BIGINT NOT NULL,
    code_sent_at       BIGINT NOT NULL,
    code_expires_at    BIGINT NOT NULL,
    return_url         TEXT NOT NULL,
    created_user_id    TEXT NOT NULL,
    created_session_id TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    abandon_at         BIGINT NOT NULL
);
CREATE INDEX sign_ups_client ON sign_ups (client_id, created_at);
CREATE INDEX sign_ups_abandon ON sign_ups (abandon_at);

CREATE TABLE attempts (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL,
    revision_id     TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    idp_initiated   BOOLEAN NOT NULL,
    state           TEXT NOT NULL,
    typed_email     TEXT NOT NULL,
    email           TEXT NOT NULL,
    code            TEXT NOT NULL,
    meta            TEXT NOT NULL,
    detail          TEXT NOT NULL,
    steps           TEXT NOT NULL,
    trace           TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    session_id      TEXT NOT NULL,
    trace_id        TEXT NOT NULL,
    started_at      BIGINT NOT NULL,
    returned_at     BIGINT NOT NULL,
    finished_at     BIGINT NOT NULL
);
CREATE INDEX attempts_started ON attempts (started_at, id);
CREATE INDEX attempts_connection ON attempts (connection_id, started_at);
CREATE INDEX attempts_organization ON attempts (organization_id, started_at);
-- "Why can't Ada sign in?"
CREATE INDEX attempts_email ON attempts (email, started_at);
CREATE INDEX attempts_typed_email ON attempts (typed_email, started_at);

CREATE TABLE evidence (
    attempt_id TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
    body       TEXT NOT NULL, -- sealed
    expires_at BIGINT NOT NULL
);
CREATE INDEX evidence_expires ON evidence (expires_at);

CREATE TABLE pending_requests (
    relay_hash    TEXT PRIMARY KEY,
    request_id    TEXT NOT NULL,
    attempt_id    TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    revision_id   TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    sign_in_id    TEXT NOT NULL,
    typed_email   TEXT NOT NULL,
    force_authn   BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL
);
CREATE INDEX pending_requests_expires ON pending_requests (expires_at);

CREATE TABLE verdicts (
    nonce_hash    TEXT PRIMARY KEY,
    attempt_id    TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    revision_id   TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    sign_in_id    TEXT NOT NULL,
    typed_email   TEXT NOT NULL,
    claims        TEXT NOT NULL, -- sealed
    return_url    TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL
);
CREATE INDEX verdicts_expires ON verdicts (expires_at);

CREATE TABLE used_assertions (
    connection_id TEXT NOT NULL,
    assertion_id  TEXT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (connection_id, assertion_id)
);
CREATE INDEX used_assertions_expires ON used_assertions (expires_at);

CREATE TABLE outbox (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL, -- "mail"
    payload    TEXT NOT NULL, -- sealed
    next_at    BIGINT NOT NULL,
    tries      BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX outbox_next ON outbox (next_at);

CREATE TABLE mailbox (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text_body  TEXT NOT NULL,
    html_body  TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE leases (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE rate_counters (
    name         TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    count        BIGINT NOT NULL,
    PRIMARY KEY (name, window_start)
);
CREATE INDEX rate_counters_window ON rate_counters (window_start);
