"""The people, customers and places that appear in the company's jobs. All of them are made up."""

from __future__ import annotations

from random import Random

FIRST = ("Ada", "Bruno", "Chioma", "Dmitri", "Élodie", "Fatima", "Grace", "Hiro", "Inés", "Jonas", "Kavya", "Lars")
LAST = ("Andersson", "Baptiste", "Chen", "Dubois", "Eze", "Fischer", "García", "Haddad", "Ito", "Jensen", "Kowalska")
CUSTOMERS = (
    "Nordwind Logistik",
    "Acme Robotics",
    "Bright Books",
    "Café Lumière",
    "Delta Dental",
    "Evergreen Farms",
    "Fjord Shipping",
    "Gelato & Söhne",
    "Harbour Legal",
    "Ibis Travel",
    "Juniper Health",
    "Kestrel Energy",
)
COUNTRIES = ("DE", "FR", "GB", "NG", "JP", "US", "BR", "IN", "SE", "PL")


def person(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def address(rng: Random) -> str:
    """An email address under a domain that exists for examples only."""
    first, last = rng.choice(FIRST), rng.choice(LAST)
    plain = f"{first}.{last}".lower().translate(str.maketrans("éáíñ", "eain"))
    return f"{plain}@{rng.choice(('mail', 'post', 'inbox', 'work'))}.example"


def customer(rng: Random) -> dict[str, str]:
    name = rng.choice(CUSTOMERS)
    return {"id": f"cus_{CUSTOMERS.index(name) + 1041}", "name": name}


def token(rng: Random, length: int = 12) -> str:
    """A made-up identifier of lower-case letters and digits."""
    return "".join(rng.choices("abcdefghijkmnpqrstuvwxyz23456789", k=length))
