-- advance_sweep_mark: write, queue, since version 1
-- How far a sweep over time had come, first_in at least. Where mark_in is set, the sweep has come there now.
create or replace function advance_sweep_mark(name_in text, first_in timestamptz, mark_in timestamptz) returns timestamptz language plpgsql as $$
declare
  before timestamptz;
begin
  select greatest(s.mark, first_in) into before from sweep_mark s where s.name = name_in;
  if mark_in is not null then
    insert into sweep_mark as s (name, mark) values (name_in, mark_in)
    on conflict (name) do update set mark = greatest(s.mark, excluded.mark);
  end if;
  return coalesce(before, first_in);
end $$;
