"""Mission files with damage, as bad disks, hand editing and ill will do it; every case follows from its number."""

import io
import json
import random
import re
import zipfile
import zlib

TOKENS = [
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "inf",
        "1e999",
        "-1e308",
        "9" * 400,
        "1" * 5000,
        "-0",
        "0",
        "-1",
        "1e-320",
    ),
    *(
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '"x"',
        "4294967296",
        "65536",
        "200",
        "-200",
        "0x10",
        "1,5",
        "\0",
        "\u202e",
        "坞",
    ),
    *("<a>", "</kml>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "]]>", "../../x", "\n", "\t", ",", "QGC WPL 110", "#"),
]
VALUES = [
    *(None, True, False, [], {}, "", "16", "x" * 300, 0, -1, 2**31, 10**400, 1.5, 1e308, -1e308),
    *([[]], [None], [1, 2], [1, 2, 3, 4], {"type": "ComplexItem"}, "ComplexItem", "SimpleItem", 180.5, 91.0),
]
NUMBER = re.compile(r"-?\d+\.?\d*")


def damaged(suffix, content, number):
    """Return a file's content with one to three kinds of damage."""
    chance = random.Random(number)
    for _ in range(chance.randint(1, 3)):
        content = _once(suffix, content, chance)
    return content


def _once(suffix, content, chance):
    if suffix == ".kmz" and content[:2] == b"PK" and chance.random() < 0.8:
        return _in_archive(content, chance)
    if content[:1] == b"{" and chance.random() < 0.5:
        try:
            return _in_json(content, chance)
        except (ValueError, RecursionError):
            pass
    return _in_text(content, chance)


def _in_text(content, chance):
    text = content.decode("utf-8", "surrogateescape")
    one, other = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    piece = text[one : min(other, one + 2000)]
    lines = text.splitlines(keepends=True)
    chance.shuffle(lines)
    kinds = {
        "flip": lambda: _flipped(text, chance),
        "cut": lambda: text[:other],
        "drop": lambda: text[:one] + text[min(other, one + chance.choice((1, 20, 2000))) :],
        "double": lambda: text[:one] + piece * chance.randint(2, 4) + text[one:],
        "insert": lambda: text[:one] + chance.choice(TOKENS) + text[one:],
        "lines": lambda: "".join(lines),
        "number": lambda: _in_numbers(text, "number", chance),
        "swap": lambda: _in_numbers(text, "swap", chance),
    }
    return kinds[chance.choice([*kinds, "number"])]().encode("utf-8", "surrogateescape")


def _flipped(text, chance):
    raw = bytearray(text.encode("utf-8", "surrogateescape"))
    for _ in range(chance.randint(1, 8) if raw else 0):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return raw.decode("utf-8", "surrogateescape")


def _in_numbers(text, kind, chance):
    found = list(NUMBER.finditer(text))
    if len(found) < 2:
        return text
    one, other = sorted(chance.sample(range(len(found)), 2))
    first, second = found[one], found[other]
    if kind == "number":
        return text[: first.start()] + chance.choice(TOKENS) + text[first.end() :]
    between = text[first.end() : second.start()]
    return text[: first.start()] + second[0] + between + first[0] + text[second.end() :]


def _in_json(content, chance):
    document = json.loads(content)
    node, path = document, []
    while isinstance(node, dict | list) and node:
        key = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        path.append((node, key))
        node = node[key]
    node, key = chance.choice(path) if path else (document, None)
    if key is not None:
        if chance.random() < 0.3:
            del node[key]
        else:
            node[key] = chance.choice(VALUES)
    return json.dumps(document).encode()


def _in_archive(content, chance):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
        return content
    if not members:
        return content
    name = chance.choice(sorted(members))
    kind = chance.random()
    if kind < 0.75:
        members[name] = _once(".kml", members[name], chance)
    elif kind < 0.85:
        del members[name]
    else:
        members[chance.choice(("../x", "/etc/x", "wpmz/x", "doc.kml", "a/wpmz/waylines.wpml", "C:x"))] = members.pop(
            name
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, inside in members.items():
            archive.writestr(one, inside)
    return packed.getvalue()
