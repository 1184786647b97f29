"""pyproject.toml is the list; environment.yml, requirements.lock and the wheel must agree with it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from colab.environments import ENDS, brought

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines] for extra, lines in PROJECT["project"]["optional-dependencies"].items()
}
SITE = EXTRAS["site"]  # has a lock of its own, beside the main one, and no place in environment.yml
EVERYTHING = CORE + [requirement for extra in EXTRAS.values() if extra is not SITE for requirement in extra]
PLACEHOLDER = "OWNER" + "/braintut"  # written in two halves so that this file does not count


def bounds(requirements):
    """Map each canonical name to its bound as text."""
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in requirements}


def conda_requirements():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    names = {"playwright-python": "playwright"}  # conda-forge's name for the same package
    listed = [entry for entry in listed if isinstance(entry, str)]
    return [Requirement(re.sub(r"^[\w-]+", lambda name: names.get(name[0], name[0]), entry)) for entry in listed]


def locked_requirements(lock="requirements.lock"):
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def tracked_files():
    """Paths that git tracks or would track; all files where this is no git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("not a git checkout, so it cannot be told which files belong to the project")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("requirement", EVERYTHING + SITE + conda_requirements(), ids=str)
def test_lower_bounds_only(requirement):
    operators = [specifier.operator for specifier in requirement.specifier]
    is_unversioned_pip = requirement.name == "pip" and not operators
    assert operators == [">="] or is_unversioned_pip, f"{requirement}: one lower bound, no upper pin"
    assert requirement.marker is None and requirement.url is None


def test_extras_are_the_promised_ones():
    assert set(EXTRAS) == {"browser", "dev", "dicom", "lab", "nifti", "phantom", "site", "test", "widget"}


def test_a_name_has_one_bound_in_all_extras():
    for requirement in EVERYTHING:
        assert str(requirement.specifier) == bounds(EVERYTHING)[canonicalize_name(requirement.name)]


def colab(end):
    """Map each name that Colab brings at one end to its version, and 'python' to Python's."""
    version, lines = brought(end)
    pins = [Requirement(line) for line in lines]
    assert all([specifier.operator for specifier in pin.specifier] == ["=="] for pin in pins), "exact versions only"
    return {name: bound.removeprefix("==") for name, bound in bounds(pins).items()} | {"python": version}


@pytest.mark.parametrize("end", ENDS)
def test_no_bound_above_what_colab_brings(end):
    """Else the setup cell would make Colab upgrade it."""
    given = bounds(EVERYTHING) | {"python": PROJECT["project"]["requires-python"]}
    for name, version in colab(end).items():
        assert Version(given.get(name, ">=0").removeprefix(">=")) <= Version(version), name


@pytest.mark.parametrize("end", ENDS)
def test_colab_lacks_skops_and_nothing_else_that_a_lesson_needs(end):
    assert {canonicalize_name(requirement.name) for requirement in CORE} - set(colab(end)) == {"skops"}


def test_tensorflow_is_the_one_with_gpu():
    for requirements in (EVERYTHING, conda_requirements(), locked_requirements()):
        names = bounds(requirements)
        assert "tensorflow" in names and "tensorflow-cpu" not in names


def test_environment_yml_has_all_with_the_same_bounds():
    conda = bounds(conda_requirements())
    assert conda.pop("pip") == ""
    assert conda.pop("python") == PROJECT["project"]["requires-python"]
    assert conda == bounds(EVERYTHING)


def test_environment_yml_takes_only_the_package_itself_from_pip():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"][0] == "conda-forge"
    assert [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)] == [["-e ."]]


@pytest.mark.parametrize("lock", ["requirements.lock", "docs/requirements.lock"])
def test_lock_has_exact_versions_only(lock):
    for requirement in locked_requirements(lock):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert requirement.url is None
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text and "--hash" not in text


@pytest.mark.parametrize("requirement", EVERYTHING, ids=str)
def test_lock_satisfies_the_bounds(requirement):
    locked = bounds(locked_requirements())
    version = locked[canonicalize_name(requirement.name)].removeprefix("==")
    assert requirement.specifier.contains(version)


def test_the_lock_of_the_site_adds_to_the_main_one_and_changes_nothing_in_it():
    added, main = bounds(locked_requirements("docs/requirements.lock")), bounds(locked_requirements())
    assert set(added) & set(main) == set()
    for requirement in SITE:
        version = added[canonicalize_name(requirement.name)].removeprefix("==")
        assert requirement.specifier.contains(version)


def imported_modules(path):
    """Top names of all that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", sorted((ROOT / "braintut").rglob("*.py")), ids=lambda path: path.stem)
def test_the_package_imports_nothing_that_is_not_a_dependency(path):
    distributions = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}
    optional = [
        requirement for extra in ("dicom", "lab", "nifti", "phantom", "widget") for requirement in EXTRAS[extra]
    ]
    allowed = set(bounds(CORE)) | set(bounds(optional)) | {"braintut"}
    allowed |= {"ipython", "traitlets", "urllib3"}  # come with ipywidgets and requests
    modules = set(imported_modules(path)) - set(sys.stdlib_module_names)
    missing = {module for module in modules if canonicalize_name(distributions.get(module, module)) not in allowed}
    assert missing == set(), f"{path.relative_to(ROOT)} imports what pyproject.toml does not list"


def test_the_address_of_the_repository_stands_in_one_place():
    places = []
    for path in tracked_files():
        if path.suffix == ".ipynb":
            continue
        content = path.read_bytes()
        if path.name == "README.md":  # its badges are written by `make addresses` and held by test_addresses.py
            content = re.sub(rb"colab\.research\.google\.com/github/\S+", b"", content)
        places += [path.name] * content.count(PLACEHOLDER.encode())
    assert places == ["pyproject.toml"]


def test_every_package_folder_is_listed():
    with_init = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "braintut").rglob("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == with_init | {"braintut.phantoms"}


def test_wheel_carries_assets_and_phantoms(tmp_path):
    copy = tmp_path / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "braintut", copy / "braintut", ignore=ignore)
    shutil.copytree(ROOT / "data" / "phantoms", copy / "data" / "phantoms")
    build = "from setuptools import build_meta; build_meta.build_wheel('out')"
    done = subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    (wheel,) = (copy / "out").glob("braintut-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {path.relative_to(copy).as_posix() for path in (copy / "braintut").rglob("*") if path.is_file()}
    for folder, _, files in os.walk(copy / "data" / "phantoms"):
        below = Path(folder).relative_to(copy / "data" / "phantoms")
        expected |= {(Path("braintut/phantoms") / below / name).as_posix() for name in files}
    assert expected - inside == set()
    assert {Path(name).name for name in inside if ".dist-info/licenses" in name} == {"LICENSE", "NOTICE"}
