-- An application that a seat for the test mode only has made gives no more access than that seat: nobody mints a credential
-- stronger than themselves.
alter table api_credentials add column test_only boolean not null default false;
