alter table api_credentials drop column test_only;
