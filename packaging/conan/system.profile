# For a system that has the dependencies itself, as Debian's packages: nothing is downloaded then, and the numbers are lower
# bounds that the recipe asks for.
include(default)
[settings]
compiler.cppstd=20
[platform_requires]
lmdb/0.9.24
openssl/3.0.0
boost/1.81.0
cpp-httplib/0.11.4
date/3.0.1
[conf]
tools.cmake.cmaketoolchain:user_presets=
