delete from signing_keys where purpose = 'identity';
alter table signing_keys drop column purpose;
