-- expire_objects: write, object, since version 1
-- Deletes expired objects and uploads, and releases their content. How many.
create or replace function expire_objects(limit_in integer, now_in timestamptz) returns integer
language plpgsql as $$
declare
  gone integer;
begin
  with due as (
    select object.name from object
    where object.expires < now_in or (object.finished is null and object.upload_expires < now_in)
    order by object.name limit limit_in for update skip locked
  ), dropped as (
    delete from object using due where object.name = due.name returning object.blob_id
  ), given_up as (
    update blob set delete_after = now_in from dropped where blob.blob_id = dropped.blob_id
  )
  select count(*) into gone from dropped;
  return gone;
end
$$;
