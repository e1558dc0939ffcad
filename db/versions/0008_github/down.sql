-- The older version knows nothing of GitHub.
drop table github_sender;
drop table github_report;
drop table github_build;
drop table github_delivery;
drop table github_installation;
