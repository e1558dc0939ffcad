alter table blob drop column store_id, drop column multipart_id;
