drop table outbox, revocations, signing_keys, base_permissions, slugs, user_versions, user_credentials, users, settings;
