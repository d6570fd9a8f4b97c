-- SPDX-License-Identifier: MIT
--
-- Two roles for the schema that `aiaudit ship --to postgresql://...` writes. Run it as the owner of the schema, once,
-- after `aiaudit collect prepare --to ...`; it needs the right to make roles:
--
--     psql "$OWNER_URL" -v ON_ERROR_STOP=1 -f roles.sql
--     psql "$OWNER_URL" -c "create role gateway_7 login password '...' in role aiaudit_writer"
--     psql "$OWNER_URL" -c "create role finance login password '...' in role aiaudit_reader"
--
-- A writer adds rows and moves the cursor of a log. It changes and removes no row, and reads none. A reader reads the views.
-- Neither makes tables: the owner makes partitions ahead (`aiaudit collect prepare`, once a year); rows of a month without
-- one lie in aiaudit.record_rest.

create role aiaudit_writer nologin;
create role aiaudit_reader nologin;

revoke all on all tables in schema aiaudit from public;
grant usage on schema aiaudit to aiaudit_writer, aiaudit_reader;
grant select on aiaudit.migration to aiaudit_writer, aiaudit_reader;

grant insert on aiaudit.record to aiaudit_writer;
grant insert on aiaudit.checkpoint to aiaudit_writer;
grant select, insert on aiaudit.log to aiaudit_writer;
grant update (size, root, first, checkpoint, log_size, oldest_ns, newest_ns, noted_at, updated_at)
  on aiaudit.log to aiaudit_writer;

grant select on aiaudit.records, aiaudit.logs, aiaudit.checkpoints,
  aiaudit.spend_by_day, aiaudit.spend_by_model, aiaudit.spend_by_user, aiaudit.spend_by_project,
  aiaudit.spend_by_key, aiaudit.spend_by_provider, aiaudit.spend_by_status
  to aiaudit_reader;
