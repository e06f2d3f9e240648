-- What the roles of the hosts may do with the tables that are there; by deploy/accounts/postgres.sh, as contest_owner,
-- after each migration. Tables that a later release brings get their rights when this is run again.
BEGIN;
DO $$
DECLARE
    owned text;
BEGIN
    FOR owned IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, contest_api, contest_worker', owned);
        IF owned IN ('stagemark_migration', 'contest_migration') THEN
            -- What was migrated is looked at, not written.
            EXECUTE format('GRANT SELECT ON %I TO contest_api, contest_worker', owned);
        ELSIF owned = 'contest_session' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO contest_api', owned);
        ELSIF owned = 'contest_player' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO contest_api', owned);
            -- Whose video it is, and on which board: not by what word a player comes in.
            EXECUTE format('GRANT SELECT (id, created_at, role, name, name_key, city) ON %I TO contest_worker', owned);
        ELSIF owned LIKE 'stagemark\_%' OR owned LIKE 'contest\_%' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO contest_api, contest_worker', owned);
        END IF;
    END LOOP;
END
$$;
COMMIT;
