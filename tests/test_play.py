"""Pictures with sliders."""

import pytest

from course.pictures import play


def test_a_slider_runs_in_order_starts_where_the_picture_does_and_shows_its_name(monkeypatch):
    ipywidgets = pytest.importorskip("ipywidgets")
    shown = {}
    monkeypatch.setattr(ipywidgets, "interact", lambda _, **sliders: shown.update(sliders))
    monkeypatch.delenv(play.STILL, raising=False)
    play.play(str, {"multiple_of_all_lengths": 8}, multiple_of_all_lengths=(1, 2, 8, 16))
    slider = shown["multiple_of_all_lengths"]
    assert (slider.options, slider.value) == ((1, 2, 8, 16), 8)
    assert slider.style.description_width == "initial"
    monkeypatch.setenv(play.STILL, "1")
    assert play.play(lambda size: size, {"size": 8}, size=(1, 8)) == 8
    assert play.play(lambda size: size, size=(1, 8)) == 1
