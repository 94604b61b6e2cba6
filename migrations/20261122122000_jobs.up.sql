-- Background work: any number of instances, one run. A row is a job's turn; whoever moves it has it.
create table jobs (
  name text not null,
  next_run_at timestamptz(3) not null default clock_timestamp(),
  locked_until timestamptz(3),
  locked_by text,
  failures integer not null default 0,
  last_started_at timestamptz(3),
  last_finished_at timestamptz(3),
  last_error text,
  constraint jobs_pkey primary key (name)
);
comment on table jobs is 'When each background job is due, and which instance runs it until when. last_error is the name of the last failure, not its text.';
grant select, insert, update on jobs to gatehouse_auth;

-- What the jobs look for.
create index outbox_sent_at_idx on outbox (sent_at) where sent_at is not null;
create index outbox_dead_at_idx on outbox (dead_at) where dead_at is not null;
create index memberships_invitation_expires_at_idx on memberships (invitation_expires_at)
  where status = 'pending' and invitation_status = 'pending';

-- A job changes rows of tenants as gatehouse_auth and tells it in their history; it may add to a history and not read it.
create policy auth on versions for insert to gatehouse_auth with check (true);
grant insert on versions to gatehouse_auth;
