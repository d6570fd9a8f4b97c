# SPDX-License-Identifier: MIT
"""Builds the wheel: the package and libaiaudit_c.so in it. The rest is in pyproject.toml.

The library is built by CMake from ../c, or taken from AIAUDIT_C_LIBRARY (the path of one that is built already).
"""
import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # before setuptools 70.1
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def version() -> str:
    header = ROOT / "include/aiaudit/version.hpp"
    if not header.is_file():
        raise SystemExit("aiaudit: build from the repository: pip install ./bindings/python (no include/aiaudit beside it)")
    return ".".join(re.findall(r"#define AIAUDIT_VERSION_\w+ (\d+)", header.read_text()))


def built_library(work: Path) -> Path:
    given = os.environ.get("AIAUDIT_C_LIBRARY")
    if given:
        if not Path(given).is_file():
            raise SystemExit(f"aiaudit: AIAUDIT_C_LIBRARY: no file {given}")
        return Path(given)
    if shutil.which("cmake") is None:
        raise SystemExit("aiaudit: the library is built by cmake, which is not there; scripts/setup installs it")
    configure = ["cmake", "-S", str(ROOT / "bindings/c"), "-B", str(work), "-DAIAUDIT_C_TESTS=OFF"]
    for command in (configure, ["cmake", "--build", str(work), "--target", "aiaudit_c"]):
        if subprocess.run(command).returncode != 0:
            raise SystemExit("aiaudit: '" + " ".join(command) + "' failed; its words are above")
    return (work / "libaiaudit_c.so.1").resolve()


class build_with_library(build_py):
    def run(self):
        super().run()
        place = HERE if self.editable_mode else Path(self.build_lib)
        shutil.copyfile(built_library(HERE / "build/c"), place / "aiaudit/libaiaudit_c.so")

    editable_mode = False


class wheel_of_any_python(bdist_wheel):
    """The library is of this platform, but of no version of Python."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class binary_distribution(Distribution):
    def has_ext_modules(self):
        return True


setup(version=version(), distclass=binary_distribution,
      cmdclass={"build_py": build_with_library, "bdist_wheel": wheel_of_any_python})
