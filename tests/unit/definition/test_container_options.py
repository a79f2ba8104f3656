"""How options of containers are read."""

from __future__ import annotations

import pytest

from engine.definition.container_options import (
    parse_cpus,
    parse_image,
    parse_memory,
    parse_volume,
    volume_texts,
    words,
)
from engine.definition.loading import load_text
from engine.definition.plan import CallSpec, DockerCall
from engine.definition.runtimes import runtimes_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512m", 512 * 1024**2),
        ("2G", 2 * 1024**3),
        ("1.5 GiB", 1536 * 1024**2),
        ("64MB", 64 * 1024**2),
        ("8192k", 8 * 1024**2),
        ("10485760", 10485760),
    ],
)
def test_memory_is_read_as_docker_does(text: str, size: int) -> None:
    """Units are powers of 1024, in any case, with or without `b`."""
    assert size == parse_memory(text)


@pytest.mark.parametrize("text", ["", "m", "12q", "-1g", "5m", "1e9", "0"])
def test_memory_that_docker_would_refuse(text: str) -> None:
    """What is no amount, or too little, is refused with a fix."""
    with pytest.raises(ValueError, match="; write"):
        parse_memory(text)


@pytest.mark.parametrize("name", ["alpine", "a.b/c-d_e:1.2", "LocalHost:5000/x:Tag", "x@sha256:" + "a" * 64, " x "])
def test_names_of_images(name: str) -> None:
    """Registry, path, tag and digest, as Docker reads them."""
    assert name.strip() == parse_image(name)


@pytest.mark.parametrize("name", ["", "Alpine", "a b", "a:", "-x", "a//b", "x:tag:tag"])
def test_what_is_no_image(name: str) -> None:
    """Capitals, blanks and doubled separators are refused."""
    with pytest.raises(ValueError, match="cannot be the name of an image"):
        parse_image(name)


@pytest.mark.parametrize("value", [0, -1, "x", "nan", True, 5000])
def test_what_is_no_number_of_processors(value: object) -> None:
    """Only a positive number is one."""
    with pytest.raises(ValueError, match="is no number of processors"):
        parse_cpus(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/data", "is no volume"),
        ("a:b:c:d", "is no volume"),
        (":/x", "is no volume"),
        ("./a:b", "`b` is no absolute path inside the container; write `./a:/b`"),
        ("./a:/b:r0", "`r0` is no mode of a volume; write `ro` or `rw`"),
    ],
)
def test_what_is_no_volume(text: str, said: str) -> None:
    """A volume has a source, an absolute target, and known modes."""
    with pytest.raises(ValueError, match=said):
        parse_volume(text)


def test_volumes_as_a_map() -> None:
    """A map says the target, or `bind` and `mode`."""
    assert ("./a:/b", "c:/d:ro", "e:/f") == volume_texts(
        {"./a": "/b", "c": {"bind": "/d", "mode": "ro"}, "e": {"bind": "/f"}}
    )
    with pytest.raises(ValueError, match="has no target"):
        volume_texts({"a": {"target": "/x"}})


def test_a_text_becomes_words_and_a_hole_stays_in_one() -> None:
    """A command as text is split as a shell would; blanks and quotes inside a hole split nothing."""
    assert ("sh", "-c", "echo a  b", "{{ x | default('a b') }}", "-{{ y }}-") == words(
        """sh -c "echo a  b" {{ x | default('a b') }} -{{ y }}-"""
    )
    with pytest.raises(ValueError, match="cannot be split into words"):
        words("echo 'a")


def test_a_docker_task_becomes_a_typed_call() -> None:
    """Every option has its place in the plan; the plan knows that it needs Docker."""
    plan = load_text(
        b"""
        tasks:
          loop:
            items: [1]
            loop_body:
            - {task_id: a, image: 'x:1', command: 'echo "a b"', entrypoint: [e], volumes: {./w: /w}, network: none,
               user: '7', cwd: /tmp, pull: never, memory: 64m, cpus: 0.5}
        """,
        "f.yaml",
    ).require()
    graph = plan.root.nodes[0].spec.body  # type: ignore[union-attr]  # a foreach

    assert isinstance(graph.nodes[0].spec, CallSpec)
    assert (
        DockerCall(
            image="x:1",
            command=("echo", "a b"),
            entrypoint=("e",),
            volumes=("./w:/w",),
            network="none",
            user="7",
            cwd="/tmp",
            pull="never",
            memory="64m",
            cpus=0.5,
        )
        == graph.nodes[0].spec.call
    )
    assert {"docker"} == runtimes_of(plan)
