# @title Run this cell first: it unpacks what this notebook needs
def _unpack(
    data: str, requirement: str, beside: "list[str]", needs: "list[str]", checksum: str
) -> None:
    import atexit
    import base64
    import hashlib
    import importlib.util
    import io
    import linecache
    import lzma
    import os
    import shutil
    import sys
    import tempfile
    import zipfile

    class Problem(Exception):
        def _render_traceback_(self) -> "list[str]":
            return [str(self)]

    silence = sys.modules.get("autograder.student.silence")
    if silence is not None and silence.silent():
        return  # a submission is graded: everything is there
    if sys.version_info < (3, 11):
        raise Problem("This notebook needs Python 3.11 or newer: choose another kernel.")
    if requirement and importlib.util.find_spec("autograder") is None:
        from IPython import get_ipython

        get_ipython().run_line_magic("pip", f'install -q "{requirement}"')
        importlib.invalidate_caches()
        if importlib.util.find_spec("autograder") is None:
            raise Problem(
                f"The grader is not installed: see above why pip could not install {requirement}, "
                "and run this cell again."
            )
    missing = " ".join(name for name in needs if importlib.util.find_spec(name) is None)
    if missing:
        raise Problem(
            f"Packages are missing: run `%pip install {missing}` in a new cell, then run this cell "
            "again."
        )
    # The last line of this cell is a comment, so that the cell can say when it was cut.
    cell = "".join(linecache.getlines(_unpack.__code__.co_filename))
    # An editor may have wrapped it into several comments.
    lines = cell.rpartition("# packed: ")[2].splitlines()
    try:
        packed = base64.b85decode("".join(line.strip().removeprefix("# ") for line in lines))
    except ValueError:
        packed = b""
    if hashlib.sha256(packed).hexdigest() != checksum:
        raise Problem(
            "The end of this cell is missing: download the notebook again, and upload the file "
            "itself."
        )
    try:
        folder = tempfile.mkdtemp(prefix="autograder-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(lzma.decompress(packed))) as file:
            file.extractall(folder)
        for name in beside:
            if not os.path.exists(name):
                os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
                shutil.copy(os.path.join(folder, data, name), name)
    except OSError as error:
        raise Problem(
            f"This notebook cannot unpack its files ({error.strerror or error}): make room on the "
            "disk, or set the variable TMPDIR to a folder that can be written, and restart the "
            "kernel."
        ) from None
    os.environ["AUTOGRADER_DATA"] = os.path.join(folder, data)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    importlib.import_module("autograder")  # it says if JAX is too old
