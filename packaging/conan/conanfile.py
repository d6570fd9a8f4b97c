# SPDX-License-Identifier: MIT
"""A recipe for Conan 2, of the source tree that it lies in:

    conan create packaging/conan --build=missing
"""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class Aiaudit(ConanFile):
    name = "aiaudit"
    license = "MIT"
    description = "Exact cost, durable log and reports of AI API calls"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "client": [True, False], "gateway": [True, False]}
    default_options = {"shared": False, "fPIC": True, "client": True, "gateway": False,
                       "cpp-httplib/*:with_openssl": True, "cpp-httplib/*:with_zlib": True,
                       "date/*:use_system_tz_db": True}
    implements = ["auto_shared_fpic"]

    @property
    def root(self) -> str:
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        numbers = re.findall(r"#define AIAUDIT_VERSION_\w+ (\d+)", load(self, os.path.join(self.root, "include/aiaudit/version.hpp")))
        self.version = ".".join(numbers)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, self.root, self.export_sources_folder)

    def requirements(self):
        public = {"transitive_headers": True, "transitive_libs": True}
        self.requires("lmdb/[>=0.9.24 <2]", **public)
        self.requires("openssl/[>=3.0 <4]", **public)
        if self.options.client or self.options.gateway:
            self.requires("boost/[>=1.81]", **public)
            self.requires("cpp-httplib/[>=0.11]", **public)
            self.requires("date/[>=3.0.1]", **public)

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux" or self.settings.arch not in ("x86_64", "armv8"):
            raise ConanInvalidConfiguration("aiaudit is for Linux on x86_64 and arm64")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        parts = ["ledger"]
        if self.options.client or self.options.gateway:
            parts.append("client")
        if self.options.gateway:
            parts.append("gateway")
        toolchain.cache_variables["AIAUDIT_PARTS"] = ";".join(parts)
        toolchain.cache_variables["AIAUDIT_BUILD_TOOLS"] = False
        toolchain.cache_variables["AIAUDIT_COMPILED"] = True
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        # The package's own CMake files and pkg-config files are the ones to use.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "aiaudit")]
