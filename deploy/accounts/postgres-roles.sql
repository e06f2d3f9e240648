-- The database of the contest and who may come to it; by deploy/accounts/postgres.sh, as the superuser.
--
-- contest_owner  owns the tables and migrates them; no host runs as it
-- contest_api    reads and writes rows
-- contest_worker the same, but for sessions and passwords
-- contest_backup reads all, for pg_dump
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', name)
FROM unnest(ARRAY['contest_owner', 'contest_api', 'contest_worker', 'contest_backup']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- What a password is should not end up in the log of statements.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
ALTER ROLE contest_owner PASSWORD :'owner_password' CONNECTION LIMIT 10;
ALTER ROLE contest_api PASSWORD :'api_password' CONNECTION LIMIT 100;
ALTER ROLE contest_worker PASSWORD :'worker_password' CONNECTION LIMIT 200;
ALTER ROLE contest_backup PASSWORD :'backup_password' CONNECTION LIMIT 3;
RESET log_statement;
RESET log_min_error_statement;

-- A transaction that a host forgot holds locks no longer than this.
ALTER ROLE contest_api SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE contest_worker SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE contest_backup SET default_transaction_read_only = on;
GRANT pg_read_all_data TO contest_backup;

SELECT 'CREATE DATABASE contest OWNER contest_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'contest') \gexec
REVOKE ALL ON DATABASE contest FROM PUBLIC;
GRANT CONNECT ON DATABASE contest TO contest_api, contest_worker, contest_backup;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

\connect contest
ALTER SCHEMA public OWNER TO contest_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO contest_api, contest_worker, contest_backup;
