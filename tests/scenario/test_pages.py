"""What docs/ tells to type in works."""

import json
import os
import re
import shlex
import subprocess
from urllib.parse import urlsplit

import needs
from gateway import BUILD, free_port

PAGE = needs.TOP / "docs" / "no-tenant-yet.md"
SDK_PAGE = needs.TOP / "docs" / "coming-from-the-sdk.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "---- block ----"


def blocks():
    """[(commands, lines that their output holds)]"""
    found = []
    for kind, text in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            found.append((text, []))
        else:
            found[-1][1].extend(text.splitlines())
    return found


def run(script, folder):
    """What it printed, block by block; nothing that it started is left."""
    shell = subprocess.Popen(["bash", "-m", "-c", script], cwd=folder, start_new_session=True, text=True,
                             env={"PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": str(folder)},
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        return shell.communicate(timeout=100)[0].split(MARK)
    finally:
        subprocess.run(["pkill", "-KILL", "-s", str(shell.pid)])


def test_the_simulators_page_can_be_typed_in(tmp_path):
    """As it is written but for the ports and where programs are."""
    page = blocks()
    script = f"\necho '{MARK}'\n".join(commands for commands, _ in page)
    for port in ("8080", "8081"):
        script = script.replace(port, str(free_port()))
    printed = run(script, tmp_path)
    assert len(printed) == len(page)
    for (commands, expected), output in zip(page, printed):
        missing = [line for line in expected if line not in output]
        assert not missing, f"{commands}\nprinted\n{output}\nand not\n{missing}"


def operation_of(curl):
    """The method and path of a command line, and its query's names."""
    words = shlex.split(curl)[1:]
    method = "PUT" if "-T" in words else "POST" if "-d" in words else "GET"
    if "-X" in words:
        method = words[words.index("-X") + 1]
    url = urlsplit("http://" + next(word for word in words if word.startswith("localhost:8080")))
    names = [pair.partition("=")[0] for pair in url.query.split("&") if pair]
    return method.lower(), url.path, names


def test_the_routes_beside_the_sdks_methods_exist():
    printed = subprocess.run([str(BUILD / "csparkd"), "--openapi"], capture_output=True, check=True).stdout
    paths = json.loads(printed)["paths"]
    commands = re.findall(r"`(curl [^`]+)` \|$", SDK_PAGE.read_text(), re.MULTILINE)
    assert len(commands) > 30
    for command in commands:
        method, path, names = operation_of(command)
        found = [item[method] for pattern, item in paths.items() if method in item
                 and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path)]
        assert found, command
        known = {parameter.get("name") for parameter in found[0]["parameters"]} | {"foldername"}
        assert set(names) <= known, command
