"""Names and documentation in the target's convention."""

from __future__ import annotations

import pytest
from foundation_engine.port.emit._names import go_doc, ruby_module


@pytest.mark.parametrize(
    ("name", "doc", "made"),
    [
        ("Open", "Open the file.", "Open opens the file."),
        ("Names", "Return the names.", "Names returns the names."),
        ("Overdue", "Open amounts by country.", "Overdue: open amounts by country."),
        ("Invoice", "An invoice of a customer.", "Invoice is an invoice of a customer."),
        (
            "GatewayError",
            "The gateway answered with an error.",
            "GatewayError: the gateway answered with an error.",
        ),
        ("Package billing", "Billing: invoices.", "Package billing: invoices."),
        ("Known", "Whether a key is known.", "Known reports whether a key is known."),
        (
            "Load",
            "Read a list and keep its rows; return the rest.",
            "Load reads a list and keeps its rows; returns the rest.",
        ),
        ("Sum", "Return sum and count.", "Sum returns sum and count."),
        ("Late", "True when it differs.", "Late reports whether it differs."),
        ("Refused", "The bank refuses the card.", "Refused: the bank refuses the card."),
        ("Empty", "True when nothing is left.", "Empty reports whether nothing is left."),
    ],
)
def test_go_documentation_begins_with_the_name_and_is_a_sentence(name: str, doc: str, made: str) -> None:
    assert go_doc(name, doc) == made


def test_ruby_modules_have_no_name_of_rubys_own() -> None:
    assert ruby_module("order_math") == "OrderMath"
    assert ruby_module("queue") == "QueueModule"
    assert ruby_module("json") == "Json"
    assert ruby_module("client", ["Client", "Order"]) == "ClientModule"
