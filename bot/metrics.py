"""What the house counts of itself, for /metrics. No label ever holds anything about a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

BATCH = Histogram("palabre_batch_seconds", "Duration of one batch of incoming messages", registry=REGISTRY)
HEARD = Counter("palabre_messages_heard", "Messages handled", registry=REGISTRY)
SET_ASIDE = Counter("palabre_messages_set_aside", "Messages whose flow raised", registry=REGISTRY)
SENT = Counter("palabre_deliveries_sent", "Deliveries sent", ["channel"], registry=REGISTRY)
FAILED = Counter("palabre_deliveries_failed", "Deliveries that could not be sent", ["channel"], registry=REGISTRY)
BLOCKED = Counter(
    "palabre_deliveries_blocked", "Deliveries to people who have shut their door", ["channel"], registry=REGISTRY
)
UNCERTAIN = Counter(
    "palabre_deliveries_uncertain", "Sends of which nobody knows whether they arrived", ["channel"], registry=REGISTRY
)
OUTBOX_WAIT = Histogram(
    "palabre_outbox_wait_seconds",
    "From the commit to the channel",
    ["channel", "kind"],
    registry=REGISTRY,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
WAITING = Gauge("palabre_deliveries_waiting", "Deliveries waiting", ["channel", "kind"], registry=REGISTRY)
PAUSED = Counter(
    "palabre_lane_paused_seconds", "For how long platforms asked us to send nothing", ["channel"], registry=REGISTRY
)
DEAD = Gauge("palabre_dead_letters", "Messages given up, waiting for an organiser", registry=REGISTRY)
FORGED = Counter("palabre_webhooks_forged", "Posts to a webhook without its secret, refused unread", registry=REGISTRY)
