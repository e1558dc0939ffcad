alter table claim drop column given_again;
