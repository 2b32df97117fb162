"""The course's address as a QR code, for whoever wants to follow on a phone."""

import io

import segno
from autograder.authoring import address
from autograder.authoring.course import find
from IPython.display import Markdown, display


def show():
    """Show the address of this repository and its QR code; nothing where no address is known."""
    if not (web := address.find(find().root)):
        return
    display(Markdown(f"[{web.removeprefix('https://')}]({web})"))
    file = io.BytesIO()
    segno.make(web, error="m").save(
        file, "svg", scale=6, border=2, light="white", xmldecl=False
    )
    words = {"alt": f"QR code of the address of this course, {web}"}
    code = {"image/svg+xml": file.getvalue().decode()}
    display(code, raw=True, metadata={"image/svg+xml": words})
