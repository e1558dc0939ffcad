drop table bridge_run, bridge_request, bridge_master;
