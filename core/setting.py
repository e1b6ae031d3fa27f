"""The table of plain settings: each with its name, type, default, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table: dotted name, type, default, and what it is for. `secret` never shows its value."""

    name: str
    kind: type
    default: Any
    about: str
    secret: bool = False

    @property
    def variable(self) -> str:
        return "TICKBIRD_" + self.name.replace(".", "_").upper()

    @property
    def attribute(self) -> str:
        return self.name.replace(".", "_")


TABLE = (
    Setting("host", str, "127.0.0.1", "the address to listen on"),
    Setting("port", int, 3000, "the port of the dashboard; 0 takes a free one"),
    Setting("base_path", str, "/admin/queues", "where the pages live"),
    Setting("hosts", list, (), "host names that are answered; empty: any, or loopback's names while there is no login"),
    Setting("read_only", bool, False, "refuse every action"),
    Setting("insecure_no_auth", bool, False, "allow a public address without a login"),
    Setting("user", str, "", "the name of the one user who may log in"),
    Setting("password_hash", str, "", "that user's password, as `tickbird hash-password` prints it", secret=True),
    Setting("allow", list, (), 'dangerous actions that are off otherwise: "edit" (a job\'s data), "obliterate"'),
    Setting("public_url", str, "", "where people find this Tickbird, such as https://queues.example.com"),
    Setting("session_hours", int, 12, "how long a login lasts"),
    Setting("oidc.issuer", str, "", "an OpenID provider that knows people, such as https://id.example.com"),
    Setting("oidc.client_id", str, "", "what Tickbird is called there"),
    Setting("oidc.client_secret", str, "", "its secret there; empty for a public client", secret=True),
    Setting("oidc.button", str, "", "what stands on the button of the login page"),
    Setting("oidc.scopes", str, "openid profile email", "what is asked for, as the provider calls it"),
    Setting("oidc.name_claim", str, "email", "the claim that is somebody's name here"),
    Setting("oidc.groups_claim", str, "groups", "the claim that tells their groups; dots lead into objects"),
    Setting("oidc.groups", list, (), 'whose role that makes, as "group=role"; the first that fits counts'),
    Setting("oidc.role", str, "", "the role of whom the provider knows and no group fits; empty: refused"),
    Setting("oidc.internal", bool, False, "the provider may have an internal address, and may speak plain http"),
    Setting("oidc.ca", str, "", "a file with who signed the provider's certificate, if not a public authority"),
    Setting("metrics.access", str, "login", '"login": like the pages; "open": anyone may scrape the dashboard\'s port'),
    Setting("metrics.token", str, "", "a bearer token that may scrape /metrics on the dashboard's port", secret=True),
    Setting("exporter.host", str, "127.0.0.1", "the address of `tickbird exporter`"),
    Setting("exporter.port", int, 9809, "the port of `tickbird exporter`; 0 takes a free one"),
    Setting("exporter.shard", int, 0, "which of several exporters that share the queues this one is, from 0"),
    Setting("exporter.total_shards", int, 1, "how many exporters share the queues"),
    Setting("metrics.job_names", int, 50, "how many job names of a queue are told apart; further ones are `__other__`"),
    Setting("metrics.job_times", list, (), "patterns of queues whose wait and run times are kept for each job name"),
    Setting("dead_letter", list, (), "patterns of queues in which a job means that something was given up"),
    Setting("limits.requests", int, 3000, "requests that one person or token may make a minute; 0: any number"),
    Setting("limits.heavy", int, 600, "of these, so many that cost much: lists, searches, exports, flows, previews …"),
    Setting("limits.heavy_at_once", int, 12, "so many of those at once; 0: any number"),
    Setting("limits.tabs", int, 100, "open tabs of one person that are told what changes; the others ask"),
    Setting("limits.feeds", int, 10, "streams of events that one person or token may have open; 0: any number"),
    Setting("state_url", str, "", "a Redis that keeps what Tickbird itself remembers; empty: memory", secret=True),
    Setting("audit.webhook", str, "", "a URL that every line of the audit log is sent to", secret=True),
    Setting("audit.webhook_secret", str, "", "what signs those lines, 16 characters or more", secret=True),
    Setting("audit.webhook_internal", bool, False, "allow audit.webhook to lie in an internal network"),
    Setting("audit.webhook_ca", str, "", "the file of who signed its certificate, if not a public authority"),
    Setting("log_format", str, "text", '"text" or "json"'),
)
