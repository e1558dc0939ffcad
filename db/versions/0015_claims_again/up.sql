-- Version 15: a claim whose answer is lost more than once goes to its worker again each time.

-- When the claim was last given out again; null: never, or only the first answer is on its way.
alter table claim add column given_again timestamptz;
