-- What is read of many attempts at once: "is it us or them", and what an answer
-- is judged by again.

ALTER TABLE attempts ADD COLUMN issued_at BIGINT NOT NULL DEFAULT 0;     -- by the provider's clock, when it made its answer; 0: not known
ALTER TABLE attempts ADD COLUMN seen TEXT NOT NULL DEFAULT '[]';         -- the names of the attributes that came
ALTER TABLE attempts ADD COLUMN provider_part BIGINT NOT NULL DEFAULT 0; -- a bucket of identity.Bucket: until the answer came; 0: none came
ALTER TABLE attempts ADD COLUMN own_part BIGINT NOT NULL DEFAULT 0;      -- a bucket: from then on; 0: not over

-- All that is counted of attempts stands in the index.
CREATE INDEX attempts_facts ON attempts (connection_id, state, started_at, kind, code, provider_part, own_part, issued_at, returned_at);

-- What a kept message answered, to judge it again.
ALTER TABLE evidence ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
ALTER TABLE evidence ADD COLUMN requested_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE evidence ADD COLUMN force_authn BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE evidence ADD COLUMN received_at BIGINT NOT NULL DEFAULT 0; -- 0: kept by a release that did not note it
ALTER TABLE evidence ADD COLUMN relay TEXT NOT NULL DEFAULT '';

-- Attempts of whole hours, counted once they change no more. The connection '' is
-- all of them.
CREATE TABLE attempt_hours (
    connection_id TEXT NOT NULL,
    hour          BIGINT NOT NULL, -- its beginning, in milliseconds
    state         TEXT NOT NULL,
    code          TEXT NOT NULL,
    number        BIGINT NOT NULL,
    dated         BIGINT NOT NULL, -- of them, those with a time of issue
    drift_sum     BIGINT NOT NULL, -- milliseconds by which the provider's clock was ahead
    drift_least   BIGINT NOT NULL,
    drift_most    BIGINT NOT NULL,
    PRIMARY KEY (connection_id, hour, state, code)
);
CREATE INDEX attempt_hours_hour ON attempt_hours (hour);

CREATE TABLE attempt_hour_times (
    connection_id TEXT NOT NULL,
    hour          BIGINT NOT NULL,
    part          TEXT NOT NULL, -- 'provider' or 'own'
    bucket        BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    PRIMARY KEY (connection_id, hour, part, bucket)
);
CREATE INDEX attempt_hour_times_hour ON attempt_hour_times (hour);

-- How far that counting came.
CREATE TABLE attempt_counting (
    id    TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);
