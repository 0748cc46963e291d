"""What csparkctl completes, in the real bash and zsh."""

import shutil
import subprocess

import pytest
from test_csparkctl import CSPARKCTL, OK, USAGE, run


def script(shell):
    done = run("completion", shell)
    assert (done.returncode, done.stderr) == (OK, b"")
    return done.stdout.decode()


@pytest.fixture(scope="module")
def bash(tmp_path_factory):
    path = tmp_path_factory.mktemp("bash") / "csparkctl"
    path.write_text(script("bash"))

    def complete(line, cwd=None, breaks=None):
        """What bash is offered at the end of the line."""
        program = "\n".join([
            f"source {path}", f"COMP_WORDBREAKS={breaks}" if breaks else "", "COMP_LINE=$1 COMP_POINT=${#1}",
            "_csparkctl", 'printf "%s\\n" "${COMPREPLY[@]}"'])
        done = subprocess.run(["bash", "--norc", "-c", program, "bash", line], cwd=cwd, capture_output=True, text=True,
                              timeout=60, check=True)
        assert done.stderr == ""
        return set(done.stdout.split())

    return complete


# zsh's own functions work only in its line editor; what they are told is what matters.
ZSH = """
compset() { :; }
compadd() { local word; for word in "${@[@]}"; do [[ $word == (-S|--|"") ]] || print -r -- "$word"; done; }
_files() { print -r -- @files; }
source $1
words=("${(@s: :)2}")
CURRENT=${#words}
_csparkctl
"""


@pytest.fixture(scope="module")
def zsh(tmp_path_factory):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    path = tmp_path_factory.mktemp("zsh") / "_csparkctl"
    path.write_text(script("zsh"))

    def complete(line, cwd=None):
        """What zsh is given; it keeps what fits the last word."""
        done = subprocess.run(["zsh", "-f", "-c", ZSH, "zsh", path, line], cwd=cwd, capture_output=True, text=True,
                              timeout=60, check=True)
        assert done.stderr == ""
        return set(done.stdout.split())

    return complete


NOUNS = {"services", "folders", "batches", "logs", "exports", "imports", "transforms", "platform", "hybrid"}


def test_bash_completes_commands(bash):
    first = bash("csparkctl ")
    assert NOUNS | {"execute", "validate", "migrate", "export", "import", "wasm", "raw", "completion"} <= first
    assert bash("csparkctl serv") == {"services"}
    assert {"list", "versions", "create", "recompile-start"} <= bash("csparkctl services ")
    assert bash("csparkctl services vers") == {"versions"}
    assert bash("csparkctl --url http://x services vers") == {"versions"}
    assert bash("csparkctl help services vers") == {"versions"}
    assert bash("csparkctl --") == {"--url", "--cacert", "--cert", "--key", "--help", "--version"}
    assert bash("csparkctl completion ") == {"bash", "zsh"}
    assert "config" in bash("csparkctl platform ")


def test_bash_completes_parameters_and_their_values(bash):
    assert {"versioning=", "label=", "start="} <= bash("csparkctl services create f/s x.xlsx ")
    assert bash("csparkctl services create f/s x.xlsx versi") == {"versioning="}
    assert bash("csparkctl services create f/s x.xlsx versioning=") == {"major", "minor", "patch"}
    assert bash("csparkctl services create f/s x.xlsx versioning=mi") == {"minor"}
    assert bash("csparkctl services create f/s versioning=mi", breaks="' '") == {"versioning=minor"}
    assert bash("csparkctl folders list favorite=") == {"true", "false"}
    assert {"services=", "existing="} <= bash("csparkctl migrate a b ")
    assert bash("csparkctl migrate a b existing=a") == {"abort", "add_version"}
    assert bash("csparkctl export file_filter=") == {"migrate", "onpremises"}
    assert bash("csparkctl services versions f/s ") == set()


def test_bash_completes_options_and_files(bash, tmp_path):
    (tmp_path / "motor.xlsx").touch()
    assert {"--input", "--async", "--tenant"} <= bash("csparkctl services create --")
    assert "--async" not in bash("csparkctl services versions --")
    assert {"--validation", "--strict"} <= bash("csparkctl validate --")
    assert bash("csparkctl services list --shape ") == {"simple", "original"}
    assert bash("csparkctl execute f/s --shape ") == {"simple", "alike", "original"}
    assert bash("csparkctl transform f/s api=") == {"v3", "v4"}
    assert bash("csparkctl execute f/s --format ") == {"json", "ndjson", "csv", "text"}
    assert {"--resume", "--in", "--outputs"} <= bash("csparkctl bulk f/s --")
    assert bash("csparkctl bulk f/s --out ") == {"csv", "ndjson", "json"}
    assert bash("csparkctl bulk f/s --compiler n") == {"neuron"}
    assert bash("csparkctl bulk f/s -o ", cwd=tmp_path) == {"motor.xlsx"}
    assert bash("csparkctl services create f/s mo", cwd=tmp_path) == {"motor.xlsx"}
    assert bash("csparkctl batches push ID -i ", cwd=tmp_path) == {"motor.xlsx"}
    assert bash("csparkctl folders list ", cwd=tmp_path).isdisjoint({"motor.xlsx"})


def test_zsh_completes_the_same(zsh):
    assert NOUNS | {"execute", "export"} <= zsh("csparkctl ")
    assert {"list", "versions"} <= zsh("csparkctl services ")
    assert {"versioning=", "label=", "@files"} <= zsh("csparkctl services create f/s ")
    assert zsh("csparkctl services create f/s versioning=") == {"major", "minor", "patch"}
    assert {"--input", "--async"} <= zsh("csparkctl services create --")
    assert zsh("csparkctl services list --shape ") == {"simple", "original"}
    assert zsh("csparkctl batches push ID -i ") == {"@files"}
    assert "versions" in zsh("csparkctl help services v")
    assert zsh("csparkctl completion ") == {"bash", "zsh"}


def test_other_shells_are_refused():
    done = run("completion", "fish")
    assert (done.returncode, done.stdout) == (USAGE, b"")
    assert b"bash or zsh" in done.stderr


def test_the_build_has_made_both():
    for shell, name in (("bash", "csparkctl"), ("zsh", "_csparkctl")):
        assert (CSPARKCTL.parent / "tools" / shell / name).read_text() == script(shell)
