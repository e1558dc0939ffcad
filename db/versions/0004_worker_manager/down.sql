drop table worker_pool, launch_config, pool_worker, worker_pool_error, launch, provision_decision, offering,
  circuit_breaker, rate_bucket, identity_key;
