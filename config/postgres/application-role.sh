#!/usr/bin/env bash
# Makes the database and the role of the edges, once, when Postgres starts for the first time.
#
# The role is no superuser and may not pass by row-level security. It owns its database, because the edges bring the
# schema up to date themselves; so that the policies bind the owner too, the tables say FORCE ROW LEVEL SECURITY.
# The password comes from the environment and is in no argument.
set -euo pipefail

[ -n "${PATCHBAY_DATABASE_PASSWORD:-}" ] || { echo "set PATCHBAY_DATABASE_PASSWORD" >&2; exit 1; }

psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'sql'
\getenv password PATCHBAY_DATABASE_PASSWORD
-- Neither the statement nor a part of it is for the log.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
CREATE ROLE patchbay LOGIN PASSWORD :'password'
    NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE DATABASE patchbay OWNER patchbay ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE patchbay FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
\connect patchbay
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO patchbay;
sql
