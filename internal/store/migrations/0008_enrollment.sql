-- People whom a domain of an organization lets in by themselves.

-- Who was offered membership by a domain, or has left the organization: nobody is
-- offered it twice.
CREATE TABLE enrollments (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    domain_id       TEXT NOT NULL, -- that the offer came by; empty: the person has left
    offer_id        TEXT NOT NULL, -- the invitation or the suggestion; empty likewise
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX enrollments_user ON enrollments (user_id);
CREATE INDEX enrollments_domain ON enrollments (domain_id, offer_id);

CREATE TABLE organization_suggestions (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    domain_id       TEXT NOT NULL, -- that it came by
    status          TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    UNIQUE (organization_id, user_id)
);
CREATE INDEX organization_suggestions_user ON organization_suggestions (user_id, created_at, id);
CREATE INDEX organization_suggestions_domain ON organization_suggestions (domain_id, status);

CREATE TABLE membership_requests (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    suggestion_id   TEXT NOT NULL, -- that the person accepted
    status          TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
-- A person waits for one answer of an organization at a time.
CREATE UNIQUE INDEX membership_requests_pending ON membership_requests (organization_id, user_id) WHERE status = 'pending';
CREATE INDEX membership_requests_org ON membership_requests (organization_id, created_at, id);
CREATE INDEX membership_requests_user ON membership_requests (user_id);
