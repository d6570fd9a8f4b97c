// SPDX-License-Identifier: MIT
//
// plugin_host.cpp: a program that has a ledger open, and loads a plugin that opens the same one.
// usage: plugin_host PLUGIN DIRECTORY      exit status 0: each was told, and no lock was lost
#include <aiaudit/ledger.hpp>

#include <iostream>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int failures = 0;

void require(bool holds, char const* what) {
    if (holds) return;
    ++failures;
    std::cerr << "plugin_host: not so: " << what << '\n';
}

// Whether another process sees a POSIX lock of ours on that file.
bool is_locked(std::string const& file) {
    pid_t const child = ::fork();
    if (child == 0) {
        int const descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        struct flock any {};
        any.l_type = F_WRLCK;
        any.l_whence = SEEK_SET;
        bool const asked = ::fcntl(descriptor, F_GETLK, &any) == 0;
        ::_exit(asked && any.l_type != F_UNLCK ? 0 : 1);
    }
    int status = 1;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    std::string const path = words[2];
    void* const plugin = ::dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) return 3;
    auto const open = reinterpret_cast<int (*)(char const*)>(::dlsym(plugin, "plugin_open"));
    auto const close = reinterpret_cast<void (*)()>(::dlsym(plugin, "plugin_close"));
    constexpr int already_open = static_cast<int>(aiaudit::errc::already_open);
    std::string const lock_file = path + "/segments/00000001/lock.mdb";
    {
        auto const ours = aiaudit::ledger::open({.path = path});
        require(ours.has_value(), "the program opens");
        require(is_locked(lock_file), "LMDB's lock is held");
        require(open(path.c_str()) == already_open, "the plugin is refused");
        close();
        require(is_locked(lock_file), "LMDB's lock is still held");
    }
    require(open(path.c_str()) == 0, "the plugin opens once the program has closed");
    auto const refused = aiaudit::ledger::open({.path = path});
    require(!refused && refused.error().code == aiaudit::errc::already_open,
            "the program is refused");
    require(is_locked(lock_file), "the plugin's lock is still held");
    close();
    require(aiaudit::ledger::open({.path = path}).has_value(), "the program opens again");
    return failures == 0 ? 0 : 1;
}
