-- The least that a host of Stagemark needs in PostgreSQL. Run it as the owner of the tables, after they were made (by
-- opening the database once as that owner), in the schema that they lie in; then give the role a password:
--   ALTER ROLE stagemark_worker PASSWORD '...';
-- Run it again after an upgrade that makes new tables.
DO $$
BEGIN
    CREATE ROLE stagemark_worker LOGIN;
EXCEPTION WHEN duplicate_object THEN
    NULL;
END
$$;

DO $$
DECLARE
    owned text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO stagemark_worker', current_schema());
    FOR owned IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE 'stagemark\_%'
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO stagemark_worker', owned);
    END LOOP;
    -- What was migrated is looked at, not written.
    REVOKE INSERT, UPDATE, DELETE ON stagemark_migration FROM stagemark_worker;
END
$$;
