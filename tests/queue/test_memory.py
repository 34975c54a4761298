"""What a job costs the broker's memory."""

from typing import Any

from brokers import settings_for, valkey_server
from queue_words import T0
from report_queue.job import NewJob
from report_queue.queue import Queue
from report_queue.request import random_job_id
from report_queue.wiring import broker


def test_a_waiting_job_takes_at_most_300_bytes() -> None:
    """400 are promised. A record that keeps what its job does not have yet, or one more index, would be seen here."""
    number, tenants = 20_000, ("acme", "a-customer-with-a-long-name")
    jobs = [
        NewJob(random_job_id(T0 + position, position.to_bytes(10)), tenants[position % 2], "inventory", T0 + position)
        for position in range(number)
    ]
    assert {len(job.id) for job in jobs} == {26}
    with valkey_server() as url:  # its own: nobody else's memory counts
        settings = settings_for(url)
        client: Any = broker(settings)
        queue = Queue(client, settings)
        queue.enqueue(*jobs[:1])
        before = client.info("memory")["used_memory"]
        queue.enqueue(*jobs[1:])
        assert (client.info("memory")["used_memory"] - before) / number <= 300
