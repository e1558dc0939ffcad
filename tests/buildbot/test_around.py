"""Masters behind TLS, metrics, and how long things take."""
import statistics
from datetime import datetime

import pytest
from around import Authority, TlsFront
from master import wait_for


def test_a_master_with_a_private_authority_is_one_like_others(drover, master):
    task_id = drover.build("result", master="over-tls")
    assert drover.ended(task_id) == "completed"
    assert len(master.requests_of(task_id)) == 1
    # Its events come the same way.
    assert 'connected to the events of the master master="over-tls"' in drover.log.read_text()


@pytest.mark.parametrize("authority, name, words", [
    ("private-authority", "127.0.0.1", None),
    ("another-authority", "127.0.0.1", "invalid peer certificate: UnknownIssuer"),
    ("private-authority", "buildbot.example.com", "invalid peer certificate: certificate not valid for name"),
    ("nowhere", None, "cannot be read as PEM"),
])
def test_only_the_right_master_is_trusted(drover, master, tmp_path, authority, name, words):
    """`authority` is the one in the settings; the master's own is always the same."""
    file = tmp_path / f"{authority}.pem"
    if authority == "private-authority":
        file = drover.authority.file
    elif name:
        file = Authority(tmp_path, authority).file
    url = TlsFront(master.url, drover.authority, name).url if name else "https://127.0.0.1:1/"
    settings = tmp_path / "drover.toml"
    settings.write_text(f'[[bridge.masters]]\nname = "there"\nurl = "{url}"\nca_file = "{file}"\nuser = "drover"\n'
                        'password = "drover-secret"\n')
    code, out, err = drover.run("bridge", "builders", "--config", settings)
    assert (code == 0) == (words is None), (out, err)
    assert words is None or words in err, err


def test_metrics_show_the_state_of_masters(drover):
    collector = drover.collector
    wait_for("the master that is down", lambda: collector.of("drover.bridge.master.up", master="down") == 0, 20)
    wait_for("the one that is up", lambda: collector.of("drover.bridge.master.up", master="main") == 1, 20)
    task_id = drover.build("waiting")
    wait_for("an open request", lambda: collector.of("drover.bridge.requests.open", master="main", state="created"), 20)
    drover.queue.cancelTask(task_id)


@pytest.mark.timeout(180)
def test_how_long_the_bridge_itself_takes(drover, master):
    """In turn, so that what is measured is the bridge and not the queue of the master. Bars: README of the bridge."""
    asked, reported = [], []
    for _ in range(12):
        task_id = drover.build("result")
        assert drover.ended(task_id) == "completed"
        (run,) = drover.status(task_id)["runs"]
        (build,) = master.builds_of(task_id)
        asked.append(master.moment(f"force {task_id}/0") - when(run["scheduled"]))
        reported.append(when(run["resolved"]) - master.moment(f"finished {build['buildid']}"))
    for what, seconds in (("pending, asked for at the master", asked), ("build finished, task resolved", reported)):
        middle, most = statistics.median(seconds), sorted(seconds)[-2]
        print(f"\n{what}: p50 {middle * 1000:.0f} ms, p95 {most * 1000:.0f} ms")
        # A machine under load is slow, but not as slow as a bridge that waits for its sweeps.
        assert middle < 1.5, seconds


def when(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
