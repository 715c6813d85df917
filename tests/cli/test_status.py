"""`sst status` for people."""

from sst_dev.cli.status import left_out


def test_what_is_not_preloaded_is_named_once_with_its_reason() -> None:
    """Modules of one package and one reason are one name on one line; functions without any say nothing."""
    workers = {
        "Api": {"zygote": {"left_out": {"gevent": "breaks", "gevent.hub": "breaks", "t": "threads"}}},
        "Other": {"zygote": {"left_out": {}}},
        "Cold": {"zygote": None},
    }

    assert left_out(workers) == [
        "! Api: not preloaded: gevent (breaks)",
        "! Api: not preloaded: t (threads)",
    ]
