-- What is pruned by its age is found by it.
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX mailbox_created ON mailbox (created_at);

-- An account outlives its connection: the provider that it was of is kept when the
-- connection is deleted. Empty while the connection stands.
ALTER TABLE enterprise_accounts ADD COLUMN provider TEXT NOT NULL DEFAULT '';
