# SPDX-License-Identifier: MIT
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class AiauditTest(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        client = self.dependencies["aiaudit"].options.client
        cmake.configure({"LINKED": "compiled" if client else "compiled-ledger"})
        cmake.build()

    def test(self):
        if can_run(self):
            place = os.path.join(self.build_folder, "empty")
            os.makedirs(place, exist_ok=True)
            self.run(f'"{os.path.join(self.cpp.build.bindir, "consumer")}" "{place}"', env="conanrun")
