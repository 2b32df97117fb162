"""`autograder lab`: what JupyterLab's server loads, and when."""

from types import SimpleNamespace

from masters import ROOT
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, RequestHandler

from autograder.authoring import course
from autograder.classroom import lab, on_first_use
from autograder.classroom.on_first_use import ADDRESSES, OnFirstUse


def test_the_server_starts_without_nbgrader(monkeypatch):
    started = []
    monkeypatch.setattr(lab.subprocess, "call", lambda command, **_: started.append(command))
    lab.teach(course.read(ROOT), ["--no-browser"])
    (command,) = started
    extensions = [option for option in command if "jpserver_extensions" in option]
    assert sum("nbgrader" in option and option.endswith("=False") for option in extensions) == 4
    assert f"--ServerApp.jpserver_extensions={on_first_use.__name__}=True" in extensions
    assert command[-1] == "--no-browser"


def test_the_first_request_for_a_page_of_nbgrader_loads_it_and_is_answered_by_it():
    application, loaded = Application(), []

    def load() -> None:
        loaded.append(1)
        application.add_handlers(".*$", [("/formgrader/?", RequestHandler)])

    def handler(path: str) -> str:
        connection = SimpleNamespace(context=None, set_close_callback=lambda callback: None)
        line = RequestStartLine("GET", path, "HTTP/1.1")
        request = HTTPServerRequest(
            headers=HTTPHeaders({"Host": "here"}), connection=connection, start_line=line
        )
        return application.find_handler(request).handler_class.__name__

    application.add_handlers(".*$", [on_first_use.Rule(OnFirstUse(ADDRESSES, load), None)])
    assert handler("/lab/tree/course/start.ipynb") == "ErrorHandler"
    assert not loaded
    assert [handler("/formgrader"), handler("/formgrader")] == ["RequestHandler"] * 2
    assert loaded == [1]


def test_what_was_disabled_for_an_account_stays_disabled(monkeypatch):
    enabled = dict.fromkeys(lab.EXTENSIONS, True) | {lab.EXTENSIONS[2]: False, "other": True}
    added, loaded = [], []
    server = SimpleNamespace(
        base_url="/user/ada/",
        web_app=SimpleNamespace(add_handlers=lambda host, rules: added.extend(rules)),
    )
    monkeypatch.setattr(
        "jupyter_server.extension.config.ExtensionConfigManager.get_jpserver_extensions",
        lambda manager: enabled,
    )

    def module(name: str) -> SimpleNamespace:
        return SimpleNamespace(_load_jupyter_server_extension=lambda server: loaded.append(name))

    on_first_use._load_jupyter_server_extension(server)
    (rule,) = added
    monkeypatch.setattr(on_first_use.importlib, "import_module", module)
    rule.matcher.match(SimpleNamespace(path="/user/ada/courses"))
    assert loaded == [name for name in lab.EXTENSIONS if not name.endswith("formgrader")]
