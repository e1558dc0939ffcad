-- start_content: write, object, since version 1
-- Records a piece of content before its first byte is written to the named store. It is deleted after a day unless referenced.
create or replace function start_content(blob_id_in uuid, store_id_in text, now_in timestamptz) returns void
language sql as $$
  insert into blob (blob_id, store_id, delete_after) values (blob_id_in, store_id_in, now_in + interval '1 day');
$$;
