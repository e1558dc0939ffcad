-- notify_denials: read, notify, since version 5
-- The deny list in order of kind and address, after the given entry, without what has expired.
create or replace function notify_denials(after_kind_in smallint, after_address_in text, page_size_in int, now_in timestamptz)
returns setof notify_denied language sql stable as $$
  select * from notify_denied d
  where (d.expires is null or d.expires > now_in)
    and (after_kind_in is null or (d.kind, d.address) > (after_kind_in, after_address_in))
  order by d.kind, d.address limit page_size_in
$$;
