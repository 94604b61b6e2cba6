alter table authorization_codes drop column redirect_uri_sent;
