-- Events and where they are delivered; the audit log.

CREATE TABLE webhook_endpoints (
    id               TEXT PRIMARY KEY,
    url              TEXT NOT NULL,
    description      TEXT NOT NULL,
    types            TEXT NOT NULL, -- []: all
    contacts         TEXT NOT NULL,
    disabled_at      BIGINT NOT NULL,
    disabled_because TEXT NOT NULL,
    secret           TEXT NOT NULL, -- sealed
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);

-- Apart from its endpoint: who records an event reads all endpoints, and must not
-- be in the way of who delivers.
CREATE TABLE webhook_health (
    endpoint_id     TEXT PRIMARY KEY REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    holder          TEXT NOT NULL, -- the node that delivers
    leased_until    BIGINT NOT NULL,
    failures        BIGINT NOT NULL,
    failing_since   BIGINT NOT NULL,
    rest_until      BIGINT NOT NULL,
    last_success_at BIGINT NOT NULL,
    last_failure_at BIGINT NOT NULL
);

-- How many events there have been of one thing: their order.
CREATE TABLE event_order (
    subject    TEXT PRIMARY KEY,
    position   BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX event_order_updated ON event_order (updated_at); -- for pruning

CREATE TABLE events (
    id         TEXT PRIMARY KEY,
    type       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    position   BIGINT NOT NULL,
    user_id    TEXT NOT NULL,
    data       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX events_created ON events (created_at, id);
CREATE INDEX events_user ON events (user_id) WHERE user_id <> '';

CREATE TABLE webhook_deliveries (
    id          TEXT PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id    TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    type        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    position    BIGINT NOT NULL,
    sort        BIGINT NOT NULL,
    status      TEXT NOT NULL,
    tries       BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    UNIQUE (event_id, endpoint_id)
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, sort, id) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_subject ON webhook_deliveries (endpoint_id, subject, position) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (endpoint_id, created_at, id);

CREATE TABLE webhook_tries (
    delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    took_ms     BIGINT NOT NULL,
    code        BIGINT NOT NULL,
    failure     TEXT NOT NULL,
    answer      TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

-- Append-only. A line is written with the change that it tells of; its place in
-- the chain is filled in after the commit.
CREATE TABLE audit_log (
    id              TEXT PRIMARY KEY,
    at              BIGINT NOT NULL,
    actor_kind      TEXT NOT NULL,
    actor_id        TEXT NOT NULL,
    address         TEXT NOT NULL,
    trace_id        TEXT NOT NULL,
    action          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    detail          TEXT NOT NULL,
    mac             TEXT NOT NULL,
    position        BIGINT UNIQUE, -- NULL: not chained yet
    chain           TEXT NOT NULL
);
CREATE INDEX audit_log_unchained ON audit_log (at, id) WHERE position IS NULL;
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, at);
CREATE INDEX audit_log_subject ON audit_log (subject, at);
CREATE INDEX audit_log_organization ON audit_log (organization_id, at);

-- The end of the chain.
CREATE TABLE audit_head (
    id       TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    chain    TEXT NOT NULL,
    mac      TEXT NOT NULL
);
