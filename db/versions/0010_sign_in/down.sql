-- Undoes version 10. People whom an identity provider signed in have to sign in again; clients that were made stay as they are.
drop table derived_client, third_party_grant;
delete from session s where s.roles is not null;
alter table session drop column roles;
