-- 0012_scale.sql at SQLite.

CREATE TRIGGER users_count_insert AFTER INSERT ON users BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'users';
END;
CREATE TRIGGER users_count_delete AFTER DELETE ON users BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'users';
END;
CREATE TRIGGER organizations_count_insert AFTER INSERT ON organizations BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'organizations';
END;
CREATE TRIGGER organizations_count_delete AFTER DELETE ON organizations BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'organizations';
END;
CREATE TRIGGER memberships_count_insert AFTER INSERT ON memberships BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'memberships';
END;
CREATE TRIGGER memberships_count_delete AFTER DELETE ON memberships BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'memberships';
END;
CREATE TRIGGER enterprise_connections_count_insert AFTER INSERT ON enterprise_connections BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'enterprise_connections';
END;
CREATE TRIGGER enterprise_connections_count_delete AFTER DELETE ON enterprise_connections BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'enterprise_connections';
END;
CREATE TRIGGER organization_domains_count_insert AFTER INSERT ON organization_domains BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'organization_domains';
END;
CREATE TRIGGER organization_domains_count_delete AFTER DELETE ON organization_domains BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'organization_domains';
END;
CREATE TRIGGER organization_invitations_count_insert AFTER INSERT ON organization_invitations BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'organization_invitations';
END;
CREATE TRIGGER organization_invitations_count_delete AFTER DELETE ON organization_invitations BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'organization_invitations';
END;
CREATE TRIGGER attempts_count_insert AFTER INSERT ON attempts BEGIN
    UPDATE row_counts SET n = n + 1 WHERE name = 'attempts';
END;
CREATE TRIGGER attempts_count_delete AFTER DELETE ON attempts BEGIN
    UPDATE row_counts SET n = n - 1 WHERE name = 'attempts';
END;

-- Parts of texts: every three characters that follow each other, in lower case as
-- lists compare them. The index knows rows by number: a row's own may change when
-- the file is compacted, so each table has numbers of its own.
CREATE TABLE organization_texts (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE user_texts (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE address_texts (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL);
CREATE VIRTUAL TABLE organization_grams USING fts5 (body, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE user_grams USING fts5 (body, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE address_grams USING fts5 (body, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');

INSERT INTO organization_texts (id) SELECT id FROM organizations;
INSERT INTO organization_grams (rowid, body) SELECT t.n, lower(o.name) || char(10) || lower(COALESCE(o.slug, '')) FROM organizations o JOIN organization_texts t ON t.id = o.id;
CREATE TRIGGER organizations_text_insert AFTER INSERT ON organizations BEGIN
    INSERT INTO organization_texts (id) VALUES (NEW.id);
    INSERT INTO organization_grams (rowid, body) SELECT n, lower(NEW.name) || char(10) || lower(COALESCE(NEW.slug, '')) FROM organization_texts WHERE id = NEW.id;
END;
CREATE TRIGGER organizations_text_update AFTER UPDATE OF name, slug ON organizations
WHEN OLD.name <> NEW.name OR OLD.slug IS NOT NEW.slug BEGIN
    DELETE FROM organization_grams WHERE rowid = (SELECT n FROM organization_texts WHERE id = OLD.id);
    INSERT INTO organization_grams (rowid, body) SELECT n, lower(NEW.name) || char(10) || lower(COALESCE(NEW.slug, '')) FROM organization_texts WHERE id = NEW.id;
END;
CREATE TRIGGER organizations_text_delete AFTER DELETE ON organizations BEGIN
    DELETE FROM organization_grams WHERE rowid = (SELECT n FROM organization_texts WHERE id = OLD.id);
    DELETE FROM organization_texts WHERE id = OLD.id;
END;

INSERT INTO user_texts (id) SELECT id FROM users;
INSERT INTO user_grams (rowid, body) SELECT t.n, lower(o.first_name || ' ' || o.last_name) || char(10) || lower(COALESCE(o.username, '')) FROM users o JOIN user_texts t ON t.id = o.id;
CREATE TRIGGER users_text_insert AFTER INSERT ON users BEGIN
    INSERT INTO user_texts (id) VALUES (NEW.id);
    INSERT INTO user_grams (rowid, body) SELECT n, lower(NEW.first_name || ' ' || NEW.last_name) || char(10) || lower(COALESCE(NEW.username, '')) FROM user_texts WHERE id = NEW.id;
END;
CREATE TRIGGER users_text_update AFTER UPDATE OF first_name, last_name, username ON users
WHEN OLD.first_name <> NEW.first_name OR OLD.last_name <> NEW.last_name OR OLD.username IS NOT NEW.username BEGIN
    DELETE FROM user_grams WHERE rowid = (SELECT n FROM user_texts WHERE id = OLD.id);
    INSERT INTO user_grams (rowid, body) SELECT n, lower(NEW.first_name || ' ' || NEW.last_name) || char(10) || lower(COALESCE(NEW.username, '')) FROM user_texts WHERE id = NEW.id;
END;
CREATE TRIGGER users_text_delete AFTER DELETE ON users BEGIN
    DELETE FROM user_grams WHERE rowid = (SELECT n FROM user_texts WHERE id = OLD.id);
    DELETE FROM user_texts WHERE id = OLD.id;
END;

INSERT INTO address_texts (id, user_id) SELECT id, user_id FROM email_addresses;
INSERT INTO address_grams (rowid, body) SELECT t.n, lower(o.address) FROM email_addresses o JOIN address_texts t ON t.id = o.id;
CREATE TRIGGER email_addresses_text_insert AFTER INSERT ON email_addresses BEGIN
    INSERT INTO address_texts (id, user_id) VALUES (NEW.id, NEW.user_id);
    INSERT INTO address_grams (rowid, body) SELECT n, lower(NEW.address) FROM address_texts WHERE id = NEW.id;
END;
CREATE TRIGGER email_addresses_text_update AFTER UPDATE OF address ON email_addresses
WHEN OLD.address <> NEW.address BEGIN
    DELETE FROM address_grams WHERE rowid = (SELECT n FROM address_texts WHERE id = OLD.id);
    INSERT INTO address_grams (rowid, body) SELECT n, lower(NEW.address) FROM address_texts WHERE id = NEW.id;
END;
CREATE TRIGGER email_addresses_text_delete AFTER DELETE ON email_addresses BEGIN
    DELETE FROM address_grams WHERE rowid = (SELECT n FROM address_texts WHERE id = OLD.id);
    DELETE FROM address_texts WHERE id = OLD.id;
END;
