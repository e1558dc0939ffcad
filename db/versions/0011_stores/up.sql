-- Content may lie in different stores: each piece says in which one, and what its store has to be told to drop a half
-- written piece.

-- store_id: where the content was written. multipart_id: the upload that an S3 store holds open, or held open once.
alter table blob add column store_id text not null default 'local', add column multipart_id text;
