-- Drafts of connections, where each revision comes from, and test runs.

ALTER TABLE connection_revisions ADD COLUMN cause TEXT NOT NULL DEFAULT ''; -- empty: from before this was kept
ALTER TABLE connection_revisions ADD COLUMN restored_from TEXT NOT NULL DEFAULT '';
ALTER TABLE connection_revisions ADD COLUMN actor_kind TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE connection_revisions ADD COLUMN actor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE connection_revisions ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE connection_revisions ADD COLUMN proved_by TEXT NOT NULL DEFAULT ''; -- the newest test run that ended well
ALTER TABLE connection_revisions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX connection_revisions_issuer ON connection_revisions (issuer);

-- A draft has the id of the revision that it becomes; each edit gives it another.
CREATE TABLE connection_drafts (
    connection_id    TEXT PRIMARY KEY REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    revision_id      TEXT NOT NULL UNIQUE,
    base_revision_id TEXT NOT NULL,
    config           TEXT NOT NULL,
    proved_by        TEXT NOT NULL,
    proved_at        BIGINT NOT NULL,
    created_by_kind  TEXT NOT NULL,
    created_by_id    TEXT NOT NULL,
    updated_by_kind  TEXT NOT NULL,
    updated_by_id    TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);

CREATE TABLE test_runs (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES enterprise_connections (id) ON DELETE CASCADE,
    revision_id   TEXT NOT NULL,
    draft         BOOLEAN NOT NULL,
    state         TEXT NOT NULL, -- one under way has failed after expires_at
    attempt_id    TEXT NOT NULL, -- empty: the link was not opened
    ticket_hash   TEXT NOT NULL UNIQUE,
    browser_hash  TEXT NOT NULL,
    token_hash    TEXT NOT NULL,
    seen          TEXT NOT NULL, -- sealed; empty: nothing came
    actor_kind    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    expires_at    BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    finished_at   BIGINT NOT NULL
);
CREATE INDEX test_runs_connection ON test_runs (connection_id, created_at, id);
CREATE INDEX test_runs_created ON test_runs (created_at); -- for pruning

-- A request is one for a sign-in or one for a test run, from its making on.
ALTER TABLE pending_requests ADD COLUMN test_run_id TEXT NOT NULL DEFAULT '';
