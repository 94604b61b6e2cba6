drop table versions, api_credential_secrets, api_credentials, memberships, permissions, roles, organizations;
