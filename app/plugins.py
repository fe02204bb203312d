"""The file is the plug-in: finds the modules of a package; a module's file name is its name."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from app.errors import AppError, Kind

_NOT_A_PLUGIN = "contract"


@cache
def plugin_names(package: str) -> tuple[str, ...]:
    """Names of the plug-ins in `package` (e.g. `app.connectors`), sorted; `contract` is not one."""
    module = importlib.import_module(package)
    return tuple(sorted(found.name for found in pkgutil.iter_modules(module.__path__) if found.name != _NOT_A_PLUGIN))


def load_plugin(package: str, name: str) -> ModuleType:
    """The plug-in's module.

    Raises:
        AppError: There is no such plug-in; the message lists those there are.
    """
    if name not in plugin_names(package):
        kind = package.rpartition(".")[2].removesuffix("s")
        message = f"There is no {kind} of that name. Known: {', '.join(plugin_names(package))}."
        raise AppError(Kind.INVALID, f"unknown_{kind}", message)
    return importlib.import_module(f"{package}.{name}")
