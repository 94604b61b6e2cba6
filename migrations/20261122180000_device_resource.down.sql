alter table device_codes drop column resource;
