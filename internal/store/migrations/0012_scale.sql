-- What keeps lists quick however much there is: how many rows the large tables
-- have, without counting them, and indexes of what lists are ordered and narrowed
-- by. What differs between the engines is in the file of this number and name
-- that is named for the engine: the triggers, and the index of parts of texts.

-- The sum of n over a table's rows here is how many rows the table has. On
-- PostgreSQL each change adds a row, so that no two wait for each other, and the
-- rows are added up from time to time; SQLite has one writer and one row.
CREATE TABLE row_counts (
    name TEXT NOT NULL, -- of the table
    n    BIGINT NOT NULL
);
CREATE INDEX row_counts_name ON row_counts (name, n);
INSERT INTO row_counts (name, n) SELECT 'users', count(*) FROM users;
INSERT INTO row_counts (name, n) SELECT 'organizations', count(*) FROM organizations;
INSERT INTO row_counts (name, n) SELECT 'memberships', count(*) FROM memberships;
INSERT INTO row_counts (name, n) SELECT 'enterprise_connections', count(*) FROM enterprise_connections;
INSERT INTO row_counts (name, n) SELECT 'organization_domains', count(*) FROM organization_domains;
INSERT INTO row_counts (name, n) SELECT 'organization_invitations', count(*) FROM organization_invitations;
INSERT INTO row_counts (name, n) SELECT 'attempts', count(*) FROM attempts;

CREATE INDEX organizations_name ON organizations (name, id);
CREATE INDEX memberships_all ON memberships (created_at, id);
CREATE INDEX users_banned ON users (created_at, id) WHERE banned;

-- Most attempts are complete; who asks for others is not to read past them.
CREATE INDEX attempts_unfinished ON attempts (state, started_at, id) WHERE state <> 'complete';
CREATE INDEX attempts_code ON attempts (code, started_at, id) WHERE code <> '';
