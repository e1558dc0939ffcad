-- provision_tokens: write, provisioner, since version 4
-- Refills rate buckets and locks them until the transaction ends, in the order of their names, as everybody locks them. A bucket
-- begins full. A rate that was halved recovers within five minutes.
create or replace function provision_tokens(
  names_in text[], rates_in double precision[], bursts_in double precision[], now_in timestamptz
) returns table (name text, tokens double precision) language sql as $$
  insert into rate_bucket as b (name, tokens, rate, refilled)
  select u.name, u.burst, u.rate, now_in from unnest(names_in, rates_in, bursts_in) u(name, rate, burst) order by u.name
  on conflict (name) do update set
    tokens = least((select u.burst from unnest(names_in, bursts_in) u(name, burst) where u.name = b.name),
      b.tokens + b.rate * greatest(0, extract(epoch from excluded.refilled - b.refilled))),
    rate = least(excluded.rate, b.rate + excluded.rate * greatest(0, extract(epoch from excluded.refilled - b.refilled)) / 300),
    refilled = greatest(b.refilled, excluded.refilled)
  returning b.name, b.tokens
$$;
