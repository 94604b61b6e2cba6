-- An organization may ask for a shorter idle time than the installation. Each visit ends an idle time, so that the longest
-- since the person last proved themself is what counts: else a visit to any page would mend it.
alter table sessions add column longest_idle_seconds integer not null default 0;
comment on column sessions.longest_idle_seconds is 'Longest time without use since authenticated_at.';
