-- Undoes version 7. Everybody has to sign in again.
drop table sign_in_link, session;
