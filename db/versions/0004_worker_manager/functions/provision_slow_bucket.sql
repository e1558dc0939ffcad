-- provision_slow_bucket: write, provisioner, since version 4
-- A provider asks for fewer calls: the bucket is empty, and is refilled at half the rate. provision_tokens lets it recover.
create or replace function provision_slow_bucket(name_in text, now_in timestamptz) returns void language sql as $$
  update rate_bucket b set tokens = least(b.tokens, 0), rate = greatest(b.rate / 2, 0.01), refilled = greatest(b.refilled, now_in)
  where b.name = name_in
$$;
