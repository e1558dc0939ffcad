-- notify_allow: write, notify, since version 5
-- Takes an address off the deny list. Safe to repeat.
create or replace function notify_allow(kind_in smallint, address_in text) returns void language sql as $$
  delete from notify_denied where kind = kind_in and address = address_in
$$;
