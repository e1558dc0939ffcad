"""Several processes of the role `notify`, and their sudden ends."""
import uuid

import pytest
import taskcluster

from conftest import dev, sender, wait


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def notify(folder, database):
    """Of an installation whose only mail servers are those of the other processes."""
    process, client = dev(folder, database, {})
    yield taskcluster.Notify(client)
    process.stop()


def addresses(number):
    return [f"{uuid.uuid4().hex[:12]}@example.com" for _ in range(number)]


def send(notify, to):
    notify.email({"address": to, "subject": "s", "content": "c"})


def test_two_processes_share_the_work_and_send_each_mail_once(notify, database, folder, mailbox):
    boxes = addresses(100)
    senders = [sender(folder, database, mailbox, f"drover-{number}") for number in range(2)]
    for to in boxes:
        send(notify, to)
    wait(lambda: all(mailbox.to(to) for to in boxes))
    wait(lambda: database.query("select count(*) from drover.notify_outbox where state = drover.notification_state_pending()") == [[0]])
    for process in senders:
        process.stop()
    assert [len(mailbox.to(to)) for to in boxes] == [1] * 100
    assert {user for to in boxes for user in mailbox.users[to]} == {"drover-0", "drover-1"}


@pytest.mark.parametrize("stage,mails", [("recipient", 1), ("content", 2)])
def test_a_process_that_is_killed_loses_no_mail(notify, database, folder, mailbox, stage, mails):
    """After the content nobody knows whether the mail was taken: it comes twice, with one `Message-ID`."""
    (to, *others) = addresses(20)
    mailbox.held[to] = stage
    first = sender(folder, database, mailbox, "drover-killed")
    for box in [to, *others]:
        send(notify, box)
    wait(lambda: mailbox.held[to] == "held")
    first.kill()
    second = sender(folder, database, mailbox, "drover-second")
    # No need to wait until the lease ends by itself.
    database.query("update drover.notify_outbox set leased_until = created where leased_until is not null")
    wait(lambda: len(mailbox.to(to)) == mails)
    wait(lambda: all(mailbox.to(box) for box in others))
    [row] = wait(lambda: [row for row in database.listed(to) if row["state"] == "sent"])
    second.stop()
    assert row["attempts"] == 2 and mailbox.users[to][-1] == "drover-second"
    assert {mail["message-id"] for mail in mailbox.to(to)} == {f"<{row['id']}@ci.example>"}
    assert len(mailbox.to(to)) == mails and all(1 <= len(mailbox.to(box)) <= 2 for box in others)
