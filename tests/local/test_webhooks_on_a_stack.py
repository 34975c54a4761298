"""A receiver on this machine is told by the running stack, and its own library takes the signature."""

from standardwebhooks.webhooks import Webhook

from receivers import receiver
from report_queue.reports import report_types


def test_a_receiver_is_told_of_a_ping_of_a_report_and_of_it_again_by_hand(real):
    with receiver() as there:
        made = real.ask("POST", "/api/v1/webhooks", json={"url": there.url}).json()["data"]
        path, takes = f"/api/v1/webhooks/{made['webhookId']}", Webhook(made["secret"])
        try:
            assert real.ask("POST", f"{path}/test").json()["success"]
            ping = there.next()
            assert takes.verify(ping.body, ping.headers)["type"] == "webhook.ping"
            job = real.submit("test", report_types()["test"].sample)
            told = there.next()  # the receipt's event, and neither a minute nor a call of ours, brings it
            assert takes.verify(told.body, told.headers)["data"]["jobId"] == job
            message = told.headers["webhook-id"]
            assert real.ask("POST", f"{path}/deliveries/{message}/redeliver").json()["success"]
            assert there.next().headers["webhook-id"] == message
        finally:
            assert real.ask("DELETE", path).status_code == 200
    left = [*real.objects("due/"), *real.objects("untold/")]  # the samples' webhooks have their own
    assert [key for key in left if made["webhookId"] in key or job in key] == []
