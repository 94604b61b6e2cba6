-- What a profile opens counts for each seat that has it: who holds rights of such a seat in memory must hear of a change. The
-- organization is told once, not each of its people.
create trigger membership_profiles_tell after update of access_scope on membership_profiles
  for each row when (new.access_scope <> old.access_scope) execute function tell_access_changed();
