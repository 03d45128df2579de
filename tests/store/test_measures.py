"""What waits, as those who watch count it: on both databases."""

from gateway.config import Settings
from gateway.store.measures import Measures, measures
from gateway.store.store import Store
from tests.processing import Desk, mail


def test_what_is_not_at_its_end_is_counted(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    with desk.reading() as c:
        assert measures(c) == Measures(0, None, 0, {}, {}, {}, {}, None)
    desk.take(mail("Jan <jan@x.test>", "One"))
    desk.take(mail("Jan <jan@x.test>", "Two"))  # the second acknowledgement of a day is suppressed
    with desk.reading() as c:
        assert measures(c) == Measures(0, None, 0, {"queued": 1}, {}, {}, {}, None)
