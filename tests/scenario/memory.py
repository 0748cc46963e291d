"""What a core of a running process would have in it."""

import re
from pathlib import Path

RANGE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$")


def mappings(pid):
    """(start, end, name, set of flags) of each mapping that is written to."""
    found = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        match = RANGE.match(line)
        if match:
            where = int(match[1], 16), int(match[2], 16), match[4], match[3]
        elif line.startswith("VmFlags:") and "w" in where[3]:
            found.append((*where[:3], set(line.split()[1:])))
    return found


def places_of(pid, secret, flags=frozenset()):
    """The names of the mappings with a copy of <secret>, a name for each copy; without those that have one of <flags>."""
    places = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name, has in mappings(pid):
            if has & set(flags):
                continue
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except OSError:  # unmapped meanwhile
                continue
            places += [f"{name or 'anonymous'} {start:x} +{at.start():x}: {data[max(0, at.start() - 40):at.start() + 60]}"
                       for at in re.finditer(re.escape(secret), data)]
    return places
