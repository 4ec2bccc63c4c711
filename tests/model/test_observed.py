"""A node's containers, held against a plain dict of them."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Container, Containers, Phase

containers = st.builds(
    lambda number, task, phase: Container(
        f"id{number}",
        f"c{number}",
        "local",
        AttemptKey(InstanceKey(task, 0), 1, 1),
        "w",
        "s",
        phase,
    ),
    st.integers(0, 4),
    st.sampled_from("ab"),
    st.sampled_from(Phase),
)
steps = st.lists(containers | st.integers(0, 4).map(lambda number: f"id{number}"))


@given(steps)
def test_they_are_as_in_a_plain_dict_and_grouped_by_task(moves: list[Container | str]) -> None:
    shown, plain = Containers(), dict[str, Container]()
    for move in moves:
        if isinstance(move, str):
            shown.drop(move)
            plain.pop(move, None)
        else:
            shown.put(move)
            plain[move.id] = move
    assert shown == plain
    assert set(shown.tasks()) == {c.key.task for c in plain.values()}
    for task in "ab":
        of = {c.id: c for c in shown.of(task)}
        assert of == {i: c for i, c in plain.items() if c.key.task == task}
    assert shown.live == sum(c.live for c in plain.values())
    assert Containers(plain.values()) == plain
