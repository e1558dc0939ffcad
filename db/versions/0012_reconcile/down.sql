alter table worker drop column capacity;
