-- The tables of Buildbot 0.8.2 that the bridge knows, for tests: a master makes its own.
create table sourcestamps (
    id integer primary key auto_increment,
    branch varchar(256) default null,
    revision varchar(256) default null,
    patchid integer default null,
    repository text not null default '',
    project text not null default ''
) engine = innodb;
create table buildsets (
    id integer primary key auto_increment,
    external_idstring varchar(256),
    reason varchar(256),
    sourcestampid integer not null,
    submitted_at integer not null,
    complete smallint not null default 0,
    complete_at integer,
    results smallint
) engine = innodb;
create table buildset_properties (
    buildsetid integer not null,
    property_name varchar(256) not null,
    property_value varchar(1024) not null,
    index (buildsetid)
) engine = innodb;
create table buildrequests (
    id integer primary key auto_increment,
    buildsetid integer not null,
    buildername varchar(256) not null,
    priority integer not null default 0,
    claimed_at integer default 0,
    claimed_by_name varchar(256) default null,
    claimed_by_incarnation varchar(256) default null,
    complete integer default 0,
    results smallint,
    submitted_at integer not null,
    complete_at integer,
    index (buildsetid),
    index (complete)
) engine = innodb;
create table builds (
    id integer primary key auto_increment,
    number integer not null,
    brid integer not null,
    start_time integer not null,
    finish_time integer,
    index (number),
    index (brid)
) engine = innodb;
