-- 0012_scale.sql at PostgreSQL.

CREATE FUNCTION usher_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rows BIGINT;
BEGIN
    SELECT count(*) INTO rows FROM changed;
    IF rows > 0 THEN
        INSERT INTO row_counts (name, n) VALUES (TG_TABLE_NAME, rows);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION usher_count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rows BIGINT;
BEGIN
    SELECT count(*) INTO rows FROM changed;
    IF rows > 0 THEN
        INSERT INTO row_counts (name, n) VALUES (TG_TABLE_NAME, -rows);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_count_insert AFTER INSERT ON users REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER users_count_delete AFTER DELETE ON users REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();
CREATE TRIGGER organizations_count_insert AFTER INSERT ON organizations REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER organizations_count_delete AFTER DELETE ON organizations REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();
CREATE TRIGGER memberships_count_insert AFTER INSERT ON memberships REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER memberships_count_delete AFTER DELETE ON memberships REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();
CREATE TRIGGER enterprise_connections_count_insert AFTER INSERT ON enterprise_connections REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER enterprise_connections_count_delete AFTER DELETE ON enterprise_connections REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();
CREATE TRIGGER organization_domains_count_insert AFTER INSERT ON organization_domains REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER organization_domains_count_delete AFTER DELETE ON organization_domains REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();
CREATE TRIGGER organization_invitations_count_insert AFTER INSERT ON organization_invitations REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER organization_invitations_count_delete AFTER DELETE ON organization_invitations REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();
CREATE TRIGGER attempts_count_insert AFTER INSERT ON attempts REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_inserted();
CREATE TRIGGER attempts_count_delete AFTER DELETE ON attempts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION usher_count_deleted();

-- Parts of texts: every three characters that follow each other. Ours, because the
-- extension that knows them (pg_trgm) may not be there. The cost keeps the server
-- from working them out for row after row instead of using the index.
CREATE FUNCTION usher_grams(body TEXT) RETURNS TEXT[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
DECLARE
    grams TEXT[] := '{}';
BEGIN
    FOR i IN 1 .. length(body) - 2 LOOP
        grams := grams || substr(body, i, 3);
    END LOOP;
    RETURN grams;
END
$$;

-- What is new waits in a list of its own that every search reads: kept short.
CREATE INDEX organizations_grams ON organizations
    USING gin (usher_grams(lower(name) || chr(10) || lower(COALESCE(slug, '')))) WITH (gin_pending_list_limit = 256);
CREATE INDEX users_grams ON users
    USING gin (usher_grams(lower(first_name || ' ' || last_name) || chr(10) || lower(COALESCE(username, '')))) WITH (gin_pending_list_limit = 256);
CREATE INDEX email_addresses_grams ON email_addresses
    USING gin (usher_grams(lower(address))) WITH (gin_pending_list_limit = 256);
