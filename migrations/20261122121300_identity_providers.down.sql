drop table identity_providers;
