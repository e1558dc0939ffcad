"""The settings of the example for PostgreSQL, compared with a PostgreSQL."""
import yaml

from conftest import ROOT


def test_postgresql_takes_the_settings_of_the_example(psql):
    cluster = yaml.safe_load((ROOT / "deploy/helm/examples/postgresql.yaml").read_text())
    parameters = cluster["spec"]["postgresql"]["parameters"]
    assert parameters["autovacuum_naptime"] == "5s" and int(parameters["max_connections"]) >= 300
    for name, value in parameters.items():
        psql(f"alter system set {name} = '{value}'")
        psql(f"alter system reset {name}")
