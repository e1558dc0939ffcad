-- Version 12: what should be is compared with what is, and claims whose answers were lost are found.

-- The most tasks a worker ever asked for at once, as far as it was seen: what it asks for beyond that, it does not know it has.
alter table worker add column capacity smallint not null default 0;
