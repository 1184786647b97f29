"""What a visitor of the repository meets: issue forms, workflows and hooks are whole, and none asks for a scan."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from braintut.teaching.notebooks import lesson_paths, read_lesson

ROOT = Path(__file__).resolve().parents[1]
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps():
    return [step for path in WORKFLOWS for job in read(path)["jobs"].values() for step in job["steps"]]


def test_the_three_forms_and_the_workflow_are_there():
    assert [read(path)["name"] for path in FORMS] == ["A file it can't read", "A lesson lost me", "A wrong number"]
    assert WORKFLOWS


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_are_such_as_github_shows(path):
    form = read(path)
    assert {"name", "description", "body"} <= set(form)
    questions = [item for item in form["body"] if item["type"] != "markdown"]
    assert all(re.fullmatch(r"[\w-]+", item["id"]) and item["attributes"]["label"] for item in questions)
    assert len({item["id"] for item in questions}) == len(questions)
    assert {item["type"] for item in questions} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert any(item.get("validations", {}).get("required") for item in questions)


@pytest.mark.parametrize("name", ["file", "number"])
def test_no_form_that_could_bring_a_scan_is_without_a_warning(name):
    (first, *_) = read(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")["body"]
    assert re.search(r"(Never attach the scan of a patient|attach \*\*no patient's scan)", first["attributes"]["value"])


def test_the_form_lists_the_lessons():
    (lessons, *_) = read(ROOT / ".github" / "ISSUE_TEMPLATE" / "lost.yml")["body"]
    paths = lesson_paths(ROOT / "lessons")
    titles = [f"{path.name[:2]} {read_lesson(path).cells[0].source.removeprefix('# ')}" for path in paths]
    assert lessons["attributes"]["options"] == titles


def test_workflows_call_targets_of_the_makefile():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    called = [name for step in steps() for name in re.findall(r"make ([\w-]+)", step.get("run", ""))]
    assert {"test", "test-colab", "test-browser"} <= set(called) <= set(targets)


def test_workflows_test_the_promised_pythons_and_pin_actions_by_major_version():
    promised = [
        line.rpartition(" ")[2]
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
        if re.search(r"Python :: 3\.\d+$", line)
    ]
    assert read(ROOT / ".github/workflows/tests.yml")["jobs"]["python"]["strategy"]["matrix"]["python"] == promised
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in steps() if "uses" in step)


def test_hooks_fetch_nothing_and_their_tools_are_locked():
    config, lock = read(ROOT / ".pre-commit-config.yaml"), (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert [entry["repo"] for entry in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        start, tool, *_ = hook["entry"].removeprefix("sh ").split()
        assert hook["language"] == "system" and (ROOT / start).is_file()
        assert tool == "python" or f"\n{tool}==" in lock


def test_the_pull_request_template_has_five_rules():
    text = (ROOT / ".github" / "pull_request_template.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^- \[ \] .+$", text, re.MULTILINE)) == 5
