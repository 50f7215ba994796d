from sandbox.limits import Limits


def test_a_window_slides():
    limits = Limits()
    assert [limits.spend("a", "polls", 2, 60, now) for now in (0, 30, 59, 60, 61, 90)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_accounts_and_kinds_do_not_share():
    limits = Limits()
    assert limits.spend("a", "polls", 1, 60, 0)
    assert limits.spend("b", "polls", 1, 60, 0)
    assert limits.spend("a", "calls", 1, 60, 0)


def test_nought_is_no_limit():
    limits = Limits()
    assert all(limits.spend("a", "polls", 0, 60, 0) for _ in range(1000))


def test_a_clock_set_back_frees_the_window():
    limits = Limits()
    assert limits.spend("a", "polls", 1, 60, 1000)
    assert limits.spend("a", "polls", 1, 60, 10)
