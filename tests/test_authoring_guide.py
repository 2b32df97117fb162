"""The guide for authors is true: its example is an exercise that holds what is asked of it."""

import re
import textwrap

from masters import ROOT

from autograder.authoring import course, faults, master, proof

MASTER = ROOT / "solutions" / "05_vmap" / "vmap.py"


def test_the_example_of_an_exercise_can_be_added_and_holds_what_is_asked_of_it(tmp_path):
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    (example,) = re.findall(r'```python\n( *# %% \[markdown\] exercise="outer".*?)```', page, re.S)
    text = MASTER.read_text(encoding="utf-8")
    # The page says to take the point off a neighbour.
    neighbour = "stars=1 importance=3 minutes=3 points="
    assert f"{neighbour}2" in text
    text = text.replace(f"{neighbour}2", f"{neighbour}1")
    path = tmp_path / "05_vmap" / "vmap.py"
    path.parent.mkdir()
    path.write_text(text + "\n" + textwrap.dedent(example), encoding="utf-8")
    assert faults.of_text(path, course.read(ROOT).exercises) == []
    claims = proof.claims(master.load(path), "outer")
    assert [str(claim) for claim in claims if not claim.holds] == []
    assert len(claims) == 6
    # The section about shares changes two arguments of this exercise.
    split = re.search(r"^ +(requires=.*share.*,)$", page, re.M)[1]
    earns = re.search(r"^ +(earns=.*,)$", page, re.M)[1]
    loop = 'rejected_by="batch loop",'
    head, _, tail = path.read_text(encoding="utf-8").rpartition(loop)
    head, _, middle = head.rpartition("hints=[")
    path.write_text(f"{head}{split} hints=[{middle}{loop} {earns}{tail}", encoding="utf-8")
    claims = proof.claims(master.load(path), "outer")
    assert [str(claim) for claim in claims if not claim.holds] == []
    assert [claim.seen for claim in claims][-1] == "batch loop and earn 50%"
