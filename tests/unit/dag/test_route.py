"""Channels: which net runs on which track."""

from highway_tui.dag.route import Net, Trunk, route_channel


def net(tops: tuple[int, ...], bottoms: tuple[int, ...]) -> Net:
    """Where it leaves, where it arrives."""
    return Net(tops, bottoms)


def test_a_straight_net_needs_no_track() -> None:
    """It runs down in its own column."""
    assert ([None], 0) == route_channel([net((4,), (4,))])


def test_nets_that_lie_apart_share_a_track() -> None:
    """One row of lines is enough."""
    trunks, tracks = route_channel([net((0,), (5,)), net((10,), (15,))])

    assert (1, [Trunk(0), Trunk(0)]) == (tracks, trunks)


def test_nets_that_touch_do_not_share_a_track() -> None:
    """Two lines end to end would read as one."""
    assert 2 == route_channel([net((0,), (5,)), net((6,), (9,))])[1]


def test_a_net_that_leaves_where_another_arrives_lies_above_it() -> None:
    """Else their upright lines would run into each other."""
    trunks, _ = route_channel([net((0,), (5,)), net((5,), (9,))])

    assert trunks[0] is not None
    assert trunks[1] is not None
    assert trunks[1].track < trunks[0].track


def test_a_circle_of_demands_splits_one_net() -> None:
    """Two nets that change columns: each would have to lie above the other, so one takes two tracks."""
    trunks, tracks = route_channel([net((0,), (5,)), net((5,), (0,))])

    split = [trunk for trunk in trunks if trunk is not None and trunk.jog is not None]
    assert 3 == tracks
    assert 1 == len(split)
    assert split[0].jog not in {0, 5}
    assert split[0].track < split[0].second


def test_every_split_net_goes_down_in_a_column_of_its_own() -> None:
    """Even if every column between is taken."""
    count = 12
    nets = [net((place,), ((place + 1) % count,)) for place in range(count)]
    nets += [net((count + place,), (count + (place + 1) % count,)) for place in range(count)]

    trunks, _ = route_channel(nets)

    jogs = [trunk.jog for trunk in trunks if trunk is not None and trunk.jog is not None]
    assert len(jogs) >= 2
    assert len(set(jogs)) == len(jogs)
    assert all(not 0 <= jog < 2 * count for jog in jogs)


def test_neighbours_that_run_the_same_way_do_not_cross() -> None:
    """Of lines to the right the rightmost lies highest, of lines to the left the leftmost."""
    to_right, _ = route_channel([net((0,), (10,)), net((4,), (14,))])
    to_left, _ = route_channel([net((10,), (0,)), net((14,), (4,))])

    assert [Trunk(1), Trunk(0)] == to_right
    assert [Trunk(0), Trunk(1)] == to_left
