-- notify_deny: write, notify, since version 5
-- Puts an address on the deny list, for good. A repeat changes nothing; an entry that would have expired stays.
create or replace function notify_deny(kind_in smallint, address_in text, destination_in text, now_in timestamptz)
returns void language sql as $$
  insert into notify_denied as d (kind, address, destination, created) values (kind_in, address_in, destination_in, now_in)
  on conflict (kind, address) do update set expires = null, reason = null where d.expires is not null
$$;
