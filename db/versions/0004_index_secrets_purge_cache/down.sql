drop table cache_purge, secret, index_namespace, indexed_task;
