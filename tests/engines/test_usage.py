from reconciler.engines.docker.usage import read
from reconciler.model.observed import Usage


def test_what_the_kernel_would_drop_is_not_counted() -> None:
    cpu = {"cpu_usage": {"total_usage": 1_500_000_000}}
    memory = {"usage": 1000, "max_usage": 9000, "stats": {"total_inactive_file": 400}}
    assert read({"cpu_stats": cpu, "memory_stats": memory}) == Usage(1.5, 600)
    newer = {"usage": 1000, "stats": {"inactive_file": 300}}
    assert read({"cpu_stats": cpu, "memory_stats": newer}) == Usage(1.5, 700)


def test_an_answer_without_numbers_tells_nothing() -> None:
    assert read({"read": "0001-01-01T00:00:00Z", "cpu_stats": {}, "memory_stats": {}}) is None
    assert read({}) is None
    assert read({"memory_stats": {"usage": 10}}) == Usage(0.0, 10)
