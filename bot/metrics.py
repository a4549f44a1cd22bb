"""What the house counts of itself, for /metrics. No label ever holds anything about a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

BATCH = Histogram("palabre_batch_seconds", "Duration of one batch of incoming messages", registry=REGISTRY)
HEARD = Counter("palabre_messages_heard", "Messages handled", registry=REGISTRY)
SET_ASIDE = Counter("palabre_messages_set_aside", "Messages whose flow raised", registry=REGISTRY)
SENT = Counter("palabre_deliveries_sent", "Deliveries sent", ["channel"], registry=REGISTRY)
FAILED = Counter("palabre_deliveries_failed", "Deliveries that could not be sent", ["channel"], registry=REGISTRY)
OUTBOX_WAIT = Histogram("palabre_outbox_wait_seconds", "From the commit to the channel", registry=REGISTRY)
DEAD = Gauge("palabre_dead_letters", "Messages given up, waiting for an organiser", registry=REGISTRY)
FORGED = Counter("palabre_webhooks_forged", "Posts to a webhook without its secret, refused unread", registry=REGISTRY)
