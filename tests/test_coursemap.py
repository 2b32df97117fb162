"""The map of the course has room for every module's number, name and title."""

from itertools import combinations

from masters import ROOT

from course import coursemap


def test_no_words_on_the_map_lie_over_others_or_leave_their_box():
    figure = coursemap.draw(coursemap.modules(ROOT))
    (ax,) = figure.axes
    figure.canvas.draw()
    words = {text.get_text(): text.get_window_extent() for text in ax.texts if text.get_text()}
    overlaps = [pair for pair in combinations(words, 2) if words[pair[0]].overlaps(words[pair[1]])]
    assert overlaps == []
    boxes = [patch.get_window_extent() for patch in ax.patches]
    for module in coursemap.modules(ROOT):
        name = words[module.name.split("_", 1)[1]]
        whole = module.title.replace("`", "")
        (title,) = [place for text, place in words.items() if whole.startswith(text)]
        assert any(
            box.x0 <= name.x0 and max(name.x1, title.x1) <= box.x1 and box.y0 <= title.y0 <= box.y1
            for box in boxes
        ), module.name
