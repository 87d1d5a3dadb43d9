-- What an operator wants otherwise of the mails that Usher sends. What is empty is as
-- Usher has it.
CREATE TABLE mail_templates (
    slug          TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    text_body     TEXT NOT NULL,
    html_body     TEXT NOT NULL,
    from_name     TEXT NOT NULL,
    reply_to_name TEXT NOT NULL,
    withheld      BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

-- Events that hold mails go sooner than others: they are found by their age.
CREATE INDEX events_mail ON events (created_at) WHERE type = 'email.created';
