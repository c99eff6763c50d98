"""What is dear is done again soon after news and seldom without, never all the time."""

from spanledger_collector.turns import SHARE, Turns


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def taken(turns: Turns, clock: Clock, news: bool, took_s: float = 0.0) -> bool:
    """Take a turn of so many seconds if it is due; tell whether it was."""
    if not turns.begins(news):
        return False
    clock.now_s += took_s
    turns.ended()
    return True


def test_the_first_turn_is_due_at_once():
    clock = Clock()
    assert taken(Turns(5, 60, clock), clock, news=False)


def test_after_news_the_next_turn_comes_soon_and_without_any_late():
    clock = Clock()
    turns = Turns(5, 60, clock)
    found = []
    for second in range(120):
        clock.now_s = 1000.0 + second
        if taken(turns, clock, news=second == 1):
            found.append(second)
    assert found == [0, 5, 65]


def test_news_between_two_turns_is_remembered():
    clock = Clock()
    turns = Turns(5, 60, clock)
    assert taken(turns, clock, news=True)
    clock.now_s += 1
    assert not taken(turns, clock, news=True)
    clock.now_s += 4
    assert taken(turns, clock, news=False)


def test_what_took_long_once_comes_as_often_as_before():
    clock = Clock()
    turns = Turns(5, 60, clock)
    assert taken(turns, clock, news=True, took_s=10)
    clock.now_s += 5
    assert taken(turns, clock, news=True)


def test_what_takes_long_again_comes_less_often():
    clock = Clock()
    turns = Turns(5, 60, clock)
    assert taken(turns, clock, news=True, took_s=10)
    clock.now_s += 5
    assert taken(turns, clock, news=True, took_s=10)
    clock.now_s += SHARE * 10 - 1
    assert not taken(turns, clock, news=True)
    clock.now_s += 1
    assert taken(turns, clock, news=True)
