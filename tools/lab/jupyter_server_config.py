"""What `make lab` tells JupyterLab: a notebook that is opened stays as it is committed.

JupyterLab notes in each notebook that it opens which Python runs it, to the last digit, marks it as
changed and, two minutes later, saves it. No committed notebook can be right for everybody's Python.
So each is given to JupyterLab with what it would note, and saved without.
"""

from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

COMMITTED = {"name": "python"}  # as tools/stamp.py writes it


class AsCommitted(AsyncLargeFileManager):
    """The files of a folder; notebooks name their language, and on disk no version of it."""

    async def get(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        model = await super().get(path, *args, **kwargs)
        return _noted(model, COMMITTED, IPythonKernel.language_info)

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        return await super().save(_noted(model, IPythonKernel.language_info, COMMITTED), path)


def _noted(model: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A model whose notebook, if it holds one, notes a new language in place of the old one."""
    if model.get("type") == "notebook" and model.get("content"):
        metadata = model["content"]["metadata"]
        if metadata.get("language_info") == old:
            metadata["language_info"] = dict(new)
    return model


get_config().ServerApp.contents_manager_class = AsCommitted  # noqa: F821 - Jupyter defines it
