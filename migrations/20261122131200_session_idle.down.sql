alter table sessions drop column longest_idle_seconds;
