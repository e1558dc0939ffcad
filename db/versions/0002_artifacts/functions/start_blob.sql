-- start_blob: write, object, since version 2
-- Announces a piece of content before its first byte is written. What nobody holds after a day is swept away.
create or replace function start_blob(blob_id_in uuid, now_in timestamptz) returns void
language sql as $$
  insert into blob (blob_id, delete_after) values (blob_id_in, now_in + interval '1 day');
$$;
