-- An address that is composed reads the same: nothing is taken back.
select 1;
