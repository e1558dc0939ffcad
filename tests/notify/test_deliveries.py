"""Notifications arrive at real servers, as the PyPI client sends them and as routes of tasks ask for them."""
import datetime
import statistics
import time
import uuid

import pytest
import taskcluster

from conftest import wait


def address():
    return f"{uuid.uuid4().hex[:12]}@example.com"


def mail(to, **more):
    return {"address": to, "subject": "héllo", "content": "**bold** <b>x</b>", **more}


def test_a_mail_arrives_once_with_text_and_html(notify, mailbox):
    to = address()
    for _ in range(2):
        notify.email(mail(to, link={"text": "See", "href": "https://example.com/x"}, replyTo="me@example.com"))
    [got] = wait(lambda: mailbox.to(to))
    assert (got["subject"], got["to"], got["from"]) == ("héllo", to, "drover@ci.example")
    assert (got["reply-to"], got["auto-submitted"]) == ("me@example.com", "auto-generated")
    assert got["message-id"].endswith("@ci.example>")
    lines = got.get_body(("plain",)).get_content().splitlines()
    assert lines == ["**bold** <b>x</b>", "", "See: https://example.com/x"]
    html = got.get_body(("html",)).get_content()
    assert "<strong>bold</strong> &lt;b&gt;x&lt;/b&gt;" in html and 'href="https://example.com/x"' in html


def test_an_address_outside_of_ascii_is_reached(notify, mailbox):
    to = f"jörg.{uuid.uuid4().hex[:8]}@bücher.example"
    try:
        notify.email(mail(to))
    except taskcluster.exceptions.TaskclusterRestFailure as refused:
        assert refused.status_code == 400
    else:
        assert wait(lambda: [box for box, _, _ in mailbox.mails if box.startswith(to.split("@")[0])])


@pytest.mark.parametrize("field", ["subject", "replyTo", "address"])
def test_no_field_begins_another_header(notify, mailbox, field):
    bad = {field: "a@example.com\r\nBcc: victim@example.com"}
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as refused:
        notify.email(mail(address(), **{key: value for key, value in bad.items()}) | bad)
    assert refused.value.status_code == 400
    assert not mailbox.to("victim@example.com")


def test_a_mail_that_is_refused_for_now_arrives_later_and_others_do_not_wait(notify, mailbox):
    to, other = address(), address()
    mailbox.answers[to] = ["451 greylisted", ""]
    notify.email(mail(to))
    wait(lambda: mailbox.attempts.count(to) == 1)
    notify.email(mail(other))
    wait(lambda: mailbox.to(other))
    wait(lambda: len(mailbox.to(to)) == 1)
    assert mailbox.attempts.count(to) == 2


def test_an_address_that_refuses_for_good_is_denied_after_three_mails(notify, mailbox):
    to = address()
    mailbox.answers[to] = ["550 no such user"]
    for number in range(3):
        notify.email(mail(to, subject=f"{number}"))
        wait(lambda: mailbox.attempts.count(to) == number + 1)

    def denied():
        try:
            notify.email(mail(to, subject=uuid.uuid4().hex))
        except taskcluster.exceptions.TaskclusterRestFailure as refused:
            return refused.body["code"] == "DenylistedAddress"
    wait(denied)
    listed = notify.listDenylist()["addresses"]
    assert {"notificationType": "email", "notificationAddress": to} in listed


def test_a_message_arrives_in_a_room_once(notify, matrix):
    room = matrix.room()
    for _ in range(2):
        notify.matrix({"roomId": room, "body": "b", "format": "org.matrix.custom.html", "formattedBody": "<b>b</b>"})
    [got] = wait(lambda: matrix.messages(room))
    assert (got["body"], got["formatted_body"], got["msgtype"]) == ("b", "<b>b</b>", "m.notice")


def test_a_room_that_was_not_joined_holds_up_no_other(notify, matrix, database):
    closed, room = matrix.room(joined=False), matrix.room()
    notify.matrix({"roomId": closed, "body": "b"})
    notify.matrix({"roomId": room, "body": "b"})
    wait(lambda: matrix.messages(room))
    [refused] = wait(lambda: [row for row in database.listed(closed) if row["state"] == "failed"])
    assert refused["reason"].startswith("403 M_FORBIDDEN") and not matrix.messages(closed)


def test_a_homeserver_that_limits_the_rate_gets_all_messages_once_and_in_order(notify, matrix, database):
    room, bodies = matrix.room(), [f"{number}" for number in range(14)]
    for body in bodies:
        notify.matrix({"roomId": room, "body": body})
    wait(lambda: [row for row in database.listed(room) if (row["reason"] or "").startswith("429 M_LIMIT_EXCEEDED")])
    wait(lambda: len(matrix.messages(room)) == len(bodies))
    assert [message["body"] for message in matrix.messages(room)] == bodies


def resolved_task(queue, routes, extra, end):
    now = datetime.datetime.now(datetime.timezone.utc)
    task_id, pool = taskcluster.slugId(), f"tests/p{uuid.uuid4().hex[:12]}"
    queue.createTask(task_id, {
        "taskQueueId": pool, "created": taskcluster.stringDate(now), "deadline": taskcluster.fromNowJSON("1 hour"),
        "payload": {}, "routes": routes, "extra": extra,
        "metadata": {"name": "a task", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
    })
    queue.claimWork(pool, {"workerGroup": "g", "workerId": "w", "tasks": 1})
    begun = time.time()
    getattr(queue, end)(task_id, "0")
    return task_id, begun


def test_a_route_sends_a_mail_and_a_message_with_the_texts_of_the_task(queue, mailbox, matrix):
    to, room = address(), matrix.room()
    routes = [f"notify.email.{to}.on-failed", f"notify.email.{to}.on-completed", f"notify.matrix-room.{room}.on-any"]
    texts = {"notify": {"email": {"subject": "${task.metadata.name} ${status.state}"}, "matrixBody": {"$eval": "nothing"}}}
    task_id, _ = resolved_task(queue, routes, texts, "reportFailed")
    [got] = wait(lambda: mailbox.to(to))
    assert got["subject"] == "a task failed"
    [message] = wait(lambda: matrix.messages(room))
    assert task_id in message["body"] and "cannot be used" in message["body"]


def test_the_time_from_event_to_mail(queue, mailbox):
    took = []
    for _ in range(10):
        to = address()
        _, begun = resolved_task(queue, [f"notify.email.{to}.on-completed"], {}, "reportCompleted")
        wait(lambda: mailbox.to(to))
        took.append(next(at for box, _, at in mailbox.mails if box == to) - begun)
    print(f"event to mail: p50 {statistics.median(took) * 1000:.0f} ms, max {max(took) * 1000:.0f} ms")
    assert statistics.median(took) < 2
