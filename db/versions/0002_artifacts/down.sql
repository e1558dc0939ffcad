drop table signing_key;
drop table artifact;
drop table object;
drop table blob;
