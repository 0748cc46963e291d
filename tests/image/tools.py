"""Programs of Go's that Debian has not: fetched and built once, by Go's own package manager."""

import os
import re
import shutil
import subprocess

from image import FOLDER
from needs import require

GO = os.environ.get("GO", "go")
TOOLS = {  # name: (module, version, program in it, the oldest Go that builds it)
    "kustomize": ("sigs.k8s.io/kustomize/kustomize/v5", "v5.0.3", "kustomize", 19),
    "compose-spec": ("github.com/compose-spec/compose-go/v2/cmd", "v2.0.2", "cmd", 21),
}


def go_minor():
    if not shutil.which(GO):
        return 0
    said = subprocess.run([GO, "version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"go1\.(\d+)", said)[1])


def tool(name):
    """Its path. Without Go, or with one that is too old, the test is skipped."""
    module, version, program, oldest = TOOLS[name]
    folder = FOLDER / "tools" / f"{name}-{version}"
    if not (folder / program).exists():
        require(None if go_minor() >= oldest else f"{name} needs Go 1.{oldest} (scripts/install-deps image)")
        made = subprocess.run([GO, "install", f"{module}@{version}"], env={**os.environ, "GOBIN": str(folder)},
                              capture_output=True, text=True, check=False)
        require(None if made.returncode == 0 else f"{name} cannot be built: {made.stderr[-400:]}")
    return folder / program
