"""What the official SDK offers, found by looking into its packages, so that a new method cannot be overlooked.

Public is every function, and every method of every class, that cspark.sdk or cspark.wasm exports, or that
stands among their resources (some are reached through a property alone). A method is listed under the class
that defines it: "Services.execute", "AsyncServices.execute", "create_chunks"; the hybrid runner's begin with
"wasm.".
"""

import importlib
import inspect
import pkgutil

import cspark.sdk
import cspark.wasm
import httpx

PACKAGES = {cspark.sdk: "", cspark.wasm: "wasm."}


def modules(package):
    """The package and its resources, which are imported on the way."""
    yield package
    resources = importlib.import_module(package.__name__ + ".resources")
    yield resources
    for info in pkgutil.walk_packages(resources.__path__, resources.__name__ + "."):
        yield importlib.import_module(info.name)


def public(scope):
    return [(name, value) for name, value in vars(scope).items() if not name.startswith("_")]


def things(package):
    """Classes and functions of the package's own."""
    for module in modules(package):
        for name, value in public(module):
            kind = inspect.isclass(value) or inspect.isfunction(value)
            if kind and value.__name__ == name and value.__module__.startswith(package.__name__ + "."):
                if module is package or value.__module__ == module.__name__:
                    yield name, value


def bare(value):
    """The function of a method; None for anything else."""
    value = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    return value if inspect.isfunction(value) else None


def called(name):
    """The function that the table of operations calls "batches.of.push" or "hybrid.status.get"; None: nothing is
    called so."""
    base_url = cspark.sdk.BaseUrl(url="http://host", tenant="tenant")
    package = cspark.wasm if name.startswith("hybrid.") else cspark.sdk
    value = package if name[0].isupper() else package.Client(base_url=base_url, token="open", http_client=httpx.Client())
    for part in name.removeprefix("hybrid.").split("."):
        value = getattr(value, part, None)
        value = value("some-id") if part == "of" else value
    return getattr(value, "__func__", value)


def methods():
    """{name: function}"""
    found = {}
    for package, prefix in PACKAGES.items():
        for name, value in things(package):
            if inspect.isfunction(value):
                found[prefix + name] = value
                continue
            for method, function in public(value):
                if bare(function):
                    found[f"{prefix}{name}.{method}"] = bare(function)
    return found
